-- Each month of the audit log is a partition, and committed rows get numbers in signed seals, so that a later change is found.

SET LOCAL timezone = 'UTC';

ALTER TABLE audit ADD COLUMN format smallint NOT NULL DEFAULT 1;

-- The first id of an instant: partitions are ranges of ids, which begin with the time, so that an id stays unique in all of them.
CREATE FUNCTION first_id_at(moment timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN (extract(epoch FROM moment) * 1000)::bigint << 20;

-- What there is becomes the partition of the present month, which begins with the first id.
DO $$
DECLARE
    month constant timestamptz := date_trunc('month', now());
    name constant text := 'audit_' || to_char(month, 'YYYY_MM');
BEGIN
    EXECUTE format('ALTER TABLE audit RENAME TO %I', name);
    EXECUTE format('ALTER TABLE %I RENAME CONSTRAINT audit_pkey TO %I', name, name || '_pkey');
    EXECUTE format('ALTER INDEX audit_by_subject RENAME TO %I', name || '_by_subject');
    EXECUTE format('ALTER INDEX audit_by_actor RENAME TO %I', name || '_by_actor');
    EXECUTE format(
        'CREATE TABLE audit (LIKE %I INCLUDING DEFAULTS, CONSTRAINT audit_pkey PRIMARY KEY (id)) PARTITION BY RANGE (id)', name
    );
    EXECUTE format(
        'ALTER TABLE audit ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)', name, first_id_at(month + interval '1 month')
    );
END
$$;
CREATE INDEX audit_by_subject ON audit (subject_kind, subject_id, id DESC);
CREATE INDEX audit_by_actor ON audit (actor_id, id DESC);
CREATE INDEX audit_by_action ON audit (action, id DESC);

-- So that an insert never fails for lack of a partition.
CREATE TABLE audit_default PARTITION OF audit DEFAULT;

-- Adds the missing partitions of this month and the `ahead` months after it, moving rows that went to the default one meanwhile.
-- The owner's rights are used, because the application has none to create or delete anything here.
CREATE FUNCTION add_audit_months(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    month timestamptz;
    name text;
    low bigint;
    high bigint;
    added integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('feed.audit_months', 0));
    FOR step IN 0..least(ahead, 24) LOOP
        month := date_trunc('month', now()) + make_interval(months => step);
        name := 'audit_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        low := first_id_at(month);
        high := first_id_at(month + interval '1 month');
        EXECUTE format('CREATE TABLE %I (LIKE audit INCLUDING DEFAULTS)', name);
        IF EXISTS (SELECT FROM audit_default WHERE id >= low AND id < high) THEN
            LOCK TABLE audit_default IN ACCESS EXCLUSIVE MODE;
            EXECUTE format('INSERT INTO %I SELECT * FROM audit_default WHERE id >= %s AND id < %s', name, low, high);
            DELETE FROM audit_default WHERE id >= low AND id < high;
        END IF;
        EXECUTE format('ALTER TABLE audit ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, low, high);
        added := added + 1;
    END LOOP;
    RETURN added;
END
$$;
SELECT add_audit_months(3);

-- The numbers of committed rows: given by the sealer, one after the other, whatever the order of ids and commits. They stay when a
-- month is dropped.
CREATE TABLE audit_sequence (
    seq bigint NOT NULL,
    audit_id bigint NOT NULL,
    row_sha256 bytea NOT NULL,
    CONSTRAINT audit_sequence_pkey PRIMARY KEY (seq),
    CONSTRAINT audit_sequence_once UNIQUE (audit_id),
    CONSTRAINT audit_sequence_from_one CHECK (seq > 0)
);

-- Signed batches. The document is the checkpoint that is published; unsealed_from is where the sealer looks for rows next.
CREATE TABLE audit_seals (
    number bigint NOT NULL,
    last_seq bigint NOT NULL,
    unsealed_from bigint NOT NULL,
    sealed_at timestamptz NOT NULL,
    document bytea NOT NULL,
    CONSTRAINT audit_seals_pkey PRIMARY KEY (number),
    CONSTRAINT audit_seals_by_seq UNIQUE (last_seq),
    CONSTRAINT audit_seals_from_one CHECK (number > 0)
);

-- Which checkpoint was published last, and where.
CREATE TABLE audit_publications (
    target text NOT NULL,
    number bigint NOT NULL,
    attempted_at timestamptz NOT NULL,
    published_at timestamptz,
    CONSTRAINT audit_publications_pkey PRIMARY KEY (target),
    CONSTRAINT audit_publications_target CHECK (target IN ('file', 'url'))
);
