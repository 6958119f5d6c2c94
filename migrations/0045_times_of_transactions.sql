-- The freeze relies on it that no write with a time before the end is committed ten seconds after it. A setting of the session can be
-- missing behind a pooler, so the age of a transaction is checked by its own commit, and open writes are looked for by the freeze.

-- Servers before version 17 have no timeout for a whole transaction. The limit is set when the transaction begins.
CREATE FUNCTION require_transaction_in_time() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF clock_timestamp() - transaction_timestamp()
        > make_interval(secs => current_setting('feed.transaction_timeout')::float8 / 1000)
    THEN
        RAISE EXCEPTION 'the transaction took too long' USING ERRCODE = '25P04';
    END IF;
END
$$;

-- Other transactions of this role that have written something. Sessions of other roles show no times.
CREATE VIEW open_writes AS
SELECT pid, xact_start AS began_at
FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND backend_type = 'client backend'
    AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL;
