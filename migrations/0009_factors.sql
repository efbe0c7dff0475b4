-- +goose Up
-- Second factors and ways to sign in without a password.

-- A code may be sent to a number that nobody logs in with: then the row has no
-- account and no code is good for it, and whoever asked is told nothing.
ALTER TABLE contact_code
    ALTER COLUMN account_id DROP NOT NULL,
    ALTER COLUMN contact_id DROP NOT NULL,
    ALTER COLUMN mac DROP NOT NULL,
    -- What was typed to get the code, sealed by the key ring.
    ADD COLUMN sealed bytea NOT NULL,
    DROP CONSTRAINT contact_code_purpose_check,
    ADD CONSTRAINT contact_code_purpose_check CHECK (purpose IN ('login', 'bind', 'sign_in')),
    ADD CONSTRAINT contact_code_account_check CHECK (
        (account_id IS NULL) = (contact_id IS NULL) AND (account_id IS NOT NULL OR purpose = 'sign_in' AND mac IS NULL));

-- Challenges to which a passkey has answered: each is good once.
CREATE TABLE passkey_answer (
    challenge_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT passkey_answer_pkey PRIMARY KEY (challenge_hash)
);
CREATE INDEX passkey_answer_expires_idx ON passkey_answer (expires_at);
GRANT SELECT, INSERT, DELETE ON passkey_answer TO surety_app;

-- A session ends when all that it rests on was taken away.
ALTER TABLE session
    DROP CONSTRAINT session_ended_reason_check,
    ADD CONSTRAINT session_ended_reason_check CHECK (ended_reason IN
        ('logout', 'logout_everywhere', 'password_changed', 'replaced', 'method_removed', 'frozen', 'closed', 'operator'));
