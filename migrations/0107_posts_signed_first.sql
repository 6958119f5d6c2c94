-- A post of an official account was visible before the newsroom had signed it: such a revision waits for its signatures.
ALTER TABLE post_revisions ADD COLUMN signed_first boolean NOT NULL DEFAULT false;
