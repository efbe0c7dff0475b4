-- +goose Up
-- The stage that counted when a grant's level was decided: what a vector of
-- trust says of the identity (RFC 8485), also where the level asks for less.
ALTER TABLE oauth_grant
    ADD COLUMN stage text NOT NULL DEFAULT '';

-- A token request may be for fewer procedures than were granted (RFC 9396,
-- section 6.1). A signed token says itself for which; an opaque one says it here.
ALTER TABLE access_token
    ADD COLUMN procedures text[] NOT NULL DEFAULT '{}';
