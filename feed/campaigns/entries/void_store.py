"""SQL of voids: engagement that does not count in a campaign. Voids are withdrawn, never deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from feed.postgres import Connection, many, one

EngagementKind = Literal["like", "comment"]


class Void(msgspec.Struct, frozen=True):
    """Excludes an account's engagement with all entries, or all engagement with one entry."""

    id: int
    campaign_id: int
    account_id: int | None
    post_id: int | None
    kinds: list[EngagementKind]
    reason_code: str
    note: str | None
    made_by: int
    made_at: datetime


async def count_active(conn: Connection, campaign_id: int) -> list[dict[str, Any]]:
    """How many voids are in force for each kind of engagement and reason: `kind`, `reason_code`, `count`."""
    rows = await conn.fetch(
        """
        SELECT kind, reason_code, count(*) AS count
        FROM voids CROSS JOIN unnest(kinds) AS kind
        WHERE campaign_id = $1 AND withdrawn_at IS NULL
        GROUP BY kind, reason_code
        ORDER BY kind, reason_code COLLATE "C"
        """,
        campaign_id,
    )
    return [dict(row) for row in rows]


async def add_account_voids(
    conn: Connection,
    campaign_id: int,
    account_ids: Sequence[int],
    *,
    first_id: int | None,
    kinds: Sequence[EngagementKind],
    reason_code: str,
    note: str | None,
    by: int,
) -> list[Void]:
    """Adds a void for each account. `first_id`: the id that the request's idempotency key has reserved, if any."""
    rows = await conn.fetch(
        """
        INSERT INTO voids (id, campaign_id, account_id, kinds, reason_code, note, made_by)
        SELECT CASE WHEN place = 1 THEN coalesce($7, next_id()) ELSE next_id() END, $1, account_id, $3, $4, $5, $6
        FROM unnest($2::bigint[]) WITH ORDINALITY AS given (account_id, place)
        RETURNING id, campaign_id, account_id, post_id, kinds, reason_code, note, made_by, made_at
        """,
        campaign_id,
        account_ids,
        kinds,
        reason_code,
        note,
        by,
        first_id,
    )
    return many(rows, Void)


async def add_post_void(
    conn: Connection,
    campaign_id: int,
    post_id: int,
    *,
    first_id: int | None,
    kinds: Sequence[EngagementKind],
    reason_code: str,
    note: str | None,
    by: int,
) -> list[Void]:
    """Adds a void of all engagement with one entry. `first_id` as in `add_account_voids`."""
    rows = await conn.fetch(
        """
        INSERT INTO voids (id, campaign_id, post_id, kinds, reason_code, note, made_by)
        VALUES (coalesce($7, next_id()), $1, $2, $3, $4, $5, $6)
        RETURNING id, campaign_id, account_id, post_id, kinds, reason_code, note, made_by, made_at
        """,
        campaign_id,
        post_id,
        kinds,
        reason_code,
        note,
        by,
        first_id,
    )
    return many(rows, Void)


async def find_void(conn: Connection, campaign_id: int, void_id: int) -> Void | None:
    """A void of the campaign, active or withdrawn."""
    row = await conn.fetchrow(
        """
        SELECT id, campaign_id, account_id, post_id, kinds, reason_code, note, made_by, made_at
        FROM voids WHERE id = $2 AND campaign_id = $1
        """,
        campaign_id,
        void_id,
    )
    return one(row, Void)


async def mark_withdrawn(conn: Connection, campaign_id: int, void_id: int, *, by: int) -> bool:
    """Withdraws the void. False if it was withdrawn already."""
    return bool(
        await conn.fetchval(
            """
            UPDATE voids SET withdrawn_at = now(), withdrawn_by = $3
            WHERE id = $2 AND campaign_id = $1 AND withdrawn_at IS NULL
            RETURNING true
            """,
            campaign_id,
            void_id,
            by,
        )
    )


async def list_active(conn: Connection, campaign_id: int) -> list[Void]:
    """The active voids of the campaign, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, account_id, post_id, kinds, reason_code, note, made_by, made_at
        FROM voids WHERE campaign_id = $1 AND withdrawn_at IS NULL
        ORDER BY id DESC
        """,
        campaign_id,
    )
    return many(rows, Void)


async def list_added_together(conn: Connection, campaign_id: int, void_id: int) -> list[Void]:
    """The voids that one request added: same account and time as the given one."""
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, account_id, post_id, kinds, reason_code, note, made_by, made_at
        FROM voids
        WHERE campaign_id = $1
            AND (made_by, made_at) IN (SELECT made_by, made_at FROM voids WHERE id = $2 AND campaign_id = $1)
        ORDER BY id
        """,
        campaign_id,
        void_id,
    )
    return many(rows, Void)
