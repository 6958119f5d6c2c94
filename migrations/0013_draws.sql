-- Draws by lot: the nonce that was committed to before the opening, the list that was frozen, and the public value that decided.

-- Written once, with the publication: its hash is public from then on. Sealed under the site's key for this campaign's row.
CREATE TABLE draw_nonces (
    campaign_id bigint NOT NULL,
    sealed bytea NOT NULL,
    nonce_sha256 bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT draw_nonces_pkey PRIMARY KEY (campaign_id),
    CONSTRAINT draw_nonces_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT draw_nonces_hash CHECK (octet_length(nonce_sha256) = 32)
);

-- One per frozen sheet. The list is public with the commit that makes the row, and `list_published_at` is stamped after it.
CREATE TABLE draws (
    settlement_id bigint NOT NULL,
    list_sha256 bytea NOT NULL,
    ticket_count integer NOT NULL,
    list_published_at timestamptz,
    source text,
    chain text,
    round text,
    value text,
    signature bytea,
    appeared_at timestamptz,
    entered_by bigint [],
    beacon_at timestamptz,
    CONSTRAINT draws_pkey PRIMARY KEY (settlement_id),
    CONSTRAINT draws_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id),
    CONSTRAINT draws_hash CHECK (octet_length(list_sha256) = 32),
    CONSTRAINT draws_tickets CHECK (ticket_count >= 0),
    CONSTRAINT draws_source_known CHECK (source IN ('public_number', 'drand', 'own')),
    CONSTRAINT draws_beacon_whole CHECK (num_nonnulls(source, round, value, beacon_at) IN (0, 4)),
    CONSTRAINT draws_published_first CHECK (source IS NULL OR list_published_at IS NOT NULL),
    -- A public value is younger than the list that it decides about.
    CONSTRAINT draws_value_is_younger CHECK (
        appeared_at IS NULL OR appeared_at >= list_published_at + interval '60 seconds'
    ),
    CONSTRAINT draws_public_value_has_time CHECK (source NOT IN ('public_number', 'drand') OR appeared_at IS NOT NULL),
    CONSTRAINT draws_number_by_two CHECK (
        source <> 'public_number' OR (cardinality(entered_by) = 2 AND entered_by[1] <> entered_by[2])
    ),
    CONSTRAINT draws_drand_signed CHECK (source <> 'drand' OR num_nonnulls(chain, signature) = 2)
);

-- What each editor says the public number is; the latest word of each. Two people's equal words make it the draw's.
CREATE TABLE beacon_entries (
    settlement_id bigint NOT NULL,
    editor_id bigint NOT NULL,
    round text NOT NULL,
    value text NOT NULL,
    appeared_at timestamptz NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT beacon_entries_pkey PRIMARY KEY (settlement_id, editor_id),
    CONSTRAINT beacon_entries_draw FOREIGN KEY (settlement_id) REFERENCES draws (settlement_id),
    CONSTRAINT beacon_entries_editor FOREIGN KEY (editor_id) REFERENCES accounts (id)
);
