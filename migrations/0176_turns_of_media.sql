-- The queue of media is fair between persons, and its deadline counts the time in which media were processed, not outages.
-- The place in the queue of its kind: the waiting media of a person have one after another, and each attempt takes one.
ALTER TABLE media ADD COLUMN turn bigint NOT NULL DEFAULT 0;
-- What `media_lanes.worked_seconds` said when all bytes had arrived.
ALTER TABLE media ADD COLUMN worked_seconds_before double precision NOT NULL DEFAULT 0;
CREATE TABLE media_lanes (
    kind text NOT NULL,
    -- For how long media of this kind have been processed, in all. Stands still during an outage.
    worked_seconds double precision NOT NULL DEFAULT 0,
    worked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT media_lanes_pkey PRIMARY KEY (kind),
    CONSTRAINT media_lanes_kind_known CHECK (kind IN ('image', 'video'))
);
INSERT INTO media_lanes (kind) VALUES ('image'), ('video');
