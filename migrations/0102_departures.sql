-- Its owner requests the deletion of an account: it is hidden at once, and erased after some days in which that can be taken back.
ALTER TABLE accounts ADD COLUMN leaving_at timestamptz;

-- What is under way for an account that leaves or has come back. The profile is kept here, because the account's row shows a neutral one.
CREATE TABLE departures (
    account_id bigint PRIMARY KEY,
    step text NOT NULL DEFAULT 'hiding',
    asked_at timestamptz NOT NULL,
    erase_at timestamptz NOT NULL,
    -- When a worker looks at it next.
    next_at timestamptz NOT NULL DEFAULT now(),
    name text NOT NULL,
    bio text NOT NULL,
    avatar_url text,
    badge text,
    CONSTRAINT departures_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT departures_step_known CHECK (step IN ('hiding', 'hidden', 'returning')),
    CONSTRAINT departures_name_length CHECK (char_length(name) BETWEEN 1 AND 20)
);
CREATE INDEX departures_due ON departures (next_at);

-- Accounts whose owners have requested their deletion: they may read, take it back, and do nothing else.
CREATE VIEW leaving_accounts AS SELECT id AS account_id FROM accounts WHERE leaving_at IS NOT NULL AND erased_at IS NULL;
