-- Processing of media is fenced by the number of the lease; originals, renditions and copies in a CDN are removed by durable jobs.
-- Counts each lease of a worker: files of a lease after the first have its number in their names, so that a worker that lost its
-- lease never overwrites what another one has published.
ALTER TABLE media ADD COLUMN lease_number integer NOT NULL DEFAULT 0;
-- The original is removed as soon as the medium is ready or has failed.
ALTER TABLE media ADD COLUMN incoming_removed_at timestamptz;
-- Each time that a public medium stops to be public, copies of it in a CDN are purged.
CREATE TABLE media_purges (
    id bigint NOT NULL DEFAULT next_id(),
    media_id bigint NOT NULL,
    reason text NOT NULL,
    -- Paths below FEED_MEDIA_URL, key/file, as they were published.
    paths text [] NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    tries integer NOT NULL DEFAULT 0,
    -- When it is to be tried next; during an attempt, when other workers may take it.
    due_at timestamptz NOT NULL DEFAULT now(),
    tried_at timestamptz,
    -- The receiver rejected a call with several purges: this one is sent in a call of its own.
    alone boolean NOT NULL DEFAULT false,
    error_code text,
    -- What the receiver answered to the first call that it accepted. A second call follows for responses that were on their way.
    receipt text,
    purged_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT media_purges_pkey PRIMARY KEY (id),
    CONSTRAINT media_purges_medium FOREIGN KEY (media_id) REFERENCES media (id),
    CONSTRAINT media_purges_state_known CHECK (state IN ('waiting', 'delivered', 'dead')),
    CONSTRAINT media_purges_reason_known CHECK (
        reason IN ('deleted', 'expired', 'replaced', 'taken_down', 'erased', 'hidden')
    ),
    CONSTRAINT media_purges_have_paths CHECK (cardinality(paths) > 0),
    CONSTRAINT media_purges_ended_has_time CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT media_purges_delivered_has_time CHECK (state <> 'delivered' OR purged_at IS NOT NULL)
);
CREATE INDEX media_purges_due ON media_purges (due_at) WHERE state = 'waiting';
CREATE INDEX media_purges_by_state ON media_purges (state, id DESC);
CREATE INDEX media_purges_of_medium ON media_purges (media_id);
CREATE INDEX media_purges_ended ON media_purges (ended_at) WHERE ended_at IS NOT NULL;

-- The receiver as all workers see it: its consecutive failures, and when it may be probed next.
CREATE TABLE purge_hook (
    single boolean NOT NULL DEFAULT true,
    failures integer NOT NULL DEFAULT 0,
    probe_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT purge_hook_pkey PRIMARY KEY (single),
    CONSTRAINT purge_hook_has_one_row CHECK (single)
);
INSERT INTO purge_hook DEFAULT VALUES;
