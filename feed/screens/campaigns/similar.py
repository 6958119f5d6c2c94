"""Entries of a campaign with a picture like one of an entry, for editors and reviewers."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.campaigns.entries.similar_store import OfEntry, list_similar
from feed.postgres import Connection

Id = str


class SimilarPost(msgspec.Struct, frozen=True):
    """Another entry of the same campaign with a picture like one of this one. `distance`: 0 for the same picture, at most 26."""

    post_id: Id
    author_id: Id
    entered_at: datetime
    distance: int


async def read_similar(conn: Connection, pictures: Sequence[OfEntry]) -> dict[int, list[SimilarPost]]:
    """By key the entries with similar pictures, the first posted first; without pictures no statement is needed."""
    if not pictures:
        return {}
    found: dict[int, list[SimilarPost]] = {}
    for each in await list_similar(conn, pictures):
        similar = SimilarPost(str(each.post_id), str(each.author_id), each.entered_at, each.distance)
        found.setdefault(each.key, []).append(similar)
    return found
