"""Reads the final contents of Postgres and Redis for the checker."""

from collections.abc import Collection, Mapping
from typing import Any

import asyncpg
import msgspec
from redis.asyncio import Redis

from feed.boards import compute, redis_store, store
from feed.boards.model import BOARD_STATES, HOT, HOT_KEPT, board_of
from feed.postgres import Connection
from tests.chaos.check import Change, Count, Made, Pair

_Record = asyncpg.Record


class Rows(msgspec.Struct, frozen=True):
    """All rows that clients know of."""

    posts: list[Made]
    comments: list[Made]
    likes: set[Pair]
    past_likes: dict[Pair, int]
    comment_likes: set[Pair]
    past_comment_likes: dict[Pair, int]


async def read(conn: Connection) -> Rows:
    """The rows; people by the numbers that the load gave them."""
    people = {
        row["id"]: int(row["sub"].removeprefix("chaos:"))
        for row in await conn.fetch(r"SELECT id, sub FROM accounts WHERE sub ~ '^chaos:\d+$'")
    }

    def pair(row: _Record) -> Pair:
        return str(row["id"]), people[row["account_id"]]

    def made(row: _Record) -> Made:
        return Made(str(row["id"]), row["text"], people[row["author_id"]], row["state"])

    return Rows(
        posts=[made(row) for row in await conn.fetch(_POSTS)],
        comments=[made(row) for row in await conn.fetch("SELECT id, text, author_id, state FROM comments")],
        likes={pair(row) for row in await conn.fetch("SELECT post_id AS id, account_id FROM likes")},
        past_likes={pair(row): row["times"] for row in await conn.fetch(_PAST_LIKES)},
        comment_likes={pair(row) for row in await conn.fetch("SELECT comment_id AS id, account_id FROM comment_likes")},
        past_comment_likes={pair(row): row["times"] for row in await conn.fetch(_PAST_COMMENT_LIKES)},
    )


async def counts(conn: Connection) -> list[Count]:
    """Every counter with the count of its rows."""
    return [Count(row["of"], row["kept"], row["counted"]) for row in await conn.fetch(_COUNTS)]


async def log(conn: Connection) -> tuple[list[Change], dict[int, int], int, int]:
    """The change log, the posts' versions, how many changes wait for a number, and the last number."""
    changes = [
        Change(*row) for row in await conn.fetch("SELECT number, post_id, version FROM change_log ORDER BY number")
    ]
    versions = {row["post_id"]: row["version"] for row in await conn.fetch("SELECT post_id, version FROM post_stats")}
    waiting = await conn.fetchval("SELECT count(*) FROM changes")
    return changes, versions, waiting, await conn.fetchval("SELECT last_number FROM change_numbers")


async def boards(
    conn: Connection, redis: Redis
) -> tuple[Mapping[str, Collection[Any]], Mapping[str, Collection[Any] | None]]:
    """Each board as Postgres has it, and as Redis does."""
    moment = await store.get_log_head(conn)
    wanted: dict[str, Collection[Any]] = {HOT: await compute.hot_ranking(conn, HOT_KEPT)}
    for campaign_id in await store.list_campaigns(conn, BOARD_STATES):
        wanted[board_of(campaign_id)] = await compute.campaign_ranking(conn, campaign_id, HOT_KEPT)
    held = {board: await redis_store.top(redis, board, epoch=moment.epoch, limit=HOT_KEPT) for board in wanted}
    return wanted, held


async def latest(conn: Connection, limit: int) -> list[str]:
    """The posts that the first page of the latest has to show."""
    rows = await conn.fetch("SELECT id FROM visible_posts ORDER BY published_at DESC, id DESC LIMIT $1", limit)
    return [str(row["id"]) for row in rows]


_POSTS = """
SELECT posts.id, revisions.text, posts.author_id, posts.state
FROM posts JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
"""
_PAST_LIKES = "SELECT post_id AS id, account_id, count(*) AS times FROM past_likes GROUP BY 1, 2"
_PAST_COMMENT_LIKES = "SELECT comment_id AS id, account_id, count(*) AS times FROM past_comment_likes GROUP BY 1, 2"
_COUNTS = """
SELECT 'like_count of ' || post_id AS of, like_count AS kept,
       (SELECT count(*) FROM likes WHERE likes.post_id = post_stats.post_id) AS counted
FROM post_stats
UNION ALL
SELECT 'own_like_count of ' || post_id, own_like_count,
       (SELECT count(*) FROM likes JOIN posts ON posts.id = likes.post_id AND posts.author_id = likes.account_id
        WHERE likes.post_id = post_stats.post_id)
FROM post_stats
UNION ALL
SELECT 'comment_count of ' || post_id, comment_count,
       (SELECT count(*) FROM comments WHERE comments.post_id = post_stats.post_id AND state = 'published')
FROM post_stats
UNION ALL
SELECT 'own_comment_count of ' || post_id, own_comment_count,
       (SELECT count(*) FROM comments JOIN posts ON posts.id = comments.post_id AND posts.author_id = comments.author_id
        WHERE comments.post_id = post_stats.post_id AND comments.state = 'published')
FROM post_stats
UNION ALL
SELECT 'reply_count of ' || id, reply_count,
       (SELECT count(*) FROM comments AS replies WHERE replies.root_id = comments.id AND replies.state = 'published')
FROM comments WHERE root_id IS NULL
UNION ALL
SELECT 'like_count of comment ' || id, like_count,
       (SELECT count(*) FROM comment_likes
        WHERE comment_likes.post_id = comments.post_id AND comment_likes.comment_id = comments.id)
FROM comments
UNION ALL
SELECT 'post_count of account ' || id, post_count,
       (SELECT count(*) FROM posts WHERE posts.author_id = accounts.id AND posts.state = 'published')
FROM accounts
"""
