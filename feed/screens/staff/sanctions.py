"""Sanctions for moderators: those in force, those that are over, and those of one person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from feed.accounts.sanctions import SanctionKind
from feed.moderation.model import ADVERSE_REASONS
from feed.postgres import Connection, many
from feed.screens.posts.cards import AuthorCard, Id
from feed.texts import among

# `active`: in force, or about to be; `ended`: lifted, or over by its time.
SanctionState = Literal["active", "ended"]


class SanctionRecord(msgspec.Struct, frozen=True):
    """A sanction with who imposed and lifted it; null: the app, or its time. It holds for every account of the person."""

    id: Id
    user: AuthorCard
    kind: SanctionKind
    state: SanctionState
    reason_code: Annotated[str, among(ADVERSE_REASONS)]
    starts_at: datetime
    until: datetime | None
    lifted_at: datetime | None
    imposed_by: AuthorCard | None
    lifted_by: AuthorCard | None


async def list_active(conn: Connection, kinds: Sequence[SanctionKind], before: int, limit: int) -> list[SanctionRecord]:
    """The sanctions in force, the newest first."""
    rows = await conn.fetch(
        """
        SELECT id FROM sanctions
        WHERE lifted_at IS NULL AND (until IS NULL OR until > clock_timestamp()) AND kind = ANY ($1::text[]) AND id < $2
        ORDER BY id DESC
        LIMIT $3
        """,
        kinds,
        before,
        limit,
    )
    return await list_records(conn, [row["id"] for row in rows])


async def list_ended(conn: Connection, kinds: Sequence[SanctionKind], before: int, limit: int) -> list[SanctionRecord]:
    """The sanctions that were lifted or are over, the newest first."""
    rows = await conn.fetch(
        """
        SELECT id FROM sanctions
        WHERE (lifted_at IS NOT NULL OR until <= clock_timestamp()) AND kind = ANY ($1::text[]) AND id < $2
        ORDER BY id DESC
        LIMIT $3
        """,
        kinds,
        before,
        limit,
    )
    return await list_records(conn, [row["id"] for row in rows])


async def list_of_person(conn: Connection, account_ids: Sequence[int], limit: int) -> list[SanctionRecord]:
    """The sanctions of these accounts, the newest first."""
    rows = await conn.fetch(
        "SELECT id FROM sanctions WHERE account_id = ANY ($1::bigint[]) ORDER BY id DESC LIMIT $2", account_ids, limit
    )
    return await list_records(conn, [row["id"] for row in rows])


async def list_records(conn: Connection, sanction_ids: Sequence[int]) -> list[SanctionRecord]:
    """The sanctions in the order of the ids."""
    rows = await conn.fetch(
        """
        SELECT sanctions.id::text, sanctions.kind, sanctions.reason_code, sanctions.starts_at, sanctions.until, sanctions.lifted_at,
               CASE WHEN sanctions.lifted_at IS NULL AND (sanctions.until IS NULL OR sanctions.until > clock_timestamp())
                    THEN 'active' ELSE 'ended' END AS state,
               jsonb_build_object('id', accounts.id::text, 'name', accounts.name, 'avatar_url', avatar_address(accounts.avatar_url),
                                  'badge', accounts.badge) AS user,
               CASE WHEN imposing.id IS NOT NULL THEN
                   jsonb_build_object('id', imposing.id::text, 'name', imposing.name, 'avatar_url', avatar_address(imposing.avatar_url),
                                      'badge', imposing.badge)
               END AS imposed_by,
               CASE WHEN lifting.id IS NOT NULL THEN
                   jsonb_build_object('id', lifting.id::text, 'name', lifting.name, 'avatar_url', avatar_address(lifting.avatar_url),
                                      'badge', lifting.badge)
               END AS lifted_by
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN sanctions ON sanctions.id = wanted.id
        JOIN accounts ON accounts.id = sanctions.account_id
        LEFT JOIN accounts AS imposing ON imposing.id = sanctions.imposed_by
        LEFT JOIN accounts AS lifting ON lifting.id = sanctions.lifted_by
        ORDER BY wanted.position
        """,
        sanction_ids,
    )
    return many(rows, SanctionRecord)
