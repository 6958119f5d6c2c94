"""SQL that keeps the queue right: due times that come nearer, and items that wait without a case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.cases.model import CaseId, Kind
from feed.postgres import Connection, columns, many


class Unqueued(msgspec.Struct, frozen=True):
    """An item that waits for a decision and that no open case is about."""

    kind: Literal["post", "comment"]
    post_id: int
    comment_id: int | None
    revision: int | None
    author_id: int
    shown_revision: int


class WaitingCase(msgspec.Struct, frozen=True):
    """An open case with what its due time is computed from. `reach`: the likes and comments of its post."""

    id: CaseId
    kind: Kind
    risk: int
    created_at: datetime
    due_at: datetime
    reach: int
    deadline: datetime | None


async def list_lately_engaged(conn: Connection, changes: int) -> list[WaitingCase]:
    """The open cases of posts, and of comments under them, that are among the newest changes."""
    rows = await conn.fetch(
        """
        WITH moved AS MATERIALIZED (
            SELECT DISTINCT post_id FROM change_log
            WHERE number > (SELECT last_number FROM change_numbers) - $1
        )
        SELECT cases.id, cases.kind, cases.risk, cases.created_at, cases.due_at, stats.like_count + stats.comment_count AS reach,
               (SELECT min(ends_at) FROM review_deadlines WHERE review_deadlines.post_id = cases.post_id) AS deadline
        FROM moved
        JOIN cases ON cases.post_id = moved.post_id AND cases.state = 'open'
        JOIN post_stats AS stats ON stats.post_id = moved.post_id
        """,
        changes,
    )
    return many(rows, WaitingCase)


async def list_near_deadlines(conn: Connection, *, lead_hours: int, limit: int) -> list[WaitingCase]:
    """Open cases of entries that are due later than their campaign allows: they entered it after the case was made."""
    rows = await conn.fetch(
        """
        SELECT cases.id, cases.kind, cases.risk, cases.created_at, cases.due_at, stats.like_count + stats.comment_count AS reach,
               deadlines.ends_at AS deadline
        FROM review_deadlines AS deadlines
        JOIN cases ON cases.post_id = deadlines.post_id AND cases.state = 'open'
        JOIN post_stats AS stats ON stats.post_id = cases.post_id
        WHERE deadlines.ends_at < clock_timestamp() + make_interval(hours => 2 * $1)
          AND cases.due_at > deadlines.ends_at - make_interval(hours => $1)
        LIMIT $2
        """,
        lead_hours,
        limit,
    )
    return many(rows, WaitingCase)


async def hasten(conn: Connection, due: Sequence[tuple[CaseId, datetime]]) -> int:
    """Brings due times of open cases forward; never back. Returns how many. Cases that are just judged are left out."""
    tag = await conn.execute(
        """
        WITH given AS (
            SELECT id, due_at FROM unnest($1::bigint[], $2::timestamptz[]) AS given (id, due_at)
        ), held AS MATERIALIZED (
            SELECT cases.id, given.due_at
            FROM cases JOIN given ON given.id = cases.id
            WHERE cases.state = 'open' AND cases.due_at > given.due_at
            ORDER BY cases.id
            FOR UPDATE OF cases SKIP LOCKED
        )
        UPDATE cases SET due_at = held.due_at FROM held WHERE cases.id = held.id
        """,
        *columns(due, 2),
    )
    return int(tag.split()[-1])


async def list_unqueued(conn: Connection, limit: int) -> list[Unqueued]:
    """Items that wait without an open case."""
    rows = await conn.fetch(
        "SELECT kind, post_id, comment_id, revision, author_id, shown_revision FROM unqueued_items ORDER BY post_id, comment_id LIMIT $1",
        limit,
    )
    return many(rows, Unqueued)


async def is_unqueued(conn: Connection, item: Unqueued) -> bool:
    """Whether the item still waits without an open case; the statistics of its post are locked."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM unqueued_items
                WHERE post_id = $1 AND comment_id IS NOT DISTINCT FROM $2::bigint AND revision IS NOT DISTINCT FROM $3::integer
            )
            """,
            item.post_id,
            item.comment_id,
            item.revision,
        )
    )


async def find_latest_stages(conn: Connection, item: Unqueued) -> int:
    """The approvals that the latest case about the item asked for, at least one: it is not visible."""
    return int(
        await conn.fetchval(
            """
            SELECT greatest(1, (
                SELECT stages FROM cases
                WHERE post_id = $1 AND comment_id IS NOT DISTINCT FROM $2::bigint AND kind IN ('post', 'comment')
                ORDER BY id DESC
                LIMIT 1
            ))
            """,
            item.post_id,
            item.comment_id,
        )
    )


async def require_stages(conn: Connection, case_id: CaseId, stages: int) -> None:
    """Lets a new case ask for at least so many approvals."""
    await conn.execute("UPDATE cases SET stages = greatest(stages, $2) WHERE id = $1", case_id, stages)
