"""The photos and videos of what is or was reviewed, also while they are hidden from all others, and what is left of removed ones.

Readers are staff, and authors of their own. The addresses are granted ones.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.media.model import Kind, RemovedFor
from feed.postgres import Connection, many
from feed.screens.media.cards import AddressOf, MediaCard, MediaRow, media_card

Id = str


class RemovedMedium(msgspec.Struct, frozen=True):
    """A photo or video that is stored no more: deleted, or kept no longer than evidence is kept."""

    id: Id
    kind: Kind
    removed_at: datetime
    removed_for: RemovedFor


class _Row(MediaRow, frozen=True):
    removed_at: datetime | None
    removed_for: RemovedFor | None


class Gallery(msgspec.Struct, frozen=True):
    """Media by id, removed ones too, and how their addresses are made."""

    rows: dict[int, _Row]
    address: AddressOf

    def media(self, media_ids: Sequence[int]) -> list[MediaCard]:
        """The cards of those that are stored, in this order."""
        found = [self.rows[each] for each in media_ids if each in self.rows]
        return [media_card(row, self.address) for row in found if row.removed_at is None]

    def removed(self, media_ids: Sequence[int]) -> list[RemovedMedium]:
        """Those that are stored no more, in this order."""
        found = [self.rows[each] for each in media_ids if each in self.rows]
        return [
            RemovedMedium(str(row.id), row.kind, row.removed_at, row.removed_for)
            for row in found
            if row.removed_at is not None and row.removed_for is not None
        ]


EMPTY = Gallery({}, lambda key, file: "")


async def read_gallery(conn: Connection, media_ids: Sequence[int], address: AddressOf) -> Gallery:
    """These media with one statement; without media none is needed."""
    if not media_ids:
        return EMPTY
    rows = await conn.fetch(
        """
        SELECT id, kind, state, error_code, progress, key, alt, width, height, duration_ms, placeholder, renditions,
               removed_at, removed_for
        FROM media
        WHERE id = ANY ($1::bigint[])
        """,
        media_ids,
    )
    return Gallery({row.id: row for row in many(rows, _Row)}, address)
