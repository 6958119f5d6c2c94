"""Photos and videos as their owner sees them: also those that wait for their bytes, are processed, or have failed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.media.model import Medium
from feed.media.uploads import SignedPart
from feed.postgres import Connection, many, one
from feed.screens.media.cards import AddressOf, MediaCard, MediaRow, media_card


class UploadPart(msgspec.Struct, frozen=True):
    """A part of a file: where it is sent, with PUT and these headers, unless it has arrived."""

    number: int
    bytes: int
    received: bool
    url: str | None
    headers: dict[str, str]


class UploadCard(msgspec.Struct, frozen=True):
    """How the rest of a file is sent to the object storage."""

    part_size: int
    parts: list[UploadPart]
    expires_at: datetime


class OwnMedia(MediaCard, frozen=True, kw_only=True):
    """A photo or a video, for its owner. Addresses and sizes are null until it is ready; its addresses expire."""

    uploaded_at: datetime | None
    in_use: bool
    cover_ms: int | None
    created_at: datetime
    upload: UploadCard | None = None


class OwnRow(MediaRow, frozen=True):
    """What an owner sees of a row of `media`."""

    uploaded_at: datetime | None
    in_use: bool
    cover_ms: int | None
    created_at: datetime


def own_card(row: OwnRow, address: AddressOf, upload: UploadCard | None = None) -> OwnMedia:
    """The card of a row for its owner."""
    card = media_card(row, address)
    return OwnMedia(
        **msgspec.structs.asdict(card),
        uploaded_at=row.uploaded_at,
        in_use=row.in_use,
        cover_ms=row.cover_ms,
        created_at=row.created_at,
        upload=upload,
    )


def upload_card(medium: Medium, parts: Sequence[SignedPart]) -> UploadCard:
    """How the parts that have not arrived are sent."""
    return UploadCard(
        part_size=medium.part_bytes,
        parts=[
            UploadPart(
                each.part.number,
                each.part.byte_count,
                received=each.request is None,
                url=None if each.request is None else each.request.url,
                headers={} if each.request is None else each.request.headers,
            )
            for each in parts
        ],
        expires_at=medium.upload_expires_at,
    )


async def list_own(conn: Connection, owner_id: int, *, before_id: int, limit: int) -> list[OwnRow]:
    """The photos and videos of an account, the newest first, from before an id on."""
    rows = await conn.fetch(
        """
        SELECT id, kind, state, error_code, progress, key, alt, width, height, duration_ms, placeholder, renditions,
               uploaded_at, used_as IS NOT NULL AS in_use, cover_ms, created_at
        FROM media
        WHERE owner_id = $1 AND removed_at IS NULL AND id < $2
            AND NOT EXISTS (SELECT FROM withheld_media WHERE media_id = media.id)
        ORDER BY id DESC
        LIMIT $3
        """,
        owner_id,
        before_id,
        limit,
    )
    return many(rows, OwnRow)


async def find_own(conn: Connection, owner_id: int, media_id: int) -> OwnRow | None:
    """A photo or video of an account; None for another one's, a removed one and evidence."""
    return one(
        await conn.fetchrow(
            """
            SELECT id, kind, state, error_code, progress, key, alt, width, height, duration_ms, placeholder, renditions,
                   uploaded_at, used_as IS NOT NULL AS in_use, cover_ms, created_at
            FROM media WHERE id = $2 AND owner_id = $1 AND removed_at IS NULL
                AND NOT EXISTS (SELECT FROM withheld_media WHERE media_id = media.id)
            """,
            owner_id,
            media_id,
        ),
        OwnRow,
    )
