"""A photo or a video on the wire."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from feed.media.addresses import MediaAddresses
from feed.media.model import Kind, MediaState, Rendition
from feed.postgres import Connection, many
from feed.renditions.model import FailureCode

Id = str
# The address of a file of a medium, from its key and the file's name.
AddressOf = Callable[[str, str], str]


class MediaVariant(msgspec.Struct, frozen=True):
    """One size and format of a photo or video; the ending of its URL says the format."""

    name: str
    url: str
    width: int
    height: int


class MediaCard(msgspec.Struct, frozen=True, kw_only=True):
    """A photo or a video. Addresses and sizes are null until it is ready."""

    id: Id
    kind: Kind
    state: MediaState
    error_code: FailureCode | None = None
    progress: int | None = None
    url: str | None
    thumb_url: str | None
    variants: list[MediaVariant]
    width: int | None
    height: int | None
    duration_ms: int | None = None
    placeholder: str | None = None
    alt: str


class MediaRow(msgspec.Struct, frozen=True):
    """What a card shows of a row of `media`."""

    id: int
    kind: Kind
    state: MediaState
    error_code: FailureCode | None
    progress: int
    key: str
    alt: str
    width: int | None
    height: int | None
    duration_ms: int | None
    placeholder: str | None
    renditions: list[Rendition]


def public_addresses(addresses: MediaAddresses) -> AddressOf:
    """For what everybody may see: addresses that stay the same."""
    return addresses.public


def granted_addresses(addresses: MediaAddresses, now: datetime) -> AddressOf:
    """For what its owner or staff alone may see: addresses that expire."""
    return lambda key, file: addresses.granted(key, file, now=now)


def media_card(row: MediaRow, address: AddressOf, *, short: bool = False) -> MediaCard:
    """The card of a row. `url` is the full picture or the video, `thumb_url` the picture for lists.

    `short`: without variants, where many pictures are listed that are small there.
    """
    ready = row.state == "ready"
    by_name = {each.name: each for each in reversed(row.renditions)} if ready else {}
    main, thumb = by_name.get("video" if row.kind == "video" else "full"), by_name.get("list")
    return MediaCard(
        id=str(row.id),
        kind=row.kind,
        state=row.state,
        error_code=row.error_code,
        progress=row.progress if row.state == "processing" else None,
        url=None if main is None else address(row.key, main.file),
        thumb_url=None if thumb is None else address(row.key, thumb.file),
        variants=[
            MediaVariant(each.name, address(row.key, each.file), each.width, each.height)
            for each in (row.renditions if ready and not short else [])
        ],
        width=row.width,
        height=row.height,
        duration_ms=row.duration_ms,
        placeholder=row.placeholder,
        alt=row.alt,
    )


async def list_media(conn: Connection, media_ids: Sequence[int]) -> dict[int, MediaRow]:
    """The rows for cards, by id; unknown and removed media are absent. The caller decides who may see them."""
    rows = await conn.fetch(
        """
        SELECT id, kind, state, error_code, progress, key, alt, width, height, duration_ms, placeholder, renditions
        FROM media
        WHERE id = ANY ($1::bigint[]) AND removed_at IS NULL
        """,
        media_ids,
    )
    return {row.id: row for row in many(rows, MediaRow)}
