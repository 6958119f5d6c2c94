"""The SQL of comments by the thousand, for whoever fills an empty installation."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from feed.postgres import Connection


class PublishedComment(NamedTuple):
    """A comment that everybody sees; `reply_count` is how many such replies it has as a root."""

    post_id: int
    id: int
    author_id: int
    root_id: int | None
    reply_to_id: int | None
    text: str
    reply_count: int
    created_at: datetime


async def add_many(conn: Connection, comments: Iterable[PublishedComment]) -> None:
    """Comments of which nobody needs to be told. Counters are the caller's."""
    await conn.copy_records_to_table(
        "comments",
        records=((*each, "published", True) for each in comments),
        columns=(*PublishedComment._fields, "state", "told"),
    )
