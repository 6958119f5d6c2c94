"""How many statements a screen asks, and by which index its lists are read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest
from asyncpg import Record
from redis.asyncio import Redis

from feed.paging import NEWEST, OLDEST, Cursors
from feed.postgres import Connection
from feed.screens import comments, hot_comments, likers
from feed.screens.feeds import list_latest
from feed.screens.pages import Pages
from feed.screens.rights import ANONYMOUS, Look
from tests import make

CURSORS = Cursors(b"k" * 32)


@asynccontextmanager
async def asked(pool: "asyncpg.Pool[Record]") -> AsyncIterator[list[str]]:
    """What the pool's connections are asked inside of the block."""
    said: list[str] = []

    def hear(query: Any) -> None:
        said.append(query.query)

    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_max_size())]
        for conn in held:
            conn.add_query_logger(hear)
    yield said


async def count(said: list[str]) -> int:
    """How many statements were heard; a logger hears them in the loop's next turn."""
    await asyncio.sleep(0)
    return len(said)


async def test_a_signed_in_page_costs_one_statement_more_than_an_anonymous_one(pool: "asyncpg.Pool[Record]") -> None:
    viewer = await make.account(pool)
    post_ids = [await make.post(pool) for _ in range(5)]
    pages = Pages(pool, CURSORS, "http://feed.test")
    async with asked(pool) as said:
        await pages.page("latest", list_latest, viewer_id=None, cursor=None, limit=3)
        assert await count(said) == 2
        await pages.page("latest", list_latest, viewer_id=viewer, cursor=None, limit=3)
        assert await count(said) == 3
        await pages.posts(post_ids, viewer)
        assert await count(said) == 5
        await pages.posts(post_ids, None)
        assert await count(said) == 6


async def test_a_page_of_comments_costs_the_same_however_many_it_has(
    pool: "asyncpg.Pool[Record]", redis: Redis
) -> None:
    post_id, viewer = await make.post(pool), await make.account(pool)
    for root in [await make.comment(pool, post_id) for _ in range(6)]:
        await reply(pool, post_id, root)
    async with asked(pool) as said:
        async with pool.acquire() as conn:
            roots = await comments.list_comments(conn, await comments.list_oldest(conn, post_id, OLDEST, 5), viewer)
            await comments.list_cards(conn, roots, Look(viewer))
        assert await count(said) == 4
        for cursor in (None, page.next_cursor if (page := await hot(pool, redis, post_id, None)) else None):
            del said[:]
            await hot(pool, redis, post_id, cursor)
            assert await count(said) == (3 if cursor else 4)
        del said[:]
        async with pool.acquire() as conn:
            await likers.list_likers(conn, post_id, NEWEST, 20)
        assert await count(said) == 1


async def hot(pool: "asyncpg.Pool[Record]", redis: Redis, post_id: int, cursor: str | None) -> Any:
    return await hot_comments.read_page(pool, redis, CURSORS, post_id, look=ANONYMOUS, cursor=cursor, limit=3)


async def reply(pool: "asyncpg.Pool[Record]", post_id: int, root_id: int) -> None:
    reply_id = await make.comment(pool, post_id)
    await pool.execute("UPDATE comments SET root_id = $2, reply_to_id = $2 WHERE id = $1", reply_id, root_id)
    await pool.execute("UPDATE comments SET reply_count = reply_count + 1 WHERE id = $1", root_id)


async def test_the_hot_order_goes_on_without_redis(pool: "asyncpg.Pool[Record]") -> None:
    post_id = await make.post(pool)
    there = [str(await make.comment(pool, post_id)) for _ in range(7)]
    nowhere = Redis(host="127.0.0.1", port=1)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await hot(pool, nowhere, post_id, cursor)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == there[::-1]


async def test_a_ranking_ends_after_a_thousand(pool: "asyncpg.Pool[Record]") -> None:
    post_id, author = await make.post(pool), await make.account(pool)
    await pool.execute(
        """
        INSERT INTO comments (post_id, author_id, text, state)
        SELECT $1, $2, '好', 'published' FROM generate_series(1, 1005)
        """,
        post_id,
        author,
    )
    async with pool.acquire() as conn:
        assert len((await hot_comments.rank(conn, post_id, author)).ids) == hot_comments.SHOWN


LISTS: dict[str, Callable[[Connection, int], Awaitable[Any]]] = {
    "comments_roots_timed using list_oldest": lambda conn, id_: comments.list_oldest(conn, id_, OLDEST, 20),
    "comments_roots_timed using list_newest": lambda conn, id_: comments.list_newest(conn, id_, NEWEST, 20),
    "comments_replies_timed using list_replies": lambda conn, id_: comments.list_replies(conn, id_, OLDEST, 20),
    "comments_roots_hot using rank": lambda conn, id_: hot_comments.rank(conn, id_, None),
    "likes_latest using list_likers": lambda conn, id_: likers.list_likers(conn, id_, NEWEST, 20),
}


@pytest.mark.parametrize("name", LISTS)
async def test_each_order_is_read_from_its_index(conn: Connection, name: str) -> None:
    post_id, author = await make.post(conn), await make.account(conn)
    await conn.execute(
        """
        INSERT INTO comments (post_id, author_id, text, state, root_id, reply_to_id)
        SELECT $1::bigint, $2, '好', 'published', root.id, root.id
        FROM generate_series(1, 8000) AS n, nullif($1::bigint, (n % 2) * $1::bigint) AS root (id)
        """,
        post_id,
        author,
    )
    await conn.execute(
        """
        WITH crowd AS (
            INSERT INTO accounts (iss, sub, name) SELECT 'crowd', n::text, 'x' FROM generate_series(1, 8000) AS n RETURNING id
        )
        INSERT INTO likes (post_id, account_id) SELECT $1, id FROM crowd
        """,
        post_id,
    )
    await conn.execute("ANALYZE comments, likes, accounts")
    said: list[Any] = []
    with conn.query_logger(said.append):
        await LISTS[name](conn, post_id)
        await asyncio.sleep(0)  # As in `count`.
    plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {said[0].query}", *said[0].args))
    assert name.split()[0] in plan, plan
