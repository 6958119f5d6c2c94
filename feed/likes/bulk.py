"""The SQL that copies likes in bulk into an empty installation."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from feed.postgres import Connection


class DatedLike(NamedTuple):
    """A like with its time."""

    post_id: int
    account_id: int
    liked_at: datetime


async def add_many(conn: Connection, likes: Iterable[DatedLike]) -> None:
    """Adds likes that are unique by post and account. The caller adds the counters."""
    await conn.copy_records_to_table("likes", records=likes, columns=DatedLike._fields)
