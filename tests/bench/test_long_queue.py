"""The measurement of a long queue, with a short one."""

import asyncpg
from asyncpg import Record

from bench.long_queue import measure_long_queue
from tests.moderation.conftest import Newsroom


async def test_a_lease_and_a_verdict_are_measured_and_leave_nothing(pool: "asyncpg.Pool[Record]") -> None:
    newsroom = Newsroom(pool)
    author = await newsroom.person()
    for _ in range(40):
        await newsroom.post(author)
    await pool.execute("DELETE FROM cases")
    lease, verdict = await measure_long_queue(pool, open_cases=200)
    assert lease.measured > 0
    assert verdict.measured > 0
    assert await pool.fetchval("SELECT count(*) FROM cases") == 0
