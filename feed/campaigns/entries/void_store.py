"""SQL of voids: engagement that does not count in a campaign; reversible, so withdrawn and never deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, many, one

EngagementKind = Literal["like", "comment"]


class Void(msgspec.Struct, frozen=True):
    """An account's engagement with all entries, or everybody's with one entry, does not count."""

    id: int
    campaign_id: int
    account_id: int | None
    post_id: int | None
    kinds: list[EngagementKind]
    reason_code: str
    note: str | None
    made_by: int
    made_at: datetime


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
    """One void for each account; `first_id` is an id that an idempotency key has reserved, if there is one."""
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
    """A void of everybody's engagement with one entry."""
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
    """A void of the campaign, withdrawn or not."""
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
    """Whether the void stood until now."""
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
    """What does not count now, the latest first."""
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
    """The voids that one request made: those of the same person and instant as the first one."""
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
