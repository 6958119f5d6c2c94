"""Limiters with a real Redis: one process, several processes, and without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest
from redis.asyncio import Redis

from feed import redis as feed_redis
from feed.limits import model
from feed.limits.configuration import read_table
from feed.limits.limiter import Limiter
from feed.limits.model import HOUR, MINUTE, Limit, LimitsAway, Owner, RateLimited, Window
from feed.limits.script import COUNT
from tests.support.ports import free_port

OLD = 1e9
TABLE = {
    "posts": Limit(account=(Window(3, MINUTE), Window(5, HOUR)), address=(Window(2, MINUTE),)),
    "likes": Limit(account=(Window(40, MINUTE),), address=(Window(40, MINUTE),), exact=False),
    "claims": Limit(account=(Window(3, MINUTE),), strict=True),
    "brief": Limit(account=(Window(4, 1),)),
}
PEOPLE = {
    1: Owner(b"ming", OLD),
    2: Owner(b"ming", OLD),
    3: Owner(b"hua", 60),
    4: Owner(b"4", OLD),
    5: Owner(b"5", OLD),
}


async def load(account_ids: Sequence[int]) -> Mapping[int, Owner]:
    return {account_id: PEOPLE[account_id] for account_id in account_ids if account_id in PEOPLE}


async def fail(account_ids: Sequence[int]) -> Mapping[int, Owner]:
    raise ConnectionError


@pytest.fixture
async def limiter(redis: Redis) -> AsyncIterator[Limiter]:
    created = Limiter(redis, load, TABLE)
    yield created
    await created.close()


@pytest.fixture
async def without_redis() -> AsyncIterator[Limiter]:
    client = feed_redis.connect(f"redis://127.0.0.1:{free_port()}/0")
    created = Limiter(client, load, TABLE)
    yield created
    await created.close()
    await client.aclose()


async def passed(limiter: Limiter, name: str, account_id: int, times: int, weight: int = 1) -> int:
    """The number of requests that were not rejected."""
    count = 0
    for _ in range(times):
        try:
            await limiter.count_account(name, account_id, weight)
        except RateLimited:
            continue
        count += 1
    return count


async def test_a_full_window_rejects(limiter: Limiter) -> None:
    assert await passed(limiter, "posts", 1, 5) == 3
    with pytest.raises(RateLimited) as raised:
        await limiter.count_account("posts", 1)
    assert 1 <= raised.value.params["retry_after"] <= 120


async def test_the_longer_window_applies_after_the_shorter_one(limiter: Limiter, redis: Redis) -> None:
    assert await passed(limiter, "posts", 4, 3) == 3
    key = "feed:limits:{p34}:posts"
    period = int(await redis.hget(key, "60n") or 0)
    await redis.hset(key, "60n", str(period - 2))
    other = Limiter(redis, load, TABLE)
    assert await passed(other, "posts", 4, 5) == 2
    await other.close()


async def test_requests_pass_again_after_retry_after(limiter: Limiter) -> None:
    assert await passed(limiter, "brief", 4, 6) == 4
    with pytest.raises(RateLimited) as raised:
        await limiter.count_account("brief", 4)
    await asyncio.sleep(raised.value.params["retry_after"])
    await limiter.count_account("brief", 4)


async def test_accounts_of_one_person_share_a_quota_and_accounts_without_a_phone_do_not(limiter: Limiter) -> None:
    assert await passed(limiter, "posts", 1, 2) == 2
    assert await passed(limiter, "posts", 2, 5) == 1
    assert await passed(limiter, "posts", 4, 5) == 3
    assert await passed(limiter, "posts", 5, 5) == 3


async def test_a_new_account_has_a_third_of_the_quota(limiter: Limiter, redis: Redis) -> None:
    assert await passed(limiter, "posts", 3, 5) == 1
    unrestricted = Limiter(redis, load, TABLE, limit_new_accounts=False)
    assert await passed(unrestricted, "posts", 3, 5) == 2
    await unrestricted.close()


async def test_a_request_counts_by_its_weight_up_to_the_quota(limiter: Limiter) -> None:
    assert await passed(limiter, "likes", 4, 5, weight=15) == 2
    # Ten are left: lighter requests still pass.
    assert await passed(limiter, "likes", 4, 5, weight=5) == 2
    assert await passed(limiter, "likes", 5, 3, weight=1000) == 1


async def test_addresses_are_counted_separately(limiter: Limiter) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(2):
            await limiter.count_address("posts", address)
        with pytest.raises(RateLimited):
            await limiter.count_address("posts", address)
    assert await passed(limiter, "posts", 4, 5) == 3


async def test_two_processes_share_an_exact_limit(redis: Redis) -> None:
    limiters = [Limiter(redis, load, TABLE), Limiter(redis, load, TABLE)]
    got = await asyncio.gather(*(passed(limiters[n % 2], "posts", 4, 1) for n in range(20)))
    assert sum(got) == 3
    for each in limiters:
        await each.close()


async def test_processes_that_count_in_portions_share_a_limit_up_to_a_portion_each(redis: Redis) -> None:
    limiters = [Limiter(redis, load, TABLE) for _ in range(3)]
    got = sum([await passed(limiters[n % 3], "likes", 4, 1) for n in range(120)])
    assert 40 <= got <= 40 + 2 * 4
    for each in limiters:
        await each.close()


async def test_a_single_process_is_exact_when_it_counts_in_portions(limiter: Limiter) -> None:
    assert await passed(limiter, "likes", 4, 60) == 40
    assert sum(await asyncio.gather(*(passed(limiter, "likes", 5, 1) for _ in range(200)))) == 40


async def test_concurrent_calls_are_one_round_trip(limiter: Limiter, redis: Redis) -> None:
    before = (await redis.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0)
    polled = (await redis.info("stats"))["total_reads_processed"]
    await asyncio.gather(*(limiter.count_address("posts", f"192.0.2.{n}") for n in range(100)))
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] - before >= 100
    assert (await redis.info("stats"))["total_reads_processed"] - polled < 20


async def test_a_rejected_subject_is_rejected_without_redis(limiter: Limiter, redis: Redis) -> None:
    await passed(limiter, "posts", 4, 4)
    calls = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert await passed(limiter, "posts", 4, 100) == 0
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] == calls


async def test_without_redis_strict_limits_fail_closed_and_others_open(without_redis: Limiter) -> None:
    assert await passed(without_redis, "posts", 4, 20) == 20
    assert await passed(without_redis, "likes", 4, 100) == 100
    for _ in range(3):
        with pytest.raises(LimitsAway) as raised:
            await without_redis.count_account("claims", 4)
        assert raised.value.params["retry_after"] > 0


async def test_a_redis_that_hangs_is_called_after_a_backoff_only() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    client = feed_redis.connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    limiter = Limiter(client, load, TABLE)
    began = time.monotonic()
    assert await passed(limiter, "posts", 4, 200) == 200
    # Without a backoff it would be 200 timeouts of half a second.
    assert time.monotonic() - began < 20
    await limiter.close()
    await client.aclose()
    server.close()


async def test_without_postgres_an_account_is_counted_alone(redis: Redis) -> None:
    limiter = Limiter(redis, fail, TABLE)
    assert await passed(limiter, "posts", 1, 5) == 3
    assert await passed(limiter, "posts", 2, 5) == 3
    await limiter.close()


@pytest.mark.parametrize("shift", [5, 100_000])
async def test_counts_stay_after_the_clock_was_set_back(redis: Redis, shift: int) -> None:
    limiter = Limiter(redis, load, TABLE)
    assert await passed(limiter, "posts", 4, 3) == 3
    key = "feed:limits:{p34}:posts"
    for window in ("60n", "3600n"):
        await redis.hincrby(key, window, shift)
    fresh = Limiter(redis, load, TABLE)
    assert await passed(fresh, "posts", 4, 3) == 0
    await fresh.close()
    await limiter.close()


async def test_counts_expire_after_the_clock_was_set_forward(redis: Redis) -> None:
    limiter = Limiter(redis, load, TABLE)
    assert await passed(limiter, "posts", 4, 3) == 3
    for window in ("60n", "3600n"):
        await redis.hincrby("feed:limits:{p34}:posts", window, -50)
    fresh = Limiter(redis, load, TABLE)
    assert await passed(fresh, "posts", 4, 5) == 3
    await fresh.close()
    await limiter.close()


async def test_the_window_slides(redis: Redis) -> None:
    """Requests just before the end of a period count after it as well."""
    await COUNT.run(redis, ["k"], [0, 1, 10, 60])
    await redis.hset("k", mapping={"60c": 0, "60p": 10})
    seconds = (await redis.time())[0] % 60
    granted, wait, remaining, _ = await COUNT.run(redis, ["k"], [0, 1, 10, 60])
    # Of the ten previous requests, the share that is still in the window counts.
    share = 10 * (60 - seconds) / 60
    assert granted == (share + 1 <= 10)
    if not granted:
        assert 0 < wait <= 7_000
    else:
        assert abs(remaining - (10 - share - 1)) <= 1


async def test_counts_have_a_ttl(limiter: Limiter, redis: Redis) -> None:
    await limiter.count_account("posts", 4)
    assert 3600 < await redis.ttl("feed:limits:{p34}:posts") <= 7200


async def test_a_lost_script_is_loaded_again(limiter: Limiter, redis: Redis) -> None:
    await redis.script_flush()
    assert await passed(limiter, "posts", 4, 5) == 3


async def test_a_new_class_is_a_row_of_the_table(redis: Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(model.TABLE, "polls", Limit(account=(Window(6, MINUTE),), address=(Window(2, MINUTE),)))
    file = tmp_path / "limits.toml"
    file.write_text('[polls]\naccount = ["4/1m"]\n')
    table = read_table(str(file), 1, embedded=False)
    assert table is not None
    limiter = Limiter(redis, load, table)
    assert limiter.counts_accounts("polls")
    assert await passed(limiter, "polls", 1, 6) == 4
    _, policy = await limiter.count_address("polls", "192.0.2.1")
    assert policy == b'"polls-1m";q=2;w=60'
    await limiter.close()
