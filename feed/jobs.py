"""The job queue: a job is enqueued in its caller's transaction, so it exists if and only if the rest does.

The worker runs it with pgqueuer, whose tables migration 0002 keeps in the schema `jobs`. The library's own way of
enqueueing writes jsonb as text, which our connections do not; and the API need not load it for one statement.
"""

from datetime import timedelta

from feed.postgres import Connection


async def enqueue(
    conn: Connection, name: str, payload: str, *, once_key: str, priority: int = 0, delay: timedelta = timedelta(0)
) -> bool:
    """Whether the job is new: one job of a `once_key` waits or runs at a time.

    A handler can neither rely on running once nor on running in time, so it reads the state that it acts on. Never
    enqueue per like or per view: committing a notification takes a lock of the whole database.
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


async def remove_old_entries(conn: Connection, *, days: int) -> int:
    """Drops the journal of jobs that ended more than `days` ago, and the counts made from it."""
    status = await conn.execute(
        """
        WITH counts AS (DELETE FROM jobs.pgqueuer_statistics WHERE created < now() - make_interval(days => $1))
        DELETE FROM jobs.pgqueuer_log WHERE aggregated AND created < now() - make_interval(days => $1)
        """,
        days,
    )
    return int(status.split()[-1])
