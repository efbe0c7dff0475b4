-- +goose Up
-- All that a person ever agreed to with one agency. A grant made under an
-- earlier record ends when a later one is withdrawn, which every read of the
-- grant asks, and the person's own page lists the history.
CREATE INDEX consent_account_client_idx ON consent (account_id, client_id);
