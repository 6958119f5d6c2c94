-- A person gets a copy of everything that is stored about the account: a job makes it in encrypted parts, and its owner downloads it once.
CREATE TABLE exports (
    id bigint PRIMARY KEY DEFAULT next_id(),
    account_id bigint NOT NULL,
    state text NOT NULL DEFAULT 'preparing',
    asked_at timestamptz NOT NULL DEFAULT now(),
    -- The running attempt, and when it last showed that it is alive.
    attempt smallint NOT NULL DEFAULT 0,
    alive_at timestamptz,
    ready_at timestamptz,
    expires_at timestamptz,
    downloaded_at timestamptz,
    byte_count bigint,
    CONSTRAINT exports_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT exports_state_known CHECK (state IN ('preparing', 'ready', 'failed', 'downloaded')),
    CONSTRAINT exports_ready_whole CHECK (num_nonnulls(ready_at, expires_at, byte_count) IN (0, 3)),
    CONSTRAINT exports_ready_has_time CHECK (state NOT IN ('ready', 'downloaded') OR ready_at IS NOT NULL),
    CONSTRAINT exports_downloaded_has_time CHECK ((state = 'downloaded') = (downloaded_at IS NOT NULL))
);
CREATE UNIQUE INDEX exports_one_running ON exports (account_id) WHERE state = 'preparing';
CREATE INDEX exports_of_account ON exports (account_id, id DESC);
CREATE INDEX exports_to_make ON exports (asked_at) WHERE state = 'preparing';

CREATE TABLE export_parts (
    export_id bigint NOT NULL,
    attempt smallint NOT NULL,
    number integer NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT export_parts_pkey PRIMARY KEY (export_id, attempt, number),
    CONSTRAINT export_parts_export FOREIGN KEY (export_id) REFERENCES exports (id) ON DELETE CASCADE
);
