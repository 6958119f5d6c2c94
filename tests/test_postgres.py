"""A database that goes away, or keeps silent, in the middle of a transaction: nothing but what is answered with 503."""

import asyncio
import threading

import asyncpg
import pytest

from feed.postgres import DOWN, Pool, open_pool, transaction


async def terminate(url: str, backend: int) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute("SELECT pg_terminate_backend($1, 5000)", backend)
    await conn.close()


@pytest.mark.parametrize("turns", range(6))
async def test_a_server_that_ends_before_the_commit_is_away(pool: Pool, database: str, turns: int) -> None:
    async def ask() -> None:
        async with transaction(pool) as conn:
            backend = await conn.fetchval("SELECT pg_backend_pid()")
            # Another thread ends it while this one stands still; so many turns of the loop later its farewell is read in part, or as a whole.
            ending = threading.Thread(target=asyncio.run, args=(terminate(database, backend),))
            ending.start()
            ending.join()
            for _ in range(turns):
                await asyncio.sleep(0)

    with pytest.raises(DOWN):
        await ask()
    assert await pool.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("transaction_timeout", ["default", "none"], ids=["this server", "before Postgres 17"])
async def test_a_statement_that_waits_too_long_is_given_up(database: str, transaction_timeout: str) -> None:
    pool = await open_pool(database, size=1, statement_seconds=0.2)
    try:
        async with pool.acquire() as conn:
            if transaction_timeout == "none":
                await conn.execute("SELECT set_config('transaction_timeout', '0', false)")
        with pytest.raises(DOWN):
            await pool.execute("SELECT pg_sleep(5)")
    finally:
        pool.terminate()
