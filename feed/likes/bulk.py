"""The SQL of likes by the million, for whoever fills an empty installation."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from feed.postgres import Connection


class DatedLike(NamedTuple):
    """A like that was given at a known instant."""

    post_id: int
    account_id: int
    liked_at: datetime


async def add_many(conn: Connection, likes: Iterable[DatedLike]) -> None:
    """Likes of which each is the only one of its account and post. Counters are the caller's."""
    await conn.copy_records_to_table("likes", records=likes, columns=DatedLike._fields)
