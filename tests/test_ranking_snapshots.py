"""Rankings that readers page through: one per place and second, kept for a while, lost with Redis."""

import pytest
from redis.asyncio import Redis

from feed import ranking_snapshots as snapshots
from feed.pagination import CursorExpired

NOWHERE = Redis(host="127.0.0.1", port=1)


async def test_whoever_comes_in_the_same_second_reads_the_same_ranking(redis: Redis) -> None:
    name, ids = await snapshots.save(redis, "here", [3, 2, 1], second=7)
    assert ids == [3, 2, 1]
    assert await snapshots.save(redis, "here", [1, 2, 3], second=7) == (name, (3, 2, 1))
    assert await snapshots.find(redis, "here", name) == (3, 2, 1)
    with pytest.raises(CursorExpired):
        await snapshots.find(redis, "elsewhere", name)


async def test_who_has_written_something_gets_a_ranking_that_knows_it(redis: Redis) -> None:
    first, _ = await snapshots.save(redis, "here", [2, 1], second=7)
    own, ids = await snapshots.save(redis, "here", [3, 2, 1], second=7, own=[3])
    assert (own != first, ids) == (True, [3, 2, 1])
    assert await snapshots.find(redis, "here", own) == (3, 2, 1)


async def test_a_ranking_is_given_up_after_ten_minutes(redis: Redis) -> None:
    await snapshots.save(redis, "here", [1], second=7)
    assert 590 < await redis.ttl("feed:{here}:7") <= 600


async def test_without_redis_the_ranking_of_the_moment_goes_on() -> None:
    assert await snapshots.save(NOWHERE, "here", [1], second=7) == ("", [1])
    assert await snapshots.find(NOWHERE, "here", "7") is None
    assert await snapshots.find(NOWHERE, "here", "") is None


async def test_an_emptied_redis_ends_the_ranking(redis: Redis) -> None:
    name, _ = await snapshots.save(redis, "here", [1], second=7)
    await redis.flushdb()
    with pytest.raises(CursorExpired):
        await snapshots.find(redis, "here", name)
