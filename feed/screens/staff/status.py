"""What operators see of the work that waits: its amount and age by kind, today's notices, and the jobs of the queue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, many
from feed.screens.posts.cards import Id
from feed.sms.model import JobState

WorkKind = Literal["changes", "jobs", "messages", "pushes", "media_purges", "media", "cases"]


class WaitingWork(msgspec.Struct, frozen=True):
    """Work of one kind: what waits, since when the oldest of it, and how much was given up."""

    kind: WorkKind
    waiting: int
    oldest_seconds: float
    dead: int


class JobCard(msgspec.Struct, frozen=True):
    """A job of the queue; `message_id` is the text message that it sends."""

    id: Id
    name: str
    state: JobState
    attempts: int
    message_id: Id | None
    created_at: datetime
    due_at: datetime


async def list_waiting_work(conn: Connection) -> list[WaitingWork]:
    """All kinds, also those without work. Work that is put off until a later time does not wait yet."""
    rows = await conn.fetch(
        """
        SELECT kind, waiting, greatest(coalesce(extract(epoch FROM clock_timestamp() - oldest_at), 0), 0)::float8 AS oldest_seconds, dead
        FROM (
            SELECT 'changes' AS kind, count(*) AS waiting, min(made_at) AS oldest_at, 0 AS dead FROM changes
            UNION ALL
            SELECT 'jobs', count(*), min(execute_after), (SELECT count(*) FROM jobs.pgqueuer WHERE status = 'failed')
            FROM jobs.pgqueuer WHERE status = 'queued' AND execute_after <= now()
            UNION ALL
            SELECT 'messages', count(*), min(created_at), (
                SELECT count(*) FROM messages
                WHERE state IN ('unknown', 'failed', 'undelivered') AND resolved_at IS NULL
                  AND (expires_at IS NULL OR expires_at > now())
            )
            FROM messages WHERE state = 'queued' AND held_until IS NULL AND (expires_at IS NULL OR expires_at > now())
            UNION ALL
            SELECT 'pushes', count(*), min(created_at), (SELECT count(*) FROM pushes WHERE state = 'dead')
            FROM pushes WHERE state = 'waiting'
            UNION ALL
            SELECT 'media_purges', count(*), min(created_at), (SELECT count(*) FROM media_purges WHERE state = 'dead')
            FROM media_purges WHERE state = 'waiting'
            UNION ALL
            SELECT 'media', count(*), min(uploaded_at), 0
            FROM media WHERE state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL
            UNION ALL
            SELECT 'cases', count(*), min(created_at), 0 FROM cases WHERE state = 'open'
        ) AS work
        """
    )
    return many(rows, WaitingWork)


async def get_notices_today(conn: Connection) -> int:
    """How many notices by SMS the site has handed over today, Shanghai time."""
    count: int = await conn.fetchval(
        """
        SELECT coalesce(
            (SELECT handed_over FROM message_days WHERE day = (clock_timestamp() AT TIME ZONE 'UTC' + interval '8 hours')::date), 0
        )
        """
    )
    return count


async def list_jobs(conn: Connection, states: Sequence[JobState], before_id: int, limit: int) -> list[JobCard]:
    """Jobs in these states, the newest first."""
    rows = await conn.fetch(
        """
        SELECT id::text AS id, entrypoint AS name, state, attempts, convert_from(payload, 'UTF8') AS message_id,
               created AS created_at, execute_after AS due_at
        FROM jobs.pgqueuer
        CROSS JOIN LATERAL (
            SELECT CASE status WHEN 'queued' THEN 'waiting' WHEN 'picked' THEN 'running' ELSE 'dead' END AS state
        ) AS named
        WHERE id < $2 AND state = ANY ($1::text[])
        ORDER BY id DESC
        LIMIT $3
        """,
        states,
        before_id,
        limit,
    )
    return many(rows, JobCard)
