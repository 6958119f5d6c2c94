"""Postgres behind PgBouncer in transaction mode: timeouts and isolation of transactions, prepared statements, requests."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest
from asyncpg import Record
from redis.asyncio import Redis

from feed.doctor.checks import run_checks
from feed.keys.store import Keys
from feed.poolers import require_session
from feed.postgres import UNAVAILABLE, Pool, open_pool, transaction
from feed.settings import Settings
from tests.support import make
from tests.support.command_line import Installation
from tests.support.pgbouncer import BINARIES, MISSING, PREPARED, keeps_statements, pgbouncer
from tests.support.square import miscounted, square

# What the start of a session asks for, and operators let PgBouncer ignore.
IGNORED = "statement_timeout,idle_in_transaction_session_timeout,default_transaction_isolation,jit,max_parallel_workers_per_gather"
LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")


@pytest.fixture(params=BINARIES or [""])
def binary(request: pytest.FixtureRequest) -> str:
    if not request.param:
        pytest.skip(MISSING)
    return str(request.param)


@pytest.fixture(params=["", IGNORED], ids=["start-up parameters refused", "start-up parameters ignored"])
async def pooled_url(database: str, tmp_path: Path, binary: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    more = PREPARED.get(keeps_statements(binary), "")
    async with pgbouncer(
        database, tmp_path / "pgbouncer", binary=binary, ignored=str(request.param), size=3, more=more
    ) as url:
        yield url


@pytest.fixture
async def pooled(pooled_url: str, binary: str) -> AsyncIterator["asyncpg.Pool[Record]"]:
    opened = await open_pool(pooled_url, size=6, statement_cache=100 if keeps_statements(binary) else 0)
    yield opened
    opened.terminate()


async def test_timeouts_and_isolation_belong_to_the_transaction(pooled: Pool, database: str) -> None:
    direct = await asyncpg.connect(database)
    name = await direct.fetchval("SELECT current_database()")
    await direct.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    await direct.close()
    async with transaction(pooled) as conn:
        found = {limit: await conn.fetchval(f"SHOW {limit}") for limit in LIMITS}
        assert await conn.fetchval("SHOW transaction_isolation") == "read committed"
    assert found == dict.fromkeys(LIMITS, "5s") | {"lock_timeout": "4s"}
    # They end with it: the next user of the server's session has his own.
    assert {await pooled.fetchval(f"SHOW {limit}") for limit in LIMITS} == {"0"}


@pytest.mark.parametrize("waits", ["in a statement", "between statements"])
async def test_a_write_that_takes_too_long_is_not_committed(pooled_url: str, waits: str) -> None:
    pool = await open_pool(pooled_url, size=2, statement_seconds=0.3, statement_cache=0)
    try:
        async with pool.acquire() as conn:
            account = await make.account(conn)
            post = await make.post(conn, author_id=account)

        async def like() -> None:
            async with transaction(pool) as conn:
                await conn.execute("INSERT INTO likes (post_id, account_id) VALUES ($1, $2)", post, account)
                if waits == "in a statement":
                    await conn.execute("SELECT pg_sleep(1)")
                else:
                    await asyncio.sleep(1)

        with pytest.raises(UNAVAILABLE):
            await like()
        assert await pool.fetchval("SELECT count(*) FROM likes") == 0
    finally:
        pool.terminate()


async def test_a_single_statement_that_takes_too_long_is_given_up(pooled_url: str) -> None:
    pool = await open_pool(pooled_url, size=1, statement_seconds=0.2, statement_cache=0)
    try:
        with pytest.raises(UNAVAILABLE):
            await pool.execute("SELECT pg_sleep(20)")
    finally:
        pool.terminate()


async def test_statements_work_on_every_session_of_the_server(pooled: Pool) -> None:
    async def ask(number: int) -> int:
        async with transaction(pooled) as conn:
            await conn.execute("SELECT pg_sleep(0.001)")
            return int(await conn.fetchval("SELECT $1::int", number))

    for _ in range(5):
        assert await asyncio.gather(*(ask(number) for number in range(12))) == list(range(12))
        assert await asyncio.gather(*(pooled.fetchval("SELECT $1::text", str(number)) for number in range(12)))


async def test_prepared_statements_that_a_pooler_loses_are_an_outage(pooled_url: str, binary: str) -> None:
    if keeps_statements(binary):
        pytest.skip("this version keeps them")
    pool = await open_pool(pooled_url, size=2)
    try:
        async with pool.acquire() as one, pool.acquire() as other:
            assert await one.fetchval("SELECT $1::int", 1) == 1
            # This takes the session of the server that has the statement.
            await other.execute("BEGIN")
            with pytest.raises(UNAVAILABLE):
                await one.fetchval("SELECT $1::int", 1)
    finally:
        pool.terminate()


async def test_requests_and_the_doctor_behind_a_pooler(
    pooled_url: str, binary: str, database: str, settings: Settings, keys: Keys, redis: Redis
) -> None:
    cache = 100 if keeps_statements(binary) else 0
    behind = msgspec.structs.replace(
        settings, database_url=pooled_url, database_direct_url=database, database_statement_cache=cache
    )
    pool = await open_pool(pooled_url, size=6, statement_cache=cache)
    try:
        async with square(behind, pool, redis, keys) as town:
            post = await town.publish("小明")
            done = await asyncio.gather(
                *(town.do(name, "PUT", f"/posts/{post}/like") for name in "甲乙丙丁戊己庚辛"),
                *(town.comment(name, post) for name in "甲乙丙丁戊己庚辛"),
                *(town.do(name, "PATCH", "/me", {"bio": "好"}) for name in "甲乙丙丁"),
            )
            assert {int(status) for status, _ in done} <= {200, 201}
            assert await miscounted(pool) == []
    finally:
        pool.terminate()
    found = {finding.about: finding async for finding in run_checks(behind)}
    assert {about for about, finding in found.items() if finding.wrong} == set()
    assert "transaction mode" in found["pooler"].says

    # The same with a cache that this pooler does not keep, and without the server's own address.
    wrong = msgspec.structs.replace(behind, database_statement_cache=100, database_direct_url="")
    said = {finding.about async for finding in run_checks(wrong) if finding.wrong}
    assert "direct url" in said
    assert ("pooler" in said) != keeps_statements(binary)


@pytest.mark.parametrize("command", ["migrate", "worker"])
async def test_what_needs_a_session_refuses_a_pooler(
    pooled_url: str, command: str, tmp_path: Path, redis_url: str
) -> None:
    there = Installation(tmp_path, pooled_url, redis_url)
    ran = await there.feed(command, FEED_DATABASE_STATEMENT_CACHE="0")
    assert (ran.status, "FEED_DATABASE_DIRECT_URL" in ran.err, "Traceback" in ran.err) == (1, True, False)


async def test_a_pooler_in_session_mode_is_as_good_as_the_server(database: str, tmp_path: Path, binary: str) -> None:
    async with pgbouncer(database, tmp_path / "pgbouncer", binary=binary, mode="session") as url:
        await require_session(url)
        pool = await open_pool(url, size=2)
        assert await pool.fetchval("SELECT $1::int", 1) == 1
        pool.terminate()
