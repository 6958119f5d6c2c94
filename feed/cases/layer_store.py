"""The SQL of the machine results of cases that come after the first check."""

from typing import Any

import msgspec

from feed.cases.model import CaseState, Kind
from feed.postgres import Connection, many, one


class CheckedCase(msgspec.Struct, frozen=True):
    """What a later check needs to know of a case."""

    id: int
    kind: Kind
    state: CaseState
    post_id: int
    comment_id: int | None
    revision: int | None
    author_id: int
    stages: int
    machine: dict[str, Any]


async def list_unchecked(conn: Connection, limit: int) -> list[CheckedCase]:
    """Open cases of posts and comments whose texts the later checks have not seen, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT id, kind, state, post_id, comment_id, revision, author_id, stages, machine
        FROM cases
        WHERE layers = 0 AND state = 'open' AND kind IN ('post', 'comment')
        ORDER BY id
        LIMIT $1
        """,
        limit,
    )
    return many(rows, CheckedCase)


async def find_checked(conn: Connection, case_id: int) -> CheckedCase | None:
    """The case, or None."""
    row = await conn.fetchrow(
        """
        SELECT id, kind, state, post_id, comment_id, revision, author_id, stages, machine
        FROM cases
        WHERE id = $1 AND kind IN ('post', 'comment')
        """,
        case_id,
    )
    return one(row, CheckedCase)


async def lock_checked(conn: Connection, case_id: int) -> CheckedCase | None:
    """The case, locked; None without one. The statistics of its post are locked before."""
    row = await conn.fetchrow(
        """
        SELECT id, kind, state, post_id, comment_id, revision, author_id, stages, machine
        FROM cases
        WHERE id = $1 AND kind IN ('post', 'comment')
        FOR UPDATE
        """,
        case_id,
    )
    return one(row, CheckedCase)


async def mark_checked(conn: Connection, case_id: int) -> bool:
    """Records that the local layers have seen the text. False if they had before."""
    marked = await conn.fetchval("UPDATE cases SET layers = 1 WHERE id = $1 AND layers = 0 RETURNING true", case_id)
    return marked is not None


async def change_machine(conn: Connection, case_id: int, machine: dict[str, Any], risk: int) -> None:
    """Stores the result with the hits of a later layer."""
    await conn.execute("UPDATE cases SET machine = $2, risk = greatest(risk, $3) WHERE id = $1", case_id, machine, risk)
