"""The SQL that copies counters in bulk into an empty installation."""

from collections.abc import Iterable
from typing import NamedTuple

from feed.postgres import Connection


class PostCounters(NamedTuple):
    """The counters of one post."""

    post_id: int
    like_count: int
    own_like_count: int
    comment_count: int
    own_comment_count: int


async def add_counters(conn: Connection, posts: Iterable[PostCounters]) -> None:
    """Adds counters of new posts that already have likes and comments.

    It writes no changes, because a follower of the log would notify authors of every like. The boards must be rebuilt.
    """
    await conn.copy_records_to_table("post_stats", records=posts, columns=PostCounters._fields)
