-- What the app says about its accounts: each event acts once and none overtakes a newer one; rights that a token gave; erasures.

CREATE TABLE account_events (
    event_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_events_pkey PRIMARY KEY (event_id),
    CONSTRAINT account_events_id_length CHECK (char_length(event_id) BETWEEN 1 AND 200)
);
CREATE INDEX account_events_by_age ON account_events (received_at);

-- When the latest event happened that was applied to an account, by what it is about: a late one must not undo it.
CREATE TABLE account_marks (
    account_id bigint NOT NULL,
    subject text NOT NULL,
    happened_at timestamptz NOT NULL,
    CONSTRAINT account_marks_pkey PRIMARY KEY (account_id, subject),
    CONSTRAINT account_marks_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT account_marks_subject_known CHECK (subject IN ('name', 'ban'))
);

-- A right that the app's tokens gave ends when they no longer give it; one that was granted here does not.
ALTER TABLE staff_rights ADD COLUMN by_claim boolean NOT NULL DEFAULT false;

-- The row is erased at once, what the account has written in batches afterwards.
ALTER TABLE accounts ADD COLUMN content_erased_at timestamptz;
CREATE INDEX accounts_to_erase ON accounts (erased_at) WHERE erased_at IS NOT NULL AND content_erased_at IS NULL;
CREATE INDEX accounts_erased ON accounts (erased_at) WHERE erased_at IS NOT NULL;

CREATE INDEX refresh_tokens_by_account ON refresh_tokens (account_id);
