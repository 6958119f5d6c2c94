"""The SQL of uploads: what an owner adds, what has arrived, and how much of it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.media.inputs import UPLOAD_HOURS
from feed.media.model import Kind, MediaId
from feed.postgres import Connection, many, one


class NewMedium(msgspec.Struct, frozen=True, kw_only=True):
    """A row to add. `id`: the one that is reserved for a repeated request, or None."""

    id: int | None
    owner_id: int
    kind: Kind
    key: str
    alt: str
    content_type: str
    byte_count: int
    sha256: bytes
    part_bytes: int
    cover_ms: int | None


class Recent(msgspec.Struct, frozen=True):
    """What some accounts have uploaded or announced within 24 hours: bytes, and files that are used for nothing."""

    byte_count: int
    unused: int


class AwaitedUpload(msgspec.Struct, frozen=True):
    """An upload whose bytes have not all arrived."""

    id: int
    key: str
    byte_count: int
    part_bytes: int


class Attempted(msgspec.Struct, frozen=True):
    """An upload whose request may still be running: its key, whether its file has arrived, and its age."""

    key: str
    uploaded_at: datetime | None
    removed_at: datetime | None
    age_seconds: float


async def add_medium(conn: Connection, new: NewMedium) -> MediaId:
    """Adds a photo or video whose bytes have not arrived yet."""
    added = await conn.fetchval(
        """
        INSERT INTO media (
            id, owner_id, kind, key, alt, content_type, byte_count, sha256, part_bytes, cover_ms, upload_expires_at
        )
        VALUES (
            coalesce($1, next_id()), $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp() + make_interval(hours => $11)
        )
        RETURNING id
        """,
        new.id,
        new.owner_id,
        new.kind,
        new.key,
        new.alt,
        new.content_type,
        new.byte_count,
        new.sha256,
        new.part_bytes,
        new.cover_ms,
        UPLOAD_HOURS,
    )
    return MediaId(added)


async def count_recent(conn: Connection, account_ids: Sequence[int]) -> Recent:
    """What the accounts have uploaded within 24 hours. What was removed since counts for the bytes: deleting is no way around."""
    found = one(
        await conn.fetchrow(
            """
            SELECT coalesce(sum(byte_count), 0)::bigint AS byte_count,
                   count(*) FILTER (WHERE used_as IS NULL AND removed_at IS NULL) AS unused
            FROM media
            WHERE owner_id = ANY ($1::bigint[]) AND created_at > clock_timestamp() - interval '24 hours'
            """,
            account_ids,
        ),
        Recent,
    )
    assert found is not None
    return found


async def list_awaited(conn: Connection, *, after_id: int, limit: int) -> list[AwaitedUpload]:
    """Uploads whose bytes have not all arrived, by id."""
    rows = await conn.fetch(
        """
        SELECT id, key, byte_count, part_bytes FROM media
        WHERE id > $1 AND state = 'processing' AND removed_at IS NULL AND uploaded_at IS NULL
        ORDER BY id
        LIMIT $2
        """,
        after_id,
        limit,
    )
    return many(rows, AwaitedUpload)


async def find_attempted(conn: Connection, media_id: int) -> Attempted | None:
    """The state of an upload that an earlier request has begun."""
    return one(
        await conn.fetchrow(
            """
            SELECT key, uploaded_at, removed_at, extract(epoch FROM clock_timestamp() - created_at)::float8 AS age_seconds
            FROM media WHERE id = $1
            """,
            media_id,
        ),
        Attempted,
    )


async def mark_uploaded(conn: Connection, media_id: int, *, content_type: str, owner_ids: Sequence[int]) -> bool:
    """From now on it may be processed. False if it was uploaded before, was removed or has expired.

    Its turn is the present one of the queue, or the one after those of its person that wait. `owner_ids`: the accounts of the
    person, which the caller has locked: uploads that arrive at once get different turns.
    """
    marked = await conn.fetchval(
        """
        UPDATE media
        SET uploaded_at = clock_timestamp(), content_type = $2,
            worked_seconds_before = (SELECT worked_seconds FROM media_lanes AS lane WHERE lane.kind = media.kind),
            turn = greatest(
                0,
                (
                    SELECT min(turn) FROM media AS waiting
                    WHERE waiting.kind = media.kind AND state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL
                ),
                (
                    SELECT max(turn) + 1 FROM media AS own
                    WHERE own.owner_id = ANY ($3::bigint[]) AND own.kind = media.kind
                        AND state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL
                )
            )
        WHERE id = $1 AND uploaded_at IS NULL AND removed_at IS NULL AND upload_expires_at > clock_timestamp()
        RETURNING true
        """,
        media_id,
        content_type,
        owner_ids,
    )
    return marked is not None


async def lock_awaited(conn: Connection, media_id: int) -> bool:
    """Locks an upload whose bytes have not arrived. False if they have, or it was removed."""
    awaited = await conn.fetchval(
        "SELECT true FROM media WHERE id = $1 AND uploaded_at IS NULL AND removed_at IS NULL FOR UPDATE", media_id
    )
    return awaited is not None


async def change_medium(conn: Connection, media_id: int, *, alt: str | None, cover_ms: int | None) -> None:
    """Changes what is not None."""
    await conn.execute(
        "UPDATE media SET alt = coalesce($2, alt), cover_ms = coalesce($3, cover_ms) WHERE id = $1",
        media_id,
        alt,
        cover_ms,
    )
