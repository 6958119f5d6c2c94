-- Erasing an account removed its profile and hid its posts; comments, likes, inbox, messages and texts stayed. Now everything is erased, step by step: a row here says that something is still to be done.
CREATE TABLE erasures (
    account_id bigint PRIMARY KEY CONSTRAINT erasures_account REFERENCES accounts (id),
    -- When a worker looks at it next: later while something must be waited for.
    next_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX erasures_due ON erasures (next_at);

-- The keyed hash of an erased subject: a token that was issued before creates no account, and a ban outlives the erasure.
CREATE TABLE erased_subjects (
    subject bytea PRIMARY KEY,
    account_id bigint CONSTRAINT erased_subjects_account REFERENCES accounts (id),
    erased_at timestamptz NOT NULL
);
CREATE INDEX erased_subjects_by_age ON erased_subjects (erased_at);

-- The comment of an erased account has no text.
-- squawk-ignore ban-drop-constraint
ALTER TABLE comments DROP CONSTRAINT comments_text_length;
ALTER TABLE comments ADD CONSTRAINT comments_text_length
    CHECK (char_length(text) <= 500 AND (text <> '' OR state = 'deleted')) NOT VALID;
ALTER TABLE comments VALIDATE CONSTRAINT comments_text_length;

-- What earlier versions have left of erased accounts.
INSERT INTO erasures (account_id) SELECT id FROM accounts WHERE erased_at IS NOT NULL;
UPDATE accounts SET content_erased_at = NULL WHERE content_erased_at IS NOT NULL;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX accounts_to_erase;
