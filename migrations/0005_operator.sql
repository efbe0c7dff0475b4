-- +goose Up
-- Operators: the name in an invitation, who took it up, and passkey answers
-- that were already used.

-- The name is typed by whoever invites and shown to the one invited; sealed
-- like every name.
ALTER TABLE operator_invite
    ADD COLUMN sealed_name bytea,
    ADD COLUMN operator_id uuid,
    ADD COLUMN voided_at timestamptz,
    ADD CONSTRAINT operator_invite_operator_fkey FOREIGN KEY (operator_id) REFERENCES operator;

-- Two bootstrap links at once would be one too many (RULES R5).
CREATE UNIQUE INDEX operator_invite_bootstrap_idx ON operator_invite (bootstrap)
    WHERE bootstrap AND used_at IS NULL AND voided_at IS NULL;

-- A page that asks for a passkey carries its challenge sealed, so that showing
-- it writes nothing; an answer is worth something once.
CREATE TABLE operator_answer (
    challenge_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT operator_answer_pkey PRIMARY KEY (challenge_hash)
);
CREATE INDEX operator_answer_expires_idx ON operator_answer (expires_at);
GRANT SELECT, INSERT, DELETE ON operator_answer TO surety_app;
