-- +goose Up
-- What agencies are told about access tokens that were taken back before their
-- end (OpenID CAEP): facts alone, from which the event is signed when it is
-- fetched. A row waits a day for a client that is away.
CREATE TABLE security_event (
    event_id uuid NOT NULL,
    client_id text NOT NULL,
    kind text NOT NULL,
    -- Whom or what it is about, as this client knows them: the narrowest that is
    -- not empty counts.
    subject text NOT NULL,
    sid text NOT NULL,
    grant_id uuid,
    token_id text NOT NULL,
    -- The acr values of a level that changed.
    acr text NOT NULL,
    previous_acr text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    -- When the client said that it has it. It stays for a while all the same: a
    -- process that starts later must hear of it too (event_seen).
    acknowledged_at timestamptz,
    expires_at timestamptz NOT NULL,
    CONSTRAINT security_event_pkey PRIMARY KEY (event_id),
    CONSTRAINT security_event_client_fkey FOREIGN KEY (client_id) REFERENCES client ON DELETE CASCADE,
    CONSTRAINT security_event_kind_check CHECK (kind IN ('session_revoked', 'level_changed')),
    CONSTRAINT security_event_about_check CHECK (subject <> '' OR token_id <> '')
);
CREATE INDEX security_event_new_idx ON security_event (client_id, at, event_id) WHERE acknowledged_at IS NULL;
CREATE INDEX security_event_client_idx ON security_event (client_id, at, event_id);
CREATE INDEX security_event_expires_idx ON security_event (expires_at);

-- An agency's API may run in several processes, and each must hear of
-- everything. Each reads a stream that it names, and acknowledges for that
-- stream alone.
CREATE TABLE event_seen (
    event_id uuid NOT NULL,
    stream text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT event_seen_pkey PRIMARY KEY (event_id, stream),
    CONSTRAINT event_seen_event_fkey FOREIGN KEY (event_id) REFERENCES security_event ON DELETE CASCADE,
    CONSTRAINT event_seen_stream_check CHECK (stream <> '')
);
CREATE INDEX event_seen_expires_idx ON event_seen (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON security_event TO surety_app;
GRANT SELECT, INSERT, DELETE ON event_seen TO surety_app;
