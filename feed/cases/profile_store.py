"""SQL of the cases of names, bios and pictures: one open case for each account and field."""

from collections.abc import Mapping
from typing import Any

from feed.cases.model import CaseId, Kind
from feed.postgres import Connection


async def lock_open_case(conn: Connection, case_id: int) -> bool:
    """Locks a case until the transaction ends. False if it is closed."""
    is_open: bool = await conn.fetchval("SELECT state = 'open' FROM cases WHERE id = $1 FOR UPDATE", case_id)
    return is_open


async def add_profile_case(
    conn: Connection, kind: Kind, account_id: int, *, due_minutes: int, machine: Mapping[str, Any]
) -> CaseId:
    """Queues a changed field of a profile."""
    return CaseId(
        await conn.fetchval(
            """
            INSERT INTO cases (kind, author_id, account_id, due_at, machine)
            VALUES ($1, $2, $2, clock_timestamp() + make_interval(mins => $3), $4)
            RETURNING id
            """,
            kind,
            account_id,
            due_minutes,
            dict(machine),
        )
    )


async def renew_profile_case(conn: Connection, case_id: int, *, machine: Mapping[str, Any]) -> None:
    """Notes in a locked open case that its subject has another text now: who has read the former one may not judge it."""
    await conn.execute(
        """
        UPDATE cases SET version = version + 1, machine = $2, leased_by = NULL, leased_until = NULL
        WHERE id = $1 AND state = 'open'
        """,
        case_id,
        dict(machine),
    )


async def close_profile_case(conn: Connection, case_id: int) -> None:
    """Closes a locked open case without a verdict: there is nothing left to judge."""
    await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = clock_timestamp(), version = version + 1, leased_by = NULL, leased_until = NULL
        WHERE id = $1 AND state = 'open'
        """,
        case_id,
    )
