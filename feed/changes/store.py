"""The SQL of `post_stats` and of the change log. Changes are inserted without a number and numbered in commit order later."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import msgspec

from feed.postgres import Connection, columns, many

# A callback that an action calls after its commit with the posts whose counters or content it has changed.
Announce = Callable[[Collection[int]], None]


def announce_nothing(post_ids: Collection[int]) -> None:
    """Does nothing: for callers without boards and page caches, which followers of the change log update instead."""


class Delta(msgspec.Struct, frozen=True):
    """What is added to the counters of a post. All zero: another input to a score has changed (mark, void, visibility, rules)."""

    post_id: int
    likes: int = 0
    own_likes: int = 0
    comments: int = 0
    own_comments: int = 0


class Stats(msgspec.Struct, frozen=True):
    """Exact counters of a post. Every change of an input to one of its scores increments the version."""

    post_id: int
    like_count: int
    own_like_count: int
    comment_count: int
    own_comment_count: int
    version: int


class Change(msgspec.Struct, frozen=True):
    """A numbered change. A reader that has seen `number` has seen all that was committed before it was assigned."""

    number: int
    post_id: int
    version: int
    made_at: datetime
    numbered_at: datetime

    @property
    def stamp(self) -> str:
        """Distinguishes this history from another one with the same numbers."""
        return stamp_of(self.numbered_at)


def stamp_of(numbered_at: datetime) -> str:
    """The time at which a number was assigned, in UTC with microseconds."""
    return f"{numbered_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


async def add_stats(conn: Connection, post_ids: Sequence[int]) -> None:
    """Adds zero counters for new posts, and the first change of each."""
    await conn.execute(
        """
        WITH added AS (
            INSERT INTO post_stats (post_id)
            SELECT post_id FROM unnest($1::bigint[]) AS given (post_id)
            RETURNING post_id, version
        )
        INSERT INTO changes (post_id, version)
        SELECT post_id, version FROM added
        """,
        post_ids,
    )


async def lock_stats(conn: Connection, post_ids: Sequence[int]) -> dict[int, Stats]:
    """Locks the counters in the order of ids; writers of several posts call it first. Unknown posts are absent."""
    rows = await conn.fetch(
        """
        SELECT post_id, like_count, own_like_count, comment_count, own_comment_count, version
        FROM post_stats
        WHERE post_id = ANY($1::bigint[])
        ORDER BY post_id
        FOR UPDATE
        """,
        post_ids,
    )
    return {stats.post_id: stats for stats in many(rows, Stats)}


async def list_stats(conn: Connection, post_ids: Sequence[int]) -> dict[int, Stats]:
    """The counters by post, without a lock. Unknown posts are absent."""
    rows = await conn.fetch(
        """
        SELECT post_id, like_count, own_like_count, comment_count, own_comment_count, version
        FROM post_stats
        WHERE post_id = ANY($1::bigint[])
        """,
        post_ids,
    )
    return {stats.post_id: stats for stats in many(rows, Stats)}


async def change_stats(conn: Connection, deltas: Sequence[Delta]) -> dict[int, Stats]:
    """Adds the deltas, and returns the new counters. Each post gets one new version and one change, however many deltas it has."""
    if not deltas:
        return {}
    rows = await conn.fetch(
        """
        WITH deltas AS (
            SELECT post_id, sum(likes) AS likes, sum(own_likes) AS own_likes,
                   sum(comments) AS comments, sum(own_comments) AS own_comments
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
                AS given (post_id, likes, own_likes, comments, own_comments)
            GROUP BY post_id
        ), moved AS (
            UPDATE post_stats AS held
            SET like_count = held.like_count + deltas.likes,
                own_like_count = held.own_like_count + deltas.own_likes,
                comment_count = held.comment_count + deltas.comments,
                own_comment_count = held.own_comment_count + deltas.own_comments,
                version = held.version + 1
            FROM deltas
            WHERE held.post_id = deltas.post_id
            RETURNING held.post_id, held.like_count, held.own_like_count,
                      held.comment_count, held.own_comment_count, held.version
        ), logged AS (
            INSERT INTO changes (post_id, version)
            SELECT post_id, version FROM moved
        )
        SELECT post_id, like_count, own_like_count, comment_count, own_comment_count, version FROM moved
        """,
        *columns([(d.post_id, d.likes, d.own_likes, d.comments, d.own_comments) for d in deltas], 5),
    )
    return {stats.post_id: stats for stats in many(rows, Stats)}


async def try_sequencer_lock(conn: Connection) -> bool:
    """Takes the sequencer's lock until the transaction ends. False if another process holds it.

    The numbers of one holder are committed before the next holder reads `change_numbers`.
    """
    free: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('feed.sequencer', 0))")
    return free


async def number_changes(conn: Connection, limit: int = 20_000) -> int:
    """Numbers changes and returns how many. Needs the sequencer's lock and READ COMMITTED, so that numbers become visible in order.

    The changes of a post keep the order of its versions. The last number is kept when the log is trimmed, so none is reused.
    """
    numbered: int = await conn.fetchval(
        """
        WITH due AS (
            SELECT post_id, id FROM changes ORDER BY id LIMIT $1
        ), taken AS (
            DELETE FROM changes USING due
            WHERE changes.post_id = due.post_id AND changes.id = due.id
            RETURNING changes.post_id, changes.id, changes.version, changes.made_at
        ), moved AS (
            UPDATE change_numbers
            SET last_number = last_number + (SELECT count(*) FROM taken)
            WHERE EXISTS (SELECT FROM taken)
            RETURNING last_number
        ), settled AS (
            SELECT post_id, version, made_at, max(id) OVER (PARTITION BY post_id ORDER BY version) AS place FROM taken
        ), logged AS (
            INSERT INTO change_log (number, post_id, version, made_at)
            SELECT moved.last_number + 1 - row_number() OVER (ORDER BY place DESC, settled.post_id DESC, version DESC),
                   settled.post_id, version, made_at
            FROM settled, moved
            RETURNING number
        )
        SELECT count(*) FROM logged
        """,
        limit,
    )
    return numbered


async def list_changes(conn: Connection, after: int, limit: int) -> list[Change]:
    """The first `limit` changes with a number above `after`, in the order of their numbers."""
    rows = await conn.fetch(
        """
        SELECT number, post_id, version, made_at, numbered_at
        FROM change_log
        WHERE number > $1
        ORDER BY number
        LIMIT $2
        """,
        after,
        limit,
    )
    return many(rows, Change)


async def get_last_number(conn: Connection) -> int:
    """The highest number that was ever assigned; 0 before the first."""
    number: int = await conn.fetchval("SELECT last_number FROM change_numbers")
    return number


async def list_stamps(conn: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The stamps of these numbers; numbers that are not in the log are absent."""
    rows = await conn.fetch("SELECT number, numbered_at FROM change_log WHERE number = ANY($1::bigint[])", numbers)
    return {row["number"]: stamp_of(row["numbered_at"]) for row in rows}


async def trim_log(conn: Connection, *, hours: int) -> int:
    """Deletes rows that were numbered more than `hours` ago, except the newest row. Returns how many."""
    tag = await conn.execute(
        """
        WITH kept AS (
            -- Numbers are assigned in the order of time, so the old rows are those before the first recent one.
            SELECT number FROM change_log WHERE numbered_at >= now() - make_interval(hours => $1) ORDER BY number LIMIT 1
        )
        DELETE FROM change_log
        WHERE number < coalesce((SELECT number FROM kept), (SELECT last_number FROM change_numbers))
        """,
        hours,
    )
    return int(tag.split()[-1])
