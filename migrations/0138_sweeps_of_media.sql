-- The sweep compares the object storage with the database, once a night for all workers; its result is for operators.
CREATE TABLE media_sweeps (
    single boolean NOT NULL DEFAULT true,
    -- While one runs: no other one begins until it has been silent for a while.
    alive_at timestamptz,
    finished_at timestamptz,
    object_count bigint NOT NULL DEFAULT 0,
    removed_count bigint NOT NULL DEFAULT 0,
    -- Unknown ones that stay: for the next sweep, or because they are too many to be what crashes leave.
    kept_count bigint NOT NULL DEFAULT 0,
    missing_count bigint NOT NULL DEFAULT 0,
    -- Some of the ready media of which objects are missing.
    missing_ids bigint [] NOT NULL DEFAULT '{}',
    CONSTRAINT media_sweeps_pkey PRIMARY KEY (single),
    CONSTRAINT media_sweeps_has_one_row CHECK (single)
);
INSERT INTO media_sweeps DEFAULT VALUES;
