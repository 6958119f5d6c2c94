"""The SQL of removing media: what is marked removed is refused at once; jobs remove the objects and the copies in the CDN."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from feed.media import purge_store
from feed.media.model import RemovedFor
from feed.postgres import Connection, many


async def mark_removed(conn: Connection, media_ids: Sequence[int], reason: RemovedFor) -> list[int]:
    """Removes media for good: they are not served from the commit on, and jobs remove their objects. Returns those that were not yet removed.

    Called in the transaction of the act that removes them. Copies of what was attached to something are purged from the CDN.
    """
    rows = await conn.fetch(
        """
        WITH locked AS (
            SELECT id FROM media WHERE id = ANY ($1::bigint[]) AND removed_at IS NULL ORDER BY id FOR UPDATE
        )
        UPDATE media SET removed_at = clock_timestamp(), removed_for = $2
        FROM locked
        WHERE media.id = locked.id
        RETURNING media.id
        """,
        media_ids,
        reason,
    )
    removed = sorted(row["id"] for row in rows)
    await purge_store.add(conn, removed, reason)
    return removed


class Leftover(msgspec.Struct, frozen=True):
    """A medium of which objects may be left that are not needed any more."""

    id: int
    key: str
    failed: bool


async def lease_removed(conn: Connection, *, lasts: timedelta, limit: int) -> list[Leftover]:
    """Leases removed media whose objects still stand, the longest removed first.

    The lease is the one of processing: a worker that is at the medium has ended before its objects are removed.
    """
    rows = await conn.fetch(
        """
        WITH due AS (
            SELECT id FROM media
            WHERE removed_at IS NOT NULL AND objects_removed_at IS NULL
                AND (attempt_until IS NULL OR attempt_until < clock_timestamp())
            ORDER BY removed_at
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        UPDATE media SET attempt_until = clock_timestamp() + $1::interval, lease_number = lease_number + 1
        FROM due
        WHERE media.id = due.id
        RETURNING media.id, media.key, media.state = 'failed' AS failed
        """,
        lasts,
        limit,
    )
    return many(rows, Leftover)


async def lease_processed(conn: Connection, *, lasts: timedelta, limit: int) -> list[Leftover]:
    """Leases media that are ready or failed and whose original is still stored."""
    rows = await conn.fetch(
        """
        WITH due AS (
            SELECT id FROM media
            WHERE incoming_removed_at IS NULL AND state <> 'processing' AND removed_at IS NULL
                AND (attempt_until IS NULL OR attempt_until < clock_timestamp())
            ORDER BY id
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        UPDATE media SET attempt_until = clock_timestamp() + $1::interval
        FROM due
        WHERE media.id = due.id
        RETURNING media.id, media.key, media.state = 'failed' AS failed
        """,
        lasts,
        limit,
    )
    return many(rows, Leftover)


async def mark_objects_removed(conn: Connection, media_id: int) -> None:
    """Records that no object of the medium is left."""
    await conn.execute(
        """
        UPDATE media
        SET objects_removed_at = clock_timestamp(), incoming_removed_at = coalesce(incoming_removed_at, clock_timestamp()),
            attempt_until = NULL
        WHERE id = $1 AND removed_at IS NOT NULL AND objects_removed_at IS NULL
        """,
        media_id,
    )


async def mark_original_removed(conn: Connection, media_id: int) -> None:
    """Records that the original of the medium is not stored any more."""
    await conn.execute(
        """
        UPDATE media SET incoming_removed_at = clock_timestamp(), attempt_until = NULL
        WHERE id = $1 AND incoming_removed_at IS NULL
        """,
        media_id,
    )


async def lock_expired(conn: Connection, *, after: timedelta, limit: int) -> list[int]:
    """Locks media that nothing uses, `after` the last thing that happened to them. What the draft of a campaign names is used."""
    rows = await conn.fetch(
        """
        SELECT id FROM media
        WHERE used_as IS NULL AND removed_at IS NULL AND created_at < clock_timestamp() - $1::interval
            AND greatest(created_at, uploaded_at, ready_at, failed_at) < clock_timestamp() - $1::interval
            AND (uploaded_at IS NOT NULL OR upload_expires_at < clock_timestamp())
            AND (attempt_until IS NULL OR attempt_until < clock_timestamp())
            AND NOT EXISTS (
                SELECT FROM campaigns WHERE campaigns.state = 'draft' AND position(media.id::text IN campaigns.draft::text) > 0
            )
            AND NOT EXISTS (SELECT FROM campaign_proposals AS proposals WHERE position(media.id::text IN proposals.draft::text) > 0)
        ORDER BY created_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
        """,
        after,
        limit,
    )
    return [row["id"] for row in rows]
