"""What `feed doctor` asks Postgres."""

import msgspec

from feed.postgres import Connection


class Backlog(msgspec.Struct, frozen=True):
    """Work that waits, and how long the oldest of it has been waiting."""

    unnumbered: int
    unnumbered_seconds: float
    stuck_messages: int
    unknown_messages: int
    failed_messages: int
    undelivered_messages: int
    held_messages: int
    held_by: str
    overdue_jobs: int


async def read_backlog(conn: Connection) -> Backlog:
    """Everything that a running worker keeps near zero; unknown, failed and held messages wait for a person."""
    row = await conn.fetchrow(
        """
        SELECT
            (SELECT count(*) FROM changes) AS unnumbered,
            (SELECT coalesce(extract(epoch FROM now() - min(made_at)), 0)::float8 FROM changes) AS unnumbered_seconds,
            (SELECT count(*) FROM messages WHERE state = 'sending' AND sending_at < now() - interval '1 minute')
                AS stuck_messages,
            stuck.unknown AS unknown_messages, stuck.failed AS failed_messages, stuck.undelivered AS undelivered_messages,
            put_off.count AS held_messages, put_off.codes AS held_by,
            (SELECT count(*) FROM jobs.pgqueuer WHERE status = 'queued' AND execute_after < now() - interval '1 minute')
                AS overdue_jobs
        FROM (
            SELECT count(*) FILTER (WHERE state = 'unknown') AS unknown, count(*) FILTER (WHERE state = 'failed') AS failed,
                   count(*) FILTER (WHERE state = 'undelivered') AS undelivered
            FROM messages
            WHERE state IN ('unknown', 'failed', 'undelivered') AND resolved_at IS NULL
              AND (expires_at IS NULL OR expires_at > now())
        ) AS stuck, (
            SELECT count(*) AS count, coalesce(string_agg(DISTINCT error_code, ', ' ORDER BY error_code), '') AS codes
            FROM messages
            WHERE state = 'queued' AND error_code IS NOT NULL AND (expires_at IS NULL OR expires_at > now())
        ) AS put_off
        """
    )
    return msgspec.convert(row, Backlog)


async def read_applied(conn: Connection) -> dict[str, str]:
    """The applied migrations with their digests; none before the first run."""
    if await conn.fetchval("SELECT to_regclass('schema_migrations') IS NULL"):
        return {}
    rows = await conn.fetch("SELECT name, sha256 FROM schema_migrations ORDER BY name")
    return {row["name"]: row["sha256"] for row in rows}
