-- +goose Up
-- Values that go to an agency by law are shown, not agreed to (RULES R10): the
-- record of the screen keeps which were, so that nobody is shown them at every
-- visit, and nothing new goes unseen.
ALTER TABLE consent ADD COLUMN shown text[] NOT NULL DEFAULT '{}';
