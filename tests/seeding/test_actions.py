"""A filled installation: counters equal rows, the skew is there, and nothing is mixed with what is real."""

import asyncio

import pytest
from redis.asyncio import Redis

from feed.boards import actions as boards
from feed.boards import compute, redis_store
from feed.boards.drift import check_drift
from feed.boards.model import HOT
from feed.boards.store import get_log_head
from feed.postgres import Pool
from feed.seeding.actions import fill
from feed.seeding.model import InvalidSizes, NotEmpty, SeedingInProgress, Sizes, sizes_of
from tests.support import make

SIZES = Sizes(posts=4_500, likes=30_000, comments=6_000, accounts=900, topics=20, days=60)


def ignore_progress(_: int) -> None:
    """Ignores the progress."""


async def test_counters_equal_rows(pool: Pool) -> None:
    chunks: list[int] = []
    await fill(pool, SIZES, chunks.append)

    assert sum(chunks) == SIZES.rows
    assert len(chunks) > 3
    for table, count in (("posts", SIZES.posts), ("likes", SIZES.likes), ("comments", SIZES.comments)):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == count
    assert await pool.fetchval("SELECT count(*) FROM accounts") == SIZES.accounts
    wrong = await pool.fetch(
        """
        SELECT posts.id FROM posts
        LEFT JOIN post_stats AS stats ON stats.post_id = posts.id
        CROSS JOIN LATERAL (
            SELECT count(*) AS likes, count(*) FILTER (WHERE account_id = posts.author_id) AS own_likes
            FROM likes WHERE post_id = posts.id
        ) AS liked
        CROSS JOIN LATERAL (
            SELECT count(*) AS comments, count(*) FILTER (WHERE comments.author_id = posts.author_id) AS own_comments
            FROM comments WHERE post_id = posts.id AND state = 'published'
        ) AS commented
        WHERE (stats.like_count, stats.own_like_count, stats.comment_count, stats.own_comment_count)
            IS DISTINCT FROM (liked.likes, liked.own_likes, commented.comments, commented.own_comments)
        """
    )
    assert wrong == []
    assert await pool.fetchval("SELECT sum(own_like_count) + sum(own_comment_count) FROM post_stats") > 0
    assert (
        await pool.fetch(
            """
            SELECT id FROM accounts
            WHERE post_count <> (SELECT count(*) FROM visible_posts WHERE author_id = accounts.id)
            """
        )
        == []
    )
    assert (
        await pool.fetch(
            """
            SELECT id FROM comments AS roots
            WHERE reply_count <> (
                SELECT count(*) FROM comments WHERE post_id = roots.post_id AND root_id = roots.id AND state = 'published'
            )
            """
        )
        == []
    )
    # Text, revision and topic list have the same topics.
    assert (
        await pool.fetch(
            """
            SELECT post_id FROM post_revisions AS revisions
            LEFT JOIN LATERAL (
                SELECT array_agg(topic_id) AS ids FROM topic_posts WHERE topic_posts.post_id = revisions.post_id
            ) AS placed ON true
            WHERE topic_ids <> coalesce(placed.ids, '{}') OR EXISTS (
                SELECT FROM jsonb_to_recordset(topics) AS at (name text, start int, length int)
                WHERE substr(text, at.start + 1, at.length) <> '#' || at.name || '#'
            )
            """
        )
        == []
    )


async def test_a_few_are_loved_and_most_are_not(pool: Pool) -> None:
    await fill(pool, SIZES, ignore_progress)

    row = await pool.fetchrow(
        """
        SELECT max(like_count) AS top, percentile_disc(0.5) WITHIN GROUP (ORDER BY like_count) AS middle,
            (SELECT sum(like_count) FROM (
                SELECT like_count FROM post_stats ORDER BY like_count DESC LIMIT 45
            ) AS loved) AS loved,
            (SELECT max(post_count) FROM accounts) AS busiest,
            (SELECT max(uses) FROM (SELECT count(*) AS uses FROM topic_posts GROUP BY topic_id) AS used) AS topic,
            (SELECT max(comment_count) FROM post_stats) AS discussed
        FROM post_stats
        """
    )
    assert row is not None
    assert row["top"] == SIZES.accounts
    assert row["middle"] <= 3
    assert row["loved"] > SIZES.likes * 0.35
    assert row["busiest"] > 5 * SIZES.posts / SIZES.accounts
    assert row["topic"] > 3 * SIZES.posts * 3 / 4 / SIZES.topics
    assert row["discussed"] > 50
    # Popularity does not follow age: both halves of the year have their share.
    early = await pool.fetchval(
        """
        SELECT sum(like_count) FROM post_stats
        WHERE post_id < (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY id) FROM posts)
        """
    )
    assert SIZES.likes * 0.2 < early < SIZES.likes * 0.8


async def test_boards_that_were_there_learn_of_it(pool: Pool, redis: Redis) -> None:
    while await boards.follow_change_log(pool, redis):
        pass
    async with pool.acquire() as conn:
        before = await get_log_head(conn)
    assert await redis_store.top(redis, HOT, epoch=before.epoch, limit=5) == []

    await fill(pool, SIZES, ignore_progress)
    while await boards.follow_change_log(pool, redis):
        pass

    async with pool.acquire() as conn:
        moment = await get_log_head(conn)
        expected = await compute.hot_ranking(conn, 5)
    assert moment.epoch != before.epoch
    held = await redis_store.top(redis, HOT, epoch=moment.epoch, limit=5)
    assert held is not None
    assert [row.post_id for row in held[:5]] == [row.post_id for row in expected[:5]]
    assert await check_drift(pool, redis, delay_seconds=0) == 0


async def test_nobody_is_told_of_what_nobody_did(pool: Pool) -> None:
    await fill(pool, SIZES, ignore_progress)

    assert await pool.fetchval("SELECT count(*) FROM changes") == 0
    assert await pool.fetchval("SELECT count(*) FROM comments WHERE NOT told") == 0


async def test_what_is_real_is_not_mixed_with_it(pool: Pool) -> None:
    await make.post(pool)
    with pytest.raises(NotEmpty, match="posts"):
        await fill(pool, SIZES, ignore_progress)
    assert await pool.fetchval("SELECT count(*) FROM posts") == 1
    assert await pool.fetchval("SELECT count(*) FROM likes") == 0


async def test_filling_twice_is_refused(pool: Pool) -> None:
    small = sizes_of(posts=20, likes=None, comments=None, accounts=30, topics=3, days=2)
    await fill(pool, small, ignore_progress)

    with pytest.raises(NotEmpty):
        await fill(pool, small, ignore_progress)

    assert await pool.fetchval("SELECT count(*) FROM likes") == small.likes == 200


async def test_two_at_once_do_not_write_into_each_other(pool: Pool) -> None:
    small = sizes_of(posts=200, likes=None, comments=None, accounts=30, topics=3, days=2)

    ended = await asyncio.gather(
        fill(pool, small, ignore_progress), fill(pool, small, ignore_progress), return_exceptions=True
    )

    assert [each for each in ended if each is None] == [None]
    assert any(isinstance(each, SeedingInProgress | NotEmpty) for each in ended)
    assert await pool.fetchval("SELECT count(*) FROM posts") == 200


async def test_whoever_is_interrupted_leaves_what_is_whole(pool: Pool) -> None:
    async with pool.acquire() as conn:
        before = await get_log_head(conn)
    written = 0

    def stop_soon(count: int) -> None:
        nonlocal written
        written += count
        if written > SIZES.rows / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await fill(pool, SIZES, stop_soon)

    posts = await pool.fetchval("SELECT count(*) FROM posts")
    assert 0 < posts < SIZES.posts
    assert await pool.fetchval("SELECT sum(like_count) FROM post_stats") == await pool.fetchval(
        "SELECT count(*) FROM likes"
    )
    assert await pool.fetchval("SELECT sum(post_count) FROM accounts") == posts
    async with pool.acquire() as conn:
        assert (await get_log_head(conn)).epoch != before.epoch
    with pytest.raises(NotEmpty):
        await fill(pool, SIZES, ignore_progress)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"posts": 0}, "posts"),
        ({"likes": -1}, "likes"),
        ({"accounts": 0}, "accounts"),
        ({"topics": 0}, "topics"),
        ({"days": 0}, "days"),
        ({"posts": 10, "accounts": 5, "likes": 51}, "50 likes"),
    ],
)
def test_sizes_that_cannot_be_are_told(given: dict[str, int], named: str) -> None:
    asked: dict[str, int] = {"posts": 10, "likes": 1, "comments": 1, "accounts": 5, "topics": 1, "days": 1}
    with pytest.raises(InvalidSizes, match=named):
        sizes_of(**(asked | given))
