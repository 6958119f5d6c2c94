"""The circuit: a Redis that is away or hangs is asked once in a while, by one caller."""

import asyncio

import pytest

from feed import redis as feed_redis
from feed.redis import UNREACHABLE, CircuitOpen, Script
from tests.support.clock import Clock
from tests.support.ports import free_port


async def test_while_redis_is_away_nobody_waits() -> None:
    client = feed_redis.connect(f"redis://127.0.0.1:{free_port()}/0")
    pool = client.connection_pool
    assert isinstance(pool, feed_redis.CircuitBreakerPool)
    pool.clock = Clock()
    with pytest.raises(UNREACHABLE):
        await client.ping()
    # While this clock stands still nothing is tried.
    for _ in range(100):
        with pytest.raises(CircuitOpen):
            await client.ping()
    await client.aclose()


async def test_a_hanging_redis_is_tried_by_one_caller_at_a_time() -> None:
    asked = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = feed_redis.connect(f"redis://127.0.0.1:{port}/0")

    async def ping() -> bool:
        try:
            return bool(await client.ping())
        except UNREACHABLE:
            return False

    pool = client.connection_pool
    assert isinstance(pool, feed_redis.CircuitBreakerPool)
    clock = pool.clock = Clock()
    assert not await ping()
    clock.advance(1.1)
    assert not any(await asyncio.gather(*(ping() for _ in range(50))))
    assert asked == 2
    await client.aclose()
    server.close()


async def test_a_returned_redis_is_used_again(redis_url: str) -> None:
    client = feed_redis.connect(redis_url)
    assert await client.ping()
    pool = client.connection_pool
    assert isinstance(pool, feed_redis.CircuitBreakerPool)
    await client.aclose()
    assert await client.ping()
    await client.aclose()


async def test_a_script_runs_on_a_server_that_has_never_seen_it(redis_url: str) -> None:
    client = feed_redis.connect(redis_url)
    script = Script("return {KEYS[1], ARGV[1]}")
    await client.script_flush()
    assert await script.run(client, ["k"], [1]) == [b"k", b"1"]
    assert await script.run(client, ["k"], [2]) == [b"k", b"2"]
    await client.aclose()
