-- +goose Up
-- The foundation: accounts with sealed personal data, contacts, credentials,
-- sessions, relying parties, grants and their tokens, consents, signing keys
-- and operators. Level inputs (stage, method, times) are in clear so that a
-- decision needs no decryption; everything that names a person is sealed.

-- The account. data_key is the person's own key, wrapped by the key ring:
-- destroying it erases every sealed field at once.
CREATE TABLE account (
    account_id uuid NOT NULL,
    state text NOT NULL,
    stage text NOT NULL,
    data_key bytea,
    language text NOT NULL,
    -- Grants made before this moment count for nothing ("log out everywhere").
    tokens_valid_from timestamptz NOT NULL,
    terms_version text NOT NULL,
    terms_accepted_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (account_id),
    CONSTRAINT account_state_check CHECK (state IN ('active', 'frozen', 'closed')),
    CONSTRAINT account_stage_check CHECK (stage IN ('simplified', 'standard', 'confirmed'))
);

-- One row per version of the terms that a person accepted; rows never change.
CREATE TABLE terms_acceptance (
    account_id uuid NOT NULL,
    version text NOT NULL,
    accepted_at timestamptz NOT NULL,
    CONSTRAINT terms_acceptance_pkey PRIMARY KEY (account_id, version),
    CONSTRAINT terms_acceptance_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE
);

-- Personal values by claim name, each sealed under the person's data key.
CREATE TABLE person_attribute (
    account_id uuid NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    source text NOT NULL,
    verified_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT person_attribute_pkey PRIMARY KEY (account_id, name),
    CONSTRAINT person_attribute_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT person_attribute_source_check CHECK (source IN ('self', 'registry', 'counter', 'certificate', 'federated', 'imported'))
);

-- Proofings: level inputs in clear; evidence comes with verification.
CREATE TABLE proofing (
    proofing_id uuid NOT NULL,
    account_id uuid NOT NULL,
    method text NOT NULL,
    method_version integer NOT NULL,
    stage text NOT NULL,
    cap text NOT NULL DEFAULT '',
    document_expired boolean NOT NULL DEFAULT false,
    not_before timestamptz,
    expires_at timestamptz,
    proofed_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT proofing_pkey PRIMARY KEY (proofing_id),
    CONSTRAINT proofing_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT proofing_stage_check CHECK (stage IN ('simplified', 'standard', 'confirmed')),
    CONSTRAINT proofing_method_check CHECK (method IN
        ('registry', 'letter', 'counter', 'eds', 'idcard', 'federated', 'appointment', 'imported'))
);
CREATE INDEX proofing_account_idx ON proofing (account_id);

-- An e-mail address or telephone number of an account. The fingerprint finds
-- it; the value itself is sealed. It may be a contact of several accounts, but
-- the login name of one (RULES R6).
CREATE TABLE contact (
    contact_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    fingerprint bytea NOT NULL,
    sealed bytea NOT NULL,
    is_main boolean NOT NULL,
    confirmed_at timestamptz NOT NULL,
    -- A new contact resets nothing before this moment (RULES R7).
    resets_from timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT contact_pkey PRIMARY KEY (contact_id),
    CONSTRAINT contact_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT contact_kind_check CHECK (kind IN ('email', 'phone')),
    CONSTRAINT contact_account_fingerprint_key UNIQUE (account_id, fingerprint)
);
CREATE INDEX contact_fingerprint_idx ON contact (fingerprint);

-- What a person types to log in: a contact's value, or a generated name.
-- Unique across all accounts. contact_id is set when the name is a contact.
CREATE TABLE login_name (
    fingerprint bytea NOT NULL,
    account_id uuid NOT NULL,
    contact_id uuid,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT login_name_pkey PRIMARY KEY (fingerprint),
    CONSTRAINT login_name_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT login_name_contact_fkey FOREIGN KEY (contact_id) REFERENCES contact ON DELETE CASCADE
);
CREATE INDEX login_name_account_idx ON login_name (account_id);

-- Something to log in with. For a password, verifier is a PHC string.
CREATE TABLE credential (
    credential_id uuid NOT NULL,
    account_id uuid NOT NULL,
    method text NOT NULL,
    verifier text NOT NULL,
    bound_level text NOT NULL DEFAULT '',
    -- Contacts through which it was set or recovered; they count as a shared
    -- factor until depends_until (DESIGN §3).
    depends_on uuid[] NOT NULL DEFAULT '{}',
    depends_until timestamptz,
    last_used_at timestamptz,
    changed_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT credential_pkey PRIMARY KEY (credential_id),
    CONSTRAINT credential_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT credential_method_check CHECK (method IN ('password'))
);
CREATE UNIQUE INDEX credential_one_password_idx ON credential (account_id) WHERE method = 'password';

-- Password failures and the like, by fingerprint of what is limited.
CREATE TABLE throttle (
    key bytea NOT NULL,
    tries integer NOT NULL,
    window_started_at timestamptz NOT NULL,
    blocked_until timestamptz,
    expires_at timestamptz NOT NULL,
    CONSTRAINT throttle_pkey PRIMARY KEY (key)
);
CREATE INDEX throttle_expires_idx ON throttle (expires_at);

-- A browser that a person has logged in with before: strangers who try that
-- person's password from elsewhere cannot lock this browser out.
CREATE TABLE known_device (
    device_hash bytea NOT NULL,
    account_id uuid NOT NULL,
    last_used_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT known_device_pkey PRIMARY KEY (account_id, device_hash),
    CONSTRAINT known_device_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE
);

-- A browser session. uses holds the acts of logging in (assurance.Use).
CREATE TABLE session (
    session_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    account_id uuid NOT NULL,
    shared boolean NOT NULL,
    uses jsonb NOT NULL,
    sealed_device bytea,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    idle_expires_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_reason text,
    CONSTRAINT session_pkey PRIMARY KEY (session_id),
    CONSTRAINT session_secret_hash_key UNIQUE (secret_hash),
    CONSTRAINT session_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT session_ended_reason_check CHECK (ended_reason IN
        ('logout', 'logout_everywhere', 'password_changed', 'replaced', 'frozen', 'closed', 'operator')),
    CONSTRAINT session_ended_check CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
);
CREATE INDEX session_account_idx ON session (account_id);
CREATE INDEX session_expires_idx ON session (expires_at);

-- A pending authorization request. sealed holds the request as it came and as
-- it was understood (login_hint is personal). Bound to one browser.
CREATE TABLE interaction (
    interaction_id uuid NOT NULL,
    browser_hash bytea NOT NULL,
    client_id text NOT NULL,
    sealed bytea NOT NULL,
    -- Facts that later steps of this interaction rest on.
    account_id uuid,
    account_chosen_at timestamptz,
    consent_id uuid,
    consented_at timestamptz,
    completed_at timestamptz,
    outcome text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT interaction_pkey PRIMARY KEY (interaction_id),
    CONSTRAINT interaction_outcome_check CHECK (outcome IN ('issued', 'denied', 'failed')),
    CONSTRAINT interaction_completed_check CHECK ((completed_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX interaction_expires_idx ON interaction (expires_at);

-- An attempt to prove that a contact is reachable: registration and recovery.
-- code_mac is a keyed hash that includes proof_id (the code is short);
-- link_hash is a plain hash of a 256-bit token. tries are taken before
-- comparing. The person goes on only in the browser that began.
CREATE TABLE contact_proof (
    proof_id uuid NOT NULL,
    purpose text NOT NULL,
    browser_hash bytea NOT NULL,
    account_id uuid,
    contact_id uuid,
    kind text NOT NULL,
    fingerprint bytea NOT NULL,
    sealed bytea NOT NULL,
    language text NOT NULL,
    terms_version text NOT NULL DEFAULT '',
    interaction_id uuid,
    code_mac bytea,
    link_hash bytea,
    tries integer NOT NULL,
    sends integer NOT NULL,
    sent_at timestamptz NOT NULL,
    code_expires_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    -- The person wants one more account with a contact that accounts have (RULES R6).
    another_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT contact_proof_pkey PRIMARY KEY (proof_id),
    CONSTRAINT contact_proof_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT contact_proof_purpose_check CHECK (purpose IN ('register', 'recover')),
    CONSTRAINT contact_proof_kind_check CHECK (kind IN ('email', 'phone'))
);
CREATE UNIQUE INDEX contact_proof_link_idx ON contact_proof (link_hash) WHERE link_hash IS NOT NULL;
CREATE INDEX contact_proof_fingerprint_idx ON contact_proof (fingerprint, created_at);
CREATE INDEX contact_proof_expires_idx ON contact_proof (expires_at);

-- A relying party: its metadata in the names of RFC 7591, its secrets hashed.
CREATE TABLE client (
    client_id text NOT NULL,
    metadata jsonb NOT NULL,
    secret_hash text NOT NULL DEFAULT '',
    previous_secret_hash text NOT NULL DEFAULT '',
    previous_secret_until timestamptz,
    development boolean NOT NULL DEFAULT false,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT client_pkey PRIMARY KEY (client_id)
);

-- What a person agreed that a client receives. Records never change but for
-- their end; a new one supersedes the old. sealed_values are the values shown.
CREATE TABLE consent (
    consent_id uuid NOT NULL,
    account_id uuid NOT NULL,
    client_id text NOT NULL,
    scopes text[] NOT NULL,
    claims text[] NOT NULL,
    -- Asked for and not given: not sent, and not asked for again (RULES R10).
    left_out text[] NOT NULL DEFAULT '{}',
    purpose text NOT NULL DEFAULT '',
    sealed_values bytea,
    granted_at timestamptz NOT NULL,
    expires_at timestamptz,
    withdrawn_at timestamptz,
    superseded_by uuid,
    CONSTRAINT consent_pkey PRIMARY KEY (consent_id),
    CONSTRAINT consent_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
    CONSTRAINT consent_client_fkey FOREIGN KEY (client_id) REFERENCES client
);
CREATE UNIQUE INDEX consent_current_idx ON consent (account_id, client_id)
    WHERE withdrawn_at IS NULL AND superseded_by IS NULL;

-- An authorization given to a client (fosite's request). It is valid iff not
-- revoked, its session is open (or it is offline), its consent stands and it
-- was made after account.tokens_valid_from: derived in every read.
CREATE TABLE oauth_grant (
    grant_id uuid NOT NULL,
    client_id text NOT NULL,
    account_id uuid NOT NULL,
    session_id uuid NOT NULL,
    consent_id uuid,
    subject text NOT NULL,
    sid text NOT NULL,
    scopes text[] NOT NULL,
    audience text[] NOT NULL,
    offline boolean NOT NULL,
    level text NOT NULL,
    acr text NOT NULL,
    amr text[] NOT NULL,
    method text NOT NULL,
    auth_time timestamptz NOT NULL,
    requested_acr text[] NOT NULL DEFAULT '{}',
    max_age integer,
    policy_version integer NOT NULL,
    uses jsonb NOT NULL,
    claims jsonb,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT oauth_grant_pkey PRIMARY KEY (grant_id),
    CONSTRAINT oauth_grant_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE
);
CREATE INDEX oauth_grant_session_idx ON oauth_grant (session_id);
CREATE INDEX oauth_grant_account_idx ON oauth_grant (account_id);
CREATE INDEX oauth_grant_expires_idx ON oauth_grant (expires_at);

CREATE TABLE auth_code (
    code_hash bytea NOT NULL,
    grant_id uuid NOT NULL,
    redirect_uri text NOT NULL,
    challenge text NOT NULL DEFAULT '',
    nonce text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT auth_code_pkey PRIMARY KEY (code_hash),
    CONSTRAINT auth_code_grant_fkey FOREIGN KEY (grant_id) REFERENCES oauth_grant ON DELETE CASCADE
);
CREATE INDEX auth_code_grant_idx ON auth_code (grant_id);
CREATE INDEX auth_code_expires_idx ON auth_code (expires_at);

CREATE TABLE refresh_token (
    token_hash bytea NOT NULL,
    grant_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_token_pkey PRIMARY KEY (token_hash),
    CONSTRAINT refresh_token_grant_fkey FOREIGN KEY (grant_id) REFERENCES oauth_grant ON DELETE CASCADE
);
CREATE INDEX refresh_token_grant_idx ON refresh_token (grant_id);
CREATE INDEX refresh_token_expires_idx ON refresh_token (expires_at);

-- Opaque access tokens, only for clients that want them. grant_id is NULL for
-- client credentials.
CREATE TABLE access_token (
    token_hash bytea NOT NULL,
    grant_id uuid,
    client_id text NOT NULL,
    scopes text[] NOT NULL,
    audience text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT access_token_pkey PRIMARY KEY (token_hash),
    CONSTRAINT access_token_grant_fkey FOREIGN KEY (grant_id) REFERENCES oauth_grant ON DELETE CASCADE
);
CREATE INDEX access_token_expires_idx ON access_token (expires_at);

-- JWT access tokens that were revoked one by one, until they end by themselves.
CREATE TABLE revoked_token (
    jti text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT revoked_token_pkey PRIMARY KEY (jti)
);
CREATE INDEX revoked_token_expires_idx ON revoked_token (expires_at);

-- Client assertions seen (RFC 7523, section 3, item 7), partitioned by day of
-- their end so that old ones go by dropping a partition.
CREATE TABLE client_assertion (
    client_id text NOT NULL,
    jti text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT client_assertion_pkey PRIMARY KEY (client_id, jti, expires_at)
) PARTITION BY RANGE (expires_at);

-- Keys that sign tokens; the private part is sealed by the key ring.
CREATE TABLE signing_key (
    kid text NOT NULL,
    algorithm text NOT NULL,
    sealed_private bytea NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    active_at timestamptz NOT NULL,
    retired_at timestamptz,
    gone_at timestamptz,
    CONSTRAINT signing_key_pkey PRIMARY KEY (kid),
    CONSTRAINT signing_key_algorithm_check CHECK (algorithm IN ('ES256', 'RS256', 'PS256', 'EdDSA'))
);

-- Operators log in with a passkey; the first is invited from the command line.
CREATE TABLE operator (
    operator_id uuid NOT NULL,
    sealed_name bytea NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT operator_pkey PRIMARY KEY (operator_id)
);

CREATE TABLE operator_passkey (
    passkey_id bytea NOT NULL,
    operator_id uuid NOT NULL,
    credential jsonb NOT NULL,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT operator_passkey_pkey PRIMARY KEY (passkey_id),
    CONSTRAINT operator_passkey_operator_fkey FOREIGN KEY (operator_id) REFERENCES operator
);

CREATE TABLE operator_invite (
    token_hash bytea NOT NULL,
    bootstrap boolean NOT NULL,
    invited_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT operator_invite_pkey PRIMARY KEY (token_hash),
    CONSTRAINT operator_invite_by_fkey FOREIGN KEY (invited_by) REFERENCES operator
);

CREATE TABLE operator_session (
    secret_hash bytea NOT NULL,
    operator_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    idle_expires_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT operator_session_pkey PRIMARY KEY (secret_hash),
    CONSTRAINT operator_session_operator_fkey FOREIGN KEY (operator_id) REFERENCES operator
);
CREATE INDEX operator_session_expires_idx ON operator_session (expires_at);

-- What leaves the house: sealed until sent, wiped afterwards.
CREATE TABLE outbox (
    event_key text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    account_id uuid,
    client_id text,
    sealed bytea,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    given_up_at timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (event_key),
    CONSTRAINT outbox_channel_check CHECK (channel IN ('email', 'sms', 'backchannel_logout'))
);
CREATE INDEX outbox_created_idx ON outbox (created_at);

-- So far only the tables above exist, and goose's own, which only the owner
-- writes. Later files grant their own tables by name.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO surety_app;
REVOKE INSERT, UPDATE, DELETE ON goose_db_version FROM surety_app;
