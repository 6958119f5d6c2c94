"""The sequencer under concurrency: numbers without gaps, in the order of commits."""

import asyncio

from feed.changes import store
from feed.changes.actions import number_changes
from feed.changes.store import Delta
from feed.postgres import Pool, transaction


async def test_a_transaction_that_commits_late_gets_a_later_number(pool: Pool) -> None:
    await pool.execute("INSERT INTO post_stats (post_id) VALUES (1), (2)")
    async with pool.acquire() as late:
        held = late.transaction()
        await held.start()
        await store.change_stats(late, [Delta(1, likes=1)])
        await pool.execute("SELECT 1")
        async with transaction(pool) as conn:
            await store.change_stats(conn, [Delta(2, likes=1)])
        assert await number_changes(pool) == 1
        await held.commit()
    assert await number_changes(pool) == 1
    async with pool.acquire() as conn:
        assert [(c.number, c.post_id) for c in await store.list_changes(conn, 0, 10)] == [(1, 2), (2, 1)]


async def test_a_second_sequencer_numbers_nothing(pool: Pool) -> None:
    async with transaction(pool) as conn:
        await store.add_stats(conn, [1])
    async with transaction(pool) as conn:
        assert await store.try_sequencer_lock(conn)
        assert await number_changes(pool) == 0
    assert await number_changes(pool) == 1


async def test_two_sequencers_and_many_writers_leave_no_gap(pool: Pool) -> None:
    await pool.execute("INSERT INTO post_stats (post_id) SELECT generate_series(1, 5)")
    writing = True

    async def write(first: int) -> None:
        for turn in range(30):
            async with transaction(pool) as conn:
                ids = sorted({1 + (first + turn) % 5, 1 + (2 * first + turn) % 5})
                await store.lock_stats(conn, ids)
                await store.change_stats(conn, [Delta(post_id, likes=1) for post_id in ids])

    async def sequence() -> int:
        numbered = 0
        while writing:
            numbered += await number_changes(pool)
            await asyncio.sleep(0.001)
        return numbered

    sequencers = [asyncio.create_task(sequence()) for _ in range(2)]
    await asyncio.gather(*(write(first) for first in range(4)))
    writing = False
    numbered = sum(await asyncio.gather(*sequencers)) + await number_changes(pool)

    async with pool.acquire() as conn:
        log = await store.list_changes(conn, 0, 10_000)
        stats = await store.list_stats(conn, [1, 2, 3, 4, 5])
    assert [change.number for change in log] == list(range(1, numbered + 1))
    for post_id, held in stats.items():
        assert [change.version for change in log if change.post_id == post_id] == list(range(2, held.version + 1))


async def test_a_rolled_back_transaction_leaves_no_change(pool: Pool) -> None:
    async with pool.acquire() as conn:
        held = conn.transaction()
        await held.start()
        await store.add_stats(conn, [1])
        await held.rollback()
    assert await number_changes(pool) == 0
