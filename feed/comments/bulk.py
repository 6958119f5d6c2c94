"""The SQL that copies comments in bulk into an empty installation."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from feed.postgres import Connection


class PublishedComment(NamedTuple):
    """A published comment. `reply_count` is the number of its published replies if it is a root comment."""

    post_id: int
    id: int
    author_id: int
    root_id: int | None
    reply_to_id: int | None
    text: str
    reply_count: int
    created_at: datetime


async def add_many(conn: Connection, comments: Iterable[PublishedComment]) -> None:
    """Adds comments that need no notification. The caller adds the counters of the posts."""
    await conn.copy_records_to_table(
        "comments",
        records=((*each, "published", True) for each in comments),
        columns=(*PublishedComment._fields, "state", "told"),
    )
