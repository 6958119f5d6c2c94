-- From the claim to the prize in hand: who may look, codes, parcels, and the end of everybody's details.

-- The second factor of whoever reads winners' details: another person, an admin, has let him in, for a reason and for a while.
CREATE TABLE claim_access (
    campaign_id bigint NOT NULL,
    account_id bigint NOT NULL,
    granted_by bigint NOT NULL,
    reason text NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    CONSTRAINT claim_access_pkey PRIMARY KEY (campaign_id, account_id),
    CONSTRAINT claim_access_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT claim_access_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT claim_access_by FOREIGN KEY (granted_by) REFERENCES accounts (id),
    CONSTRAINT claim_access_by_another CHECK (granted_by <> account_id)
);

-- Codes of a campaign's n-th prize, from 1, sealed under the campaign's key; the hash, keyed by it too, finds a code that was given twice.
CREATE TABLE prize_codes (
    campaign_id bigint NOT NULL,
    prize_number integer NOT NULL,
    code_hash bytea NOT NULL,
    sealed bytea,
    winner_id bigint,
    shown_at timestamptz,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT prize_codes_pkey PRIMARY KEY (campaign_id, prize_number, code_hash),
    CONSTRAINT prize_codes_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT prize_codes_winner FOREIGN KEY (winner_id) REFERENCES winners (id),
    CONSTRAINT prize_codes_shown_to CHECK ((winner_id IS NULL) = (shown_at IS NULL))
);
CREATE INDEX prize_codes_free ON prize_codes (campaign_id, prize_number) WHERE winner_id IS NULL;
CREATE INDEX prize_codes_of_winner ON prize_codes (winner_id) WHERE winner_id IS NOT NULL;

CREATE TABLE shipments (
    winner_id bigint NOT NULL,
    carrier text NOT NULL,
    tracking_no text NOT NULL,
    shipped_by bigint NOT NULL,
    shipped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz,
    CONSTRAINT shipments_pkey PRIMARY KEY (winner_id),
    CONSTRAINT shipments_winner FOREIGN KEY (winner_id) REFERENCES winners (id),
    CONSTRAINT shipments_by FOREIGN KEY (shipped_by) REFERENCES accounts (id)
);

-- What was sealed is gone with its key; what stays for two years is masked.
-- squawk-ignore ban-drop-not-null
ALTER TABLE claims ALTER COLUMN sealed DROP NOT NULL;

-- The receipt says what became unreadable when, and until when backups may still hold it.
CREATE TABLE shreddings (
    campaign_id bigint NOT NULL,
    shredded_at timestamptz NOT NULL,
    backups_until timestamptz NOT NULL,
    receipt bytea NOT NULL,
    archive_until timestamptz NOT NULL,
    archive_removed_at timestamptz,
    CONSTRAINT shreddings_pkey PRIMARY KEY (campaign_id),
    CONSTRAINT shreddings_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id)
);
