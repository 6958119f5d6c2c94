"""The number of statements of hot lists and topics, and the index that each of them uses."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from asyncpg import Record
from redis.asyncio import Redis

from feed.boards import store as boards
from feed.curation import store as curation
from feed.curation import trend_store
from feed.curation.trends import HALF_LIFE
from feed.links import Links
from feed.pagination import NEWEST
from feed.postgres import Connection
from feed.screens.posts import feeds, ranked_pages, topics
from feed.screens.posts.hot_lists import HotLists
from feed.screens.posts.new_count import NewPostCounter
from feed.screens.posts.pages import Pages
from feed.screens.posts.topics import Topics
from feed.topics import store as topic_store
from tests.support import make
from tests.support.statements import CURSORS, count_statements, record_statements


async def read(
    pages: Pages, redis: Redis, rank: Callable[[], Awaitable[Any]], viewer_id: int | None, cursor: str | None = None
) -> Any:
    return await ranked_pages.read_page(
        pages, redis, CURSORS, "a list", rank, viewer_id=viewer_id, cursor=cursor, limit=3
    )


async def test_a_hot_page_has_as_many_statements_per_viewer_as_a_latest_page(
    pool: "asyncpg.Pool[Record]", redis: Redis
) -> None:
    viewer = await make.account(pool)
    campaign = await make.campaign(pool)
    for _ in range(5):
        await make.entry(pool, campaign)
    topic_ids = [await make.topic(pool)]
    pages, hot = Pages(pool, CURSORS, Links("http://feed.test/p/{post_id}")), HotLists(pool, redis, lambda: None)
    lists: dict[str, tuple[Callable[[], Awaitable[Any]], int]] = {
        # The board, editors' actions, topics, the clock; and the cards.
        "everybody": (hot.rank_all, 5),
        # The hot list is cached already: the topic's newest posts, their counters; and no cards, since there are no posts.
        "topic": (lambda: hot.rank_topics(topic_ids), 2),
        "campaign": (lambda: hot.rank_campaign(campaign), 4),
    }
    async with record_statements(pool) as recorded:
        for name, (rank, statements) in lists.items():
            pages.invalidate(None)
            del recorded[:]
            await read(pages, redis, rank, None)
            assert await count_statements(recorded) == statements, (name, recorded)
            page = await read(pages, redis, rank, None)
            assert await count_statements(recorded) == statements, name
            await read(pages, redis, rank, viewer)
            assert await count_statements(recorded) == statements + (b'"id"' in page.body), name


async def test_new_posts_are_counted_without_a_statement_for_recent_posts(pool: "asyncpg.Pool[Record]") -> None:
    ids = [await make.post(pool) for _ in range(3)]
    new_posts = NewPostCounter(pool)
    async with record_statements(pool) as recorded:
        assert [await new_posts.count(post_id) for post_id in ids] == [2, 1, 0]
        assert await count_statements(recorded) == 1
        await new_posts.count(1)
        assert await count_statements(recorded) == 2


async def test_topics_are_read_once_a_second(pool: "asyncpg.Pool[Record]", redis: Redis) -> None:
    topic_id = await make.topic(pool)
    await pool.execute("INSERT INTO topic_posts (topic_id, published_at, post_id) VALUES ($1, now(), 1)", topic_id)
    names = Topics(pool, redis, CURSORS)
    async with record_statements(pool) as recorded:
        for _ in range(3):
            await names.resolve("读书")
        assert await count_statements(without_driver_statements(recorded)) == 1
        del recorded[:]
        for _ in range(3):
            await names.page("", cursor=None, limit=20)
        # The ranking once, the cards at each request.
        assert await count_statements(without_driver_statements(recorded)) == 4


def without_driver_statements(recorded: list[str]) -> list[str]:
    """The statements without those by which the driver reads the definition of a type."""
    return [
        query
        for query in recorded
        if not any(word in query for word in ("pg_catalog", "current_setting", "set_config"))
    ]


READS_BY_INDEX: dict[str, Callable[[Connection, int], Awaitable[Any]]] = {
    "topic_posts_pkey": lambda conn, id_: feeds.list_under_topics(conn, [id_, id_ + 1], NEWEST, 20),
    "topic_posts_by_post": lambda conn, id_: feeds.list_topics_of(conn, list(range(id_, id_ + 50))),
    "posts_videos": lambda conn, id_: feeds.list_videos(conn, NEWEST, 20),
    "posts_pkey": lambda conn, id_: feeds.get_position(conn, id_),
    "post_stats_pkey": lambda conn, id_: boards.list_posts(conn, [id_, id_ + 1]),
    "hot_actions_one_stands": lambda conn, id_: curation.find_unended(conn, id_),
    "hot_actions_of_post": lambda conn, id_: curation.list_of_post(conn, id_, 50),
    "topics_by_prefix": lambda conn, id_: topics.list_by_prefix(conn, "k12", 20),
    "topic_trends_hottest": lambda conn, id_: topics.list_trending(conn, "", 20),
    "topics_aliases": lambda conn, id_: topic_store.find_resolved(conn, "k12"),
    "posts_latest": lambda conn, id_: trend_store.count_trends(
        conn, reach=timedelta(minutes=10), half_life=HALF_LIFE, posts=100, topics=10
    ),
}


@pytest.fixture
async def first_id(conn: Connection) -> int:
    """Thousands of posts, topics, entries and editors' actions, with ids from the returned one on."""
    author, campaign = await make.account(conn), await make.campaign(conn)
    await conn.execute(
        """
        -- Of the topics that editors have changed, aliases are a part.
        INSERT INTO topics (id, key, name, alias_of, review_stages)
        SELECT $1::bigint + n, 'k' || n, 'k' || n, CASE WHEN n % 40 = 39 THEN $1::bigint END, CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END
        FROM generate_series(0, 7999) AS n ORDER BY n
        """,
        campaign,
    )
    await conn.execute(
        """
        INSERT INTO posts (id, author_id, state, published_at, has_video)
        SELECT $1::bigint + n, $2, 'published', now() - n * interval '1 minute', n % 50 = 0 FROM generate_series(0, 7999) AS n
        """,
        campaign,
        author,
    )
    for statement in FILL_STEPS:
        await conn.execute(statement, campaign)
    await conn.execute(
        "ANALYZE posts, topics, topic_posts, post_stats, entries, hot_actions, topic_trends, takedown_scopes"
    )
    return campaign


FILL_STEPS = (
    """
    INSERT INTO topic_posts (topic_id, published_at, post_id)
    SELECT $1::bigint + id % 3, published_at, id FROM posts WHERE id >= $1
    """,
    "INSERT INTO post_stats (post_id) SELECT id FROM posts WHERE id >= $1",
    """
    INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
    SELECT $1, id, author_id, published_at FROM posts WHERE id >= $1
    """,
    """
    INSERT INTO hot_actions (post_id, action, reason, until, made_by, made_at, ended_at, ended_by)
    SELECT $1::bigint + n / 2, 'boost', 'x', now() + (n % 97 - 95) * interval '1 day', 1, now() - interval '99 days',
           CASE WHEN n % 2 = 0 THEN now() END, 1
    FROM generate_series(0, 5999) AS n
    """,
    """
    INSERT INTO topic_trends (topic_id, score, author_count, post_count)
    SELECT id, id % 977, 1, 1 FROM topics WHERE id >= $1 AND alias_of IS NULL
    """,
)


@pytest.mark.parametrize("index", READS_BY_INDEX)
async def test_each_read_uses_its_index(conn: Connection, first_id: int, index: str) -> None:
    recorded: list[Any] = []
    with conn.query_logger(recorded.append):
        await READS_BY_INDEX[index](conn, first_id)
        await asyncio.sleep(0)
    (statement,) = [each for each in recorded if without_driver_statements([each.query])]
    plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {statement.query}", *statement.args))
    assert index in plan, plan
    # Trends are computed from all trending topics. That some post has a topic is found at once here, where each has thousands.
    if index not in ("posts_latest", "topics_by_prefix", "topic_trends_hottest", "topics_aliases"):
        assert "Seq Scan" not in plan, plan
