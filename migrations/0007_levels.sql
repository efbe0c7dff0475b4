-- +goose Up
-- Levels and procedures: policies that can be exchanged while the house runs,
-- procedures with what they need, second factors with what they are bound to,
-- and what an agency may be told about a requirement that was not met.

-- The policy is data (DESIGN §3). Every process reads the newest row whose time
-- has come and preloads the next one; the source text is kept as it was given,
-- so that an operator can be shown what he wrote.
CREATE TABLE policy (
    version integer NOT NULL,
    profile text NOT NULL,
    source text NOT NULL,
    effective_at timestamptz NOT NULL,
    activated_at timestamptz NOT NULL,
    activated_by text NOT NULL,
    CONSTRAINT policy_pkey PRIMARY KEY (version),
    CONSTRAINT policy_version_check CHECK (version > 0)
);

-- One row is one published version of a procedure: a new requirement can be
-- published ahead of time, and the one before stays readable.
CREATE TABLE procedure (
    agency text NOT NULL,
    code text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    definition jsonb NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT procedure_pkey PRIMARY KEY (agency, code, valid_from),
    CONSTRAINT procedure_span_check CHECK (valid_until IS NULL OR valid_until > valid_from)
);

-- How long the document that was shown holds, and what else verified_claims
-- tell about a proofing, under the person's own key.
ALTER TABLE proofing
    ADD COLUMN document_until timestamptz,
    ADD COLUMN sealed_evidence bytea;

-- A contact that was confirmed at proofing and stands unchanged binds new
-- authenticators; one that a session added counts no further than that session.
ALTER TABLE contact
    ADD COLUMN anchored_at timestamptz,
    ADD COLUMN bound_level text NOT NULL DEFAULT '';

ALTER TABLE credential
    DROP CONSTRAINT credential_method_check,
    ADD CONSTRAINT credential_method_check CHECK (method IN ('password', 'otp', 'passkey')),
    -- What finds a passkey by the id that it shows: a fingerprint of that id.
    ADD COLUMN lookup bytea,
    -- The secret of an authenticator app, or the record of a passkey, under the person's key.
    ADD COLUMN sealed bytea,
    -- What the person calls it.
    ADD COLUMN sealed_name bytea,
    -- The last time step of which an authenticator app's code was taken (RFC 6238, section 5.2).
    ADD COLUMN last_step bigint NOT NULL DEFAULT 0,
    -- What uses of it prove, where that differs from one to the other.
    ADD COLUMN amr text[] NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX credential_lookup_idx ON credential (lookup) WHERE lookup IS NOT NULL;
CREATE UNIQUE INDEX credential_one_otp_idx ON credential (account_id) WHERE method = 'otp';
CREATE INDEX credential_account_idx ON credential (account_id);

-- Codes on paper for the day when the app is gone. Short, so hashed with the
-- ring's key and the row's id.
CREATE TABLE recovery_code (
    code_id uuid NOT NULL,
    account_id uuid NOT NULL,
    mac bytea NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT recovery_code_pkey PRIMARY KEY (code_id),
    CONSTRAINT recovery_code_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE
);
CREATE INDEX recovery_code_account_idx ON recovery_code (account_id);

-- A code that was sent to a contact of an account: to log in by it, or to bind
-- a new authenticator to it. Tries are taken in the row before comparing.
CREATE TABLE contact_code (
    code_id uuid NOT NULL,
    account_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    purpose text NOT NULL,
    browser_hash bytea NOT NULL,
    mac bytea NOT NULL,
    tries integer NOT NULL,
    sends integer NOT NULL,
    sent_at timestamptz NOT NULL,
    code_expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT contact_code_pkey PRIMARY KEY (code_id),
    CONSTRAINT contact_code_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT contact_code_contact_fkey FOREIGN KEY (contact_id) REFERENCES contact ON DELETE CASCADE,
    CONSTRAINT contact_code_purpose_check CHECK (purpose IN ('login', 'bind'))
);
CREATE INDEX contact_code_account_idx ON contact_code (account_id, created_at);
CREATE INDEX contact_code_expires_idx ON contact_code (expires_at);

-- What an agency may fetch once about a requirement that was not met (RULES R10).
CREATE TABLE outcome (
    reference_hash bytea NOT NULL,
    client_id text NOT NULL,
    account_id uuid,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    fetched_at timestamptz,
    CONSTRAINT outcome_pkey PRIMARY KEY (reference_hash),
    CONSTRAINT outcome_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE
);
CREATE INDEX outcome_expires_idx ON outcome (expires_at);

ALTER TABLE interaction
    DROP CONSTRAINT interaction_outcome_check,
    ADD CONSTRAINT interaction_outcome_check CHECK (outcome IN ('issued', 'denied', 'failed', 'unmet')),
    -- The person was offered a higher level that was only wished for, and went on without.
    ADD COLUMN step_up_declined_at timestamptz;

-- What the grant was given for: every refresh asks for the same again.
ALTER TABLE oauth_grant
    ADD COLUMN agency text NOT NULL DEFAULT '',
    ADD COLUMN procedures text[] NOT NULL DEFAULT '{}';

GRANT SELECT, INSERT, UPDATE, DELETE ON policy, procedure, recovery_code, contact_code, outcome TO surety_app;
REVOKE UPDATE, DELETE ON policy FROM surety_app;
