"""Reads of Postgres for `feed doctor`."""

from datetime import datetime

import msgspec

from feed.postgres import Connection


class Backlog(msgspec.Struct, frozen=True):
    """Numbers of pending and failed work items, and the age of the oldest change without a number."""

    unnumbered: int
    unnumbered_seconds: float
    stuck_messages: int
    unknown_messages: int
    failed_messages: int
    undelivered_messages: int
    held_messages: int
    held_by: str
    quiet_messages: int
    over_quota_messages: int
    held_until: datetime | None
    overdue_jobs: int
    chain_violations: int


async def read_backlog(conn: Connection) -> Backlog:
    """The present backlog: a running worker keeps it near zero, except for messages that need an editor's decision."""
    row = await conn.fetchrow(
        """
        SELECT
            (SELECT count(*) FROM changes) AS unnumbered,
            (SELECT coalesce(extract(epoch FROM now() - min(made_at)), 0)::float8 FROM changes) AS unnumbered_seconds,
            (SELECT count(*) FROM messages WHERE state = 'sending' AND sending_at < now() - interval '1 minute')
                AS stuck_messages,
            undecided.unknown AS unknown_messages, undecided.failed AS failed_messages,
            undecided.undelivered AS undelivered_messages, held.count AS held_messages, held.codes AS held_by,
            waiting.quiet AS quiet_messages, waiting.over_quota AS over_quota_messages, waiting.until AS held_until,
            (SELECT count(*) FROM jobs.pgqueuer WHERE status = 'queued' AND execute_after < now() - interval '1 minute')
                AS overdue_jobs,
            (SELECT coalesce(sum(violation_count), 0) FROM chain_attestations WHERE until > now() - interval '7 days')
                AS chain_violations
        FROM (
            SELECT count(*) FILTER (WHERE state = 'unknown') AS unknown, count(*) FILTER (WHERE state = 'failed') AS failed,
                   count(*) FILTER (WHERE state = 'undelivered') AS undelivered
            FROM messages
            WHERE state IN ('unknown', 'failed', 'undelivered') AND resolved_at IS NULL
              AND (expires_at IS NULL OR expires_at > now())
        ) AS undecided, (
            SELECT count(*) AS count, coalesce(string_agg(DISTINCT error_code, ', ' ORDER BY error_code), '') AS codes
            FROM messages
            WHERE state = 'queued' AND error_code IS NOT NULL AND (expires_at IS NULL OR expires_at > now())
        ) AS held, (
            SELECT count(*) FILTER (WHERE held_by = 'quiet_hours') AS quiet, count(*) FILTER (WHERE held_by = 'quota') AS over_quota,
                   max(held_until) AS until
            FROM messages
            WHERE state = 'queued' AND held_by IS NOT NULL
        ) AS waiting
        """
    )
    return msgspec.convert(row, Backlog)


async def read_applied(conn: Connection) -> dict[str, str]:
    """SHA-256 digests of the applied migrations by name; empty before the first migration."""
    if await conn.fetchval("SELECT to_regclass('schema_migrations') IS NULL"):
        return {}
    rows = await conn.fetch("SELECT name, sha256 FROM schema_migrations ORDER BY name")
    return {row["name"]: row["sha256"] for row in rows}
