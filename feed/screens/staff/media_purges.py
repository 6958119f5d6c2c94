"""Purges of the CDN as admins see them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.media.model import PurgeNotFound
from feed.media.purge_store import PurgeReason, PurgeState
from feed.postgres import Connection, many
from feed.screens.posts.cards import Id


class MediaPurgeCard(msgspec.Struct, frozen=True):
    """A purge of the addresses of a photo or video from the CDN."""

    id: Id
    media_id: Id
    reason: PurgeReason
    paths: list[str]
    state: PurgeState
    tries: int
    error_code: str | None
    receipt: str | None
    created_at: datetime
    tried_at: datetime | None
    due_at: datetime
    purged_at: datetime | None
    ended_at: datetime | None


async def list_media_purges(
    conn: Connection, states: Sequence[PurgeState], before_id: int, limit: int
) -> list[MediaPurgeCard]:
    """Purges in these states with ids below `before_id`, newest first."""
    rows = await conn.fetch(
        """
        SELECT id::text, media_id::text, reason, paths, state, tries, error_code, receipt, created_at, tried_at, due_at, purged_at,
               ended_at
        FROM media_purges
        WHERE id < $2 AND state = ANY ($1::text[])
        ORDER BY id DESC
        LIMIT $3
        """,
        states,
        before_id,
        limit,
    )
    return many(rows, MediaPurgeCard)


async def get_media_purge(conn: Connection, purge_id: int) -> MediaPurgeCard:
    """One purge. Raises PurgeNotFound."""
    row = await conn.fetchrow(
        """
        SELECT id::text, media_id::text, reason, paths, state, tries, error_code, receipt, created_at, tried_at, due_at, purged_at,
               ended_at
        FROM media_purges
        WHERE id = $1
        """,
        purge_id,
    )
    if row is None:
        raise PurgeNotFound
    return msgspec.convert(row, MediaPurgeCard)
