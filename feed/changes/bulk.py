"""The SQL of counters by the thousand, for whoever fills an empty installation."""

from collections.abc import Iterable
from typing import NamedTuple

from feed.postgres import Connection


class PostCounters(NamedTuple):
    """What stands in the rows of one post."""

    post_id: int
    like_count: int
    own_like_count: int
    comment_count: int
    own_comment_count: int


async def add_counters(conn: Connection, posts: Iterable[PostCounters]) -> None:
    """Counters of new posts that have likes and comments already.

    No change is left: whoever follows the log would tell every author of every like. So the boards must be built anew.
    """
    await conn.copy_records_to_table("post_stats", records=posts, columns=PostCounters._fields)
