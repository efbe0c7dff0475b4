-- +goose Up
-- What people search a procedure by: its code and its titles in small letters.
-- The program makes it, because what the database's lower() does with
-- Cyrillic depends on how the cluster was made.
ALTER TABLE procedure
    ADD COLUMN search text NOT NULL DEFAULT '';
