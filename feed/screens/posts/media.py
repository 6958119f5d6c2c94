"""The media of posts on the wire: encoded once for everybody while a post is visible, with addresses that expire while it is not."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from feed.bounded_cache import BoundedCache
from feed.media.addresses import MediaAddresses
from feed.postgres import Connection
from feed.screens.media.cards import MediaRow, granted_addresses, list_media, media_card, public_addresses

_MAX_BYTES = 16_000_000
_SECONDS = 60.0

_encode = msgspec.json.Encoder().encode
NONE = b"[]"


class _Encoding(NamedTuple):
    """One way in which a medium is encoded. `version`: of its row, every change makes another one; `short`: without variants."""

    media_id: int
    version: int
    short: bool


class EncodedMedia(NamedTuple):
    """Lists of media as JSON: of the revision that a post shows, and of the one that waits, None where it is the same."""

    shown: bytes
    waiting: bytes | None


class MediaEncoder:
    """Encodes the media of rows of `list_posts`. Public media are encoded once for many reads: a page has up to 180 of them."""

    def __init__(self, addresses: MediaAddresses) -> None:
        self._addresses = addresses
        self._public: BoundedCache[_Encoding, bytes] = BoundedCache(
            max_bytes=_MAX_BYTES, seconds=_SECONDS, size=lambda _, encoded: len(encoded)
        )

    async def encode(self, conn: Connection, rows: Sequence[Mapping[str, Any]], *, in_list: bool) -> list[EncodedMedia]:
        """The media of each row, in their order. In a list, several photos of a post have no variants (docs/decisions/0094)."""
        encodings = {row["id"]: _encodings(row, in_list=in_list) for row in rows if row["media_ids"] is not None}
        visible = [each for row in rows if row["is_visible"] for each in encodings.get(row["id"], ())]
        encoded = {each: found for each in visible if (found := self._public.get(each)) is not None}
        wanted = {each.media_id for each in visible if each not in encoded}
        wanted |= {each.media_id for row in rows if not row["is_visible"] for each in encodings.get(row["id"], ())}
        wanted |= {media_id for row in rows for media_id in row["review_media_ids"] or ()}
        found_rows = await list_media(conn, list(wanted)) if wanted else {}
        for each in visible:
            if each not in encoded and (row := found_rows.get(each.media_id)) is not None:
                encoded[each] = _encode(media_card(row, public_addresses(self._addresses), short=each.short))
                self._public.put(each, encoded[each])
        return [
            EncodedMedia(
                self._shown(row, encodings.get(row["id"], ()), encoded, found_rows),
                self._waiting(row["review_media_ids"], found_rows, in_list=in_list),
            )
            for row in rows
        ]

    def _shown(
        self,
        row: Mapping[str, Any],
        encodings: Sequence[_Encoding],
        encoded: Mapping[_Encoding, bytes],
        found: Mapping[int, MediaRow],
    ) -> bytes:
        if not encodings:
            return NONE
        if not row["is_visible"]:
            return self._granted([each.media_id for each in encodings], found, short=encodings[0].short)
        return b"[%b]" % b",".join(encoded[each] for each in encodings if each in encoded)

    def _waiting(
        self, media_ids: Sequence[int] | None, found: Mapping[int, MediaRow], *, in_list: bool
    ) -> bytes | None:
        if media_ids is None:
            return None
        return self._granted(media_ids, found, short=in_list and len(media_ids) > 1)

    def _granted(self, media_ids: Sequence[int], found: Mapping[int, MediaRow], *, short: bool) -> bytes:
        """For the author alone, never cached: the addresses expire."""
        address = granted_addresses(self._addresses, datetime.now(UTC))
        return _encode([media_card(found[each], address, short=short) for each in media_ids if each in found])


def _encodings(row: Mapping[str, Any], *, in_list: bool) -> list[_Encoding]:
    short = in_list and len(row["media_ids"]) > 1
    return [
        _Encoding(media_id, version, short)
        for media_id, version in zip(row["media_ids"], row["media_versions"], strict=True)
    ]
