-- +goose Up
-- What agencies are told about access tokens that were taken back before their
-- end (OpenID CAEP): facts alone, from which the event is signed when it is
-- fetched. A row goes once it is acknowledged, or after a day: by then every
-- token that it is about has long ended.

-- An agency's API may run in several processes, and each of them must hear of
-- everything. Each reads a stream of its own; the stream without a name is
-- always there. A named one ends when nobody has read it for a while.
CREATE TABLE event_stream (
    client_id text NOT NULL,
    stream text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT event_stream_pkey PRIMARY KEY (client_id, stream),
    CONSTRAINT event_stream_client_fkey FOREIGN KEY (client_id) REFERENCES client ON DELETE CASCADE,
    CONSTRAINT event_stream_name_check CHECK (stream <> '')
);
CREATE INDEX event_stream_expires_idx ON event_stream (expires_at);

CREATE TABLE security_event (
    event_id uuid NOT NULL,
    client_id text NOT NULL,
    stream text NOT NULL,
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
    expires_at timestamptz NOT NULL,
    CONSTRAINT security_event_pkey PRIMARY KEY (event_id),
    CONSTRAINT security_event_client_fkey FOREIGN KEY (client_id) REFERENCES client ON DELETE CASCADE,
    CONSTRAINT security_event_kind_check CHECK (kind IN ('session_revoked', 'level_changed')),
    CONSTRAINT security_event_about_check CHECK (subject <> '' OR token_id <> '')
);
CREATE INDEX security_event_stream_idx ON security_event (client_id, stream, at, event_id);
CREATE INDEX security_event_expires_idx ON security_event (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON event_stream TO surety_app;
GRANT SELECT, INSERT, DELETE ON security_event TO surety_app;
