"""Transactions: what a database that goes away or keeps silent does to one, and how workers share what is due."""

import asyncio
import threading

import asyncpg
import pytest

from feed.postgres import UNAVAILABLE, Connection, Pool, act_on_next, open_pool, transaction, transaction_statements


async def terminate(url: str, backend: int) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute("SELECT pg_terminate_backend($1, 5000)", backend)
    await conn.close()


@pytest.mark.parametrize("turns", range(6))
async def test_a_server_that_ends_before_the_commit_is_away(pool: Pool, database: str, turns: int) -> None:
    async def ask() -> None:
        async with transaction(pool) as conn:
            backend = await conn.fetchval("SELECT pg_backend_pid()")
            # Another thread terminates it while this one is blocked; so many loop iterations later its last message is read in part or whole.
            ending = threading.Thread(target=asyncio.run, args=(terminate(database, backend),))
            ending.start()
            ending.join()
            for _ in range(turns):
                await asyncio.sleep(0)

    with pytest.raises(UNAVAILABLE):
        await ask()
    assert await pool.fetchval("SELECT 1") == 1


async def test_a_statement_that_waits_too_long_is_given_up(database: str) -> None:
    pool = await open_pool(database, size=1, statement_seconds=0.2)
    try:
        with pytest.raises(UNAVAILABLE):
            await pool.execute("SELECT pg_sleep(5)")
    finally:
        pool.terminate()


@pytest.mark.parametrize("version", [16, 17], ids=["before Postgres 17", "this server"])
async def test_a_transaction_that_takes_too_long_is_not_committed(pool: Pool, version: int) -> None:
    await pool.execute("CREATE TABLE written (n int)")
    begin, commit = transaction_statements(0.3, version)

    async def write(number: int, *, times: int) -> None:
        async with pool.acquire() as conn:
            await conn.execute(begin)
            # Neither a statement nor a pause is too long for itself.
            for _ in range(times):
                await conn.execute("INSERT INTO written VALUES ($1)", number)
                await conn.execute("SELECT pg_sleep(0.06)")
                await asyncio.sleep(0.06)
            await conn.execute(commit)

    await write(1, times=1)
    with pytest.raises(UNAVAILABLE):
        await write(2, times=4)
    assert await pool.fetchval("SELECT array_agg(n) FROM written") == [1]


async def test_a_transaction_reads_what_is_committed_whatever_the_default_is(pool: Pool) -> None:
    async with pool.acquire() as conn:
        await conn.execute("SET default_transaction_isolation = 'serializable'")
    async with transaction(pool) as conn:
        assert await conn.fetchval("SHOW transaction_isolation") == "read committed"
    async with pool.acquire() as conn:
        await conn.execute("RESET default_transaction_isolation")
        assert await conn.fetchval("SHOW transaction_isolation") == "read committed"


# What a request gets for each class of errors of a server; `XX` and all that is not listed is a 500.
AWAY = (
    "08",
    "25006",
    "25P03",
    "25P04",
    "26",
    "28",
    "3D",
    "40001",
    "40003",
    "40P01",
    "42P05",
    "53",
    "55P03",
    "57",
    "58",
)


def test_each_class_of_server_errors_is_an_outage_or_an_error_of_ours() -> None:
    known = {kind.sqlstate: kind for kind in vars(asyncpg.exceptions).values() if getattr(kind, "sqlstate", None)}
    assert len(known) > 200
    wrong = {
        state: kind.__name__ for state, kind in known.items() if issubclass(kind, UNAVAILABLE) != state.startswith(AWAY)
    }
    assert wrong == {}


async def list_due(conn: Connection) -> list[int]:
    return [row["id"] for row in await conn.fetch("SELECT id FROM due ORDER BY id")]


async def due(pool: Pool, *ids: int) -> None:
    await pool.execute("CREATE TABLE due (id int PRIMARY KEY, looked_at int NOT NULL DEFAULT 0)")
    await pool.executemany("INSERT INTO due (id) VALUES ($1)", [(id_,) for id_ in ids])


async def looked_at(pool: Pool) -> dict[int, int]:
    return {row["id"]: row["looked_at"] for row in await pool.fetch("SELECT id, looked_at FROM due")}


async def test_what_is_not_left_to_do_is_passed_over_and_keeps_what_was_written(pool: Pool) -> None:
    await due(pool, 1, 2, 3)

    async def act(conn: Connection, id_: int) -> bool:
        await conn.execute("UPDATE due SET looked_at = looked_at + 1 WHERE id = $1", id_)
        return id_ == 2

    assert await act_on_next(pool, list_due, act)
    assert await looked_at(pool) == {1: 1, 2: 1, 3: 0}


async def test_nothing_due_or_nothing_left_to_do_is_said(pool: Pool) -> None:
    await due(pool)

    async def act(conn: Connection, id_: int) -> bool:
        return False

    assert not await act_on_next(pool, list_due, act)
    await pool.execute("INSERT INTO due (id) VALUES (1)")
    assert not await act_on_next(pool, list_due, act)


async def test_an_error_takes_back_its_own_item_alone(pool: Pool) -> None:
    await due(pool, 1, 2)

    async def act(conn: Connection, id_: int) -> bool:
        await conn.execute("UPDATE due SET looked_at = looked_at + 1 WHERE id = $1", id_)
        if id_ == 2:
            raise ZeroDivisionError
        return False

    with pytest.raises(ZeroDivisionError):
        await act_on_next(pool, list_due, act)
    assert await looked_at(pool) == {1: 1, 2: 0}


async def test_an_item_that_another_worker_holds_is_passed_over_without_waiting(pool: Pool) -> None:
    await due(pool, 1, 2)

    async def act(conn: Connection, id_: int) -> bool:
        return await conn.fetchval("SELECT true FROM due WHERE id = $1 FOR UPDATE SKIP LOCKED", id_) is not None

    async with transaction(pool) as other:
        await other.execute("SELECT FROM due WHERE id = 1 FOR UPDATE")
        taken: list[int] = []

        async def note(conn: Connection, id_: int) -> bool:
            done = await act(conn, id_)
            if done:
                taken.append(id_)
            return done

        assert await act_on_next(pool, list_due, note)
    assert taken == [2]


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
async def test_a_failed_transaction_is_rolled_back_without_a_word(
    pool: Pool, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    await pool.execute("CREATE TABLE written (n int)")

    async def write() -> None:
        async with transaction(pool) as conn:
            await conn.execute("INSERT INTO written VALUES (1)")
            raise error

    with pytest.raises(error):
        await write()
    async with transaction(pool) as conn:
        assert await conn.fetchval("SELECT count(*) FROM written") == 0
    assert caplog.records == []
