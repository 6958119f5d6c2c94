"""The number of statements of a screen. Their plans are tested in tests/plans."""

from typing import Any

import asyncpg
from asyncpg import Record
from redis.asyncio import Redis

from feed.links import Links
from feed.pagination import NEWEST, OLDEST
from feed.ranking_snapshots import MAX_RANKED
from feed.screens.comments import cards as comments
from feed.screens.comments import hot as hot_comments
from feed.screens.posts import likers
from feed.screens.posts.feeds import list_latest
from feed.screens.posts.pages import Pages
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from tests.support import make, make_media
from tests.support.statements import CURSORS, count_statements, record_statements


async def test_a_signed_in_page_has_one_statement_more_than_an_anonymous_one(pool: "asyncpg.Pool[Record]") -> None:
    viewer = await make.account(pool)
    post_ids = [await make.post(pool) for _ in range(5)]
    pages = Pages(pool, CURSORS, Links("http://feed.test/p/{post_id}"))
    async with record_statements(pool) as recorded:
        await pages.page("latest", list_latest, viewer_id=None, cursor=None, limit=3)
        assert await count_statements(recorded) == 2
        await pages.page("latest", list_latest, viewer_id=viewer, cursor=None, limit=3)
        assert await count_statements(recorded) == 3
        await pages.posts(post_ids, viewer)
        assert await count_statements(recorded) == 5
        await pages.posts(post_ids, None)
        assert await count_statements(recorded) == 6


async def test_a_page_with_photos_has_one_statement_more_until_they_are_encoded(pool: "asyncpg.Pool[Record]") -> None:
    author = await make.account(pool)
    post_ids = [await make.post(pool, author) for _ in range(3)]
    for post_id in post_ids:
        for _ in range(9):
            await make_media.medium(pool, author, post_id=post_id)
    pages = Pages(pool, CURSORS, Links("http://feed.test/p/{post_id}"))
    async with record_statements(pool) as recorded:
        first = await pages.posts(post_ids, None)
        assert await count_statements(recorded) == 2
        assert await pages.posts(post_ids, None) == first
        assert await count_statements(recorded) == 3
        await pool.execute("UPDATE media SET alt = 'x' WHERE post_id = $1", post_ids[0])
        del recorded[:]
        assert (await pages.posts(post_ids, None)).count(b'"alt":"x"') == 9
        assert await count_statements(recorded) == 2


async def test_a_page_of_comments_has_a_fixed_number_of_statements(pool: "asyncpg.Pool[Record]", redis: Redis) -> None:
    post_id, viewer = await make.post(pool), await make.account(pool)
    for root in [await make.comment(pool, post_id) for _ in range(6)]:
        await reply(pool, post_id, root)
    async with record_statements(pool) as recorded:
        async with pool.acquire() as conn:
            roots = await comments.list_comments(conn, await comments.list_oldest(conn, post_id, OLDEST, 5), viewer)
            await comments.list_cards(conn, roots, ViewerState(viewer))
        assert await count_statements(recorded) == 4
        for cursor in (None, page.next_cursor if (page := await read_hot(pool, redis, post_id, None)) else None):
            del recorded[:]
            await read_hot(pool, redis, post_id, cursor)
            assert await count_statements(recorded) == (3 if cursor else 4)
        del recorded[:]
        async with pool.acquire() as conn:
            await likers.list_likers(conn, post_id, NEWEST, 20)
        assert await count_statements(recorded) == 1


async def read_hot(pool: "asyncpg.Pool[Record]", redis: Redis, post_id: int, cursor: str | None) -> Any:
    return await hot_comments.read_page(pool, redis, CURSORS, post_id, viewer_state=ANONYMOUS, cursor=cursor, limit=3)


async def reply(pool: "asyncpg.Pool[Record]", post_id: int, root_id: int) -> None:
    reply_id = await make.comment(pool, post_id)
    await pool.execute("UPDATE comments SET root_id = $2, reply_to_id = $2 WHERE id = $1", reply_id, root_id)
    await pool.execute("UPDATE comments SET reply_count = reply_count + 1 WHERE id = $1", root_id)


async def test_the_hot_order_is_paged_without_redis(pool: "asyncpg.Pool[Record]") -> None:
    post_id = await make.post(pool)
    comment_ids = [str(await make.comment(pool, post_id)) for _ in range(7)]
    unreachable = Redis(host="127.0.0.1", port=1)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await read_hot(pool, unreachable, post_id, cursor)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == comment_ids[::-1]


async def test_a_ranking_has_a_thousand_comments_at_most(pool: "asyncpg.Pool[Record]") -> None:
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
        assert len((await hot_comments.rank(conn, post_id, author)).ids) == MAX_RANKED
