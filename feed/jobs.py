"""The job queue: a job is enqueued in the caller's transaction, so both are committed or neither.

The worker runs jobs with pgqueuer, whose tables are in the schema `jobs` (migration 0002). Its own enqueue function is not
used: it writes jsonb as text, unlike our connections, and the API would have to load the library for one statement.
"""

from datetime import timedelta

from feed.postgres import Connection


async def enqueue(
    conn: Connection, name: str, payload: str, *, once_key: str, priority: int = 0, delay: timedelta = timedelta(0)
) -> bool:
    """Enqueues a job. Returns False if a job with this `once_key` is queued or running.

    A handler may run twice or late, so it has to read the state that it acts on. Never enqueue per like or view: the
    commit of a NOTIFY takes a database-wide lock.
    """
    added = await conn.fetchval(
        """
        INSERT INTO jobs.pgqueuer (entrypoint, payload, dedupe_key, priority, execute_after, status)
        VALUES ($1, $2, $3, $4, now() + $5::interval, 'queued')
        ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
        RETURNING true
        """,
        name,
        payload.encode(),
        once_key,
        priority,
        delay,
    )
    return added is not None


async def lock_status(conn: Connection, job_id: int) -> str | None:
    """The status of a job that has not ended, locked; None if there is none."""
    status: str | None = await conn.fetchval("SELECT status::text FROM jobs.pgqueuer WHERE id = $1 FOR UPDATE", job_id)
    return status


async def mark_due(conn: Connection, job_id: int) -> None:
    """Makes a job due now, with all its attempts."""
    await conn.execute(
        """
        UPDATE jobs.pgqueuer SET status = 'queued', execute_after = now(), attempts = 0, updated = now(), queue_manager_id = NULL
        WHERE id = $1
        """,
        job_id,
    )


async def remove_old_entries(conn: Connection, *, days: int) -> int:
    """Removes log entries and statistics of jobs older than `days` days. Returns the number of log entries."""
    status = await conn.execute(
        """
        WITH counts AS (DELETE FROM jobs.pgqueuer_statistics WHERE created < now() - make_interval(days => $1))
        DELETE FROM jobs.pgqueuer_log WHERE aggregated AND created < now() - make_interval(days => $1)
        """,
        days,
    )
    return int(status.split()[-1])
