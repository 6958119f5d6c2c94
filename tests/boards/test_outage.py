"""Outages of Redis: killed, late, emptied or restored, the boards equal Postgres again without an operator."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from feed import redis as feed_redis
from feed.boards import actions, compute, redis_store
from feed.boards.drift import repair_drift
from feed.boards.model import HOT
from feed.boards.projector import Projector
from feed.changes.actions import number_changes
from feed.observability import metrics
from feed.observability.metrics import DRIFT
from feed.postgres import Pool
from tests.boards.conftest import OwnValkey
from tests.support import make
from tests.support.boards import head_of, remove_post, settle, shown
from tests.support.clock import Clock
from tests.support.waiting import HANG_SECONDS


@pytest.fixture
async def client(own_valkey: OwnValkey) -> AsyncIterator[Redis]:
    opened = feed_redis.connect(own_valkey.url)
    yield opened
    await opened.aclose()


async def work(pool: Pool, redis: Redis) -> None:
    """The worker's jobs for boards, at its interval."""
    while True:
        await number_changes(pool)
        if not await actions.follow_change_log(pool, redis):
            await asyncio.sleep(0.25)


@contextlib.asynccontextmanager
async def working(pool: Pool, redis: Redis) -> AsyncIterator[Projector]:
    """Runs a worker and the projector of an API process."""
    projector = Projector(pool, redis)
    projector.start()
    worker = asyncio.create_task(work(pool, redis))
    try:
        yield projector
    finally:
        worker.cancel()
        await projector.close()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


async def until_equal(pool: Pool, redis: Redis) -> None:
    """Waits until Redis equals Postgres."""
    until = time.monotonic() + HANG_SECONDS
    while True:
        async with pool.acquire() as conn:
            expected = sorted((row.post_id, row.score) for row in await compute.hot_ranking(conn, 100))
        rows = await redis_store.top(redis, HOT, epoch=(await head_of(pool)).epoch, limit=100)
        if rows is not None and sorted((row.post_id, row.score) for row in rows) == expected:
            return
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


async def test_the_boards_catch_up_after_redis_was_killed(pool: Pool, own_valkey: OwnValkey, client: Redis) -> None:
    posts = [await make.post(pool) for _ in range(5)]
    async with working(pool, client) as projector:
        await until_equal(pool, client)
        own_valkey.kill()
        for post_id in posts[:3]:
            await make.like(pool, post_id)
            projector.touch([post_id])
        await remove_post(pool, posts[4])
        assert await redis_store.top(client, HOT, epoch=projector.epoch, limit=10) is None
        await asyncio.sleep(1.5)
        await own_valkey.start()
        await until_equal(pool, client)


async def test_the_boards_are_rebuilt_after_redis_was_emptied(pool: Pool, own_valkey: OwnValkey, client: Redis) -> None:
    for _ in range(5):
        await make.post(pool)
    async with working(pool, client):
        await until_equal(pool, client)
        await client.flushall()
        await until_equal(pool, client)


async def test_a_redis_that_starts_late_is_filled(pool: Pool, own_valkey: OwnValkey, client: Redis) -> None:
    own_valkey.kill()
    post_id = await make.post(pool)
    async with working(pool, client) as projector:
        projector.touch([post_id])
        await asyncio.sleep(0.5)
        assert await redis_store.top(client, HOT, epoch="e", limit=10) is None
        await own_valkey.start()
        await until_equal(pool, client)


async def test_a_redis_restored_to_an_older_state_catches_up(pool: Pool, own_valkey: OwnValkey, client: Redis) -> None:
    kept, gone = await make.post(pool), await make.post(pool)
    await settle(pool, client)
    await own_valkey.save()
    await client.connection_pool.disconnect()
    await make.like(pool, kept)
    await remove_post(pool, gone)
    await settle(pool, client)
    assert await shown(pool, client, HOT) == [kept]
    await own_valkey.restore()
    await client.connection_pool.disconnect()
    epoch = (await head_of(pool)).epoch
    assert len(await redis_store.list_rows(client, HOT, epoch, [kept, gone])) == 2
    assert await shown(pool, client, HOT) == [kept, gone]
    await settle(pool, client)
    assert await shown(pool, client, HOT) == [kept]


async def test_reads_fail_fast_while_redis_is_down(own_valkey: OwnValkey, client: Redis) -> None:
    await client.ping()
    own_valkey.kill()
    pool = client.connection_pool
    assert isinstance(pool, feed_redis.CircuitBreakerPool)
    pool.clock = Clock()
    # The first read loses its connection, the second one finds out that there is no other.
    for _ in range(2):
        assert await redis_store.top(client, HOT, epoch="e", limit=10) is None
    # While this clock stands still not one of the reads tries to connect.
    for _ in range(200):
        with pytest.raises(feed_redis.CircuitOpen):
            await client.ping()
        assert await redis_store.top(client, HOT, epoch="e", limit=10) is None


async def counts(redis: Redis, post_ids: list[int], epoch: str | None) -> dict[int, tuple[int, int]]:
    """Likes and comments of those of the posts that are on the hot list."""
    found = await redis_store.list_rows(redis, HOT, epoch or "", post_ids)
    return {post_id: (row.likes, row.comments) for post_id, (_, row) in found.items() if row is not None}


async def test_the_projector_writes_changed_posts_without_the_worker(
    pool: Pool, own_valkey: OwnValkey, client: Redis
) -> None:
    post_id = await make.post(pool)
    await settle(pool, client)
    projector = Projector(pool, client)
    projector.start()
    try:
        await make.like(pool, post_id)
        projector.touch([post_id])
        until = time.monotonic() + 60
        while await counts(client, [post_id], projector.epoch) != {post_id: (1, 0)}:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        await make.like(pool, post_id)
        projector.touch([post_id])
    finally:
        await projector.close()
    assert await counts(client, [post_id], projector.epoch) == {post_id: (2, 0)}


async def test_the_projector_reads_the_epoch_of_a_rebuild(pool: Pool, own_valkey: OwnValkey, client: Redis) -> None:
    projector = Projector(pool, client)
    projector.start()
    try:
        await actions.rebuild_boards(pool, client)
        until = time.monotonic() + 60
        while projector.epoch != (await head_of(pool)).epoch:
            assert time.monotonic() < until
            await asyncio.sleep(0.05)
    finally:
        await projector.close()


async def test_without_redis_nothing_is_repaired_and_the_drift_metric_keeps_its_value(pool: Pool) -> None:
    await make.like(pool, await make.post(pool))
    versions = await pool.fetch("SELECT post_id, version FROM post_stats")
    DRIFT.set(7)
    away = feed_redis.connect("redis://127.0.0.1:1/0")
    await repair_drift(pool, away)
    await away.aclose()
    assert b"\nfeed_board_drift 7.0\n" in metrics.text()
    assert await pool.fetch("SELECT post_id, version FROM post_stats") == versions


async def test_a_transaction_that_commits_late_reaches_boards_that_are_further_in_the_log(
    pool: Pool, own_valkey: OwnValkey, client: Redis
) -> None:
    slow, quick = await make.post(pool), await make.post(pool)
    async with working(pool, client):
        async with pool.acquire() as late:
            held = late.transaction()
            await held.start()
            await make.like(late, slow)
            # The projector is not called: only the log contains these.
            for _ in range(3):
                await make.like(pool, quick)
            await until_equal(pool, client)
            await held.commit()
        await until_equal(pool, client)
    epoch = (await head_of(pool)).epoch
    assert await counts(client, [slow, quick], epoch) == {slow: (1, 0), quick: (3, 0)}


async def test_two_workers_give_the_same_boards_as_one(pool: Pool, own_valkey: OwnValkey, client: Redis) -> None:
    posts = [await make.post(pool) for _ in range(5)]
    async with working(pool, client), working(pool, client):
        for turn in range(20):
            await make.like(pool, posts[turn % 5])
        await client.flushall()
        for turn in range(20):
            await make.like(pool, posts[turn % 5])
        await until_equal(pool, client)
        # The boards are rebuilt from the posts, which may be ahead of the numbered changes.
        async with asyncio.timeout(HANG_SECONDS):
            while await pool.fetchval("SELECT count(*) FROM change_log") < 40:
                await asyncio.sleep(0.02)
    numbers = await pool.fetch("SELECT number FROM change_log ORDER BY number")
    assert [row["number"] for row in numbers] == list(range(1, 41))
