"""A process that settles the due campaign as the worker does and prints the cost as JSON: `python -m bench.settle.settle_process URL KEYS`."""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from feed.keys.store import open_keys
from feed.postgres import Pool, open_pool
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign

# Imported so that the memory is that of a worker.
from feed.worker import loop, schedule

assert schedule.SCHEDULE
_TICK_SECONDS = 0.02


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one step. `held_up_seconds` is the longest time that the event loop was blocked."""

    seconds: float
    cpu_seconds: float
    held_up_seconds: float


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one settlement, and peak resident memory before and after."""

    freeze: Cost
    decide: Cost
    idle_bytes: int
    peak_bytes: int


async def settle(url: str, keys_dir: Path) -> Costs:
    """Freezes and settles the due campaign."""
    keys = open_keys(keys_dir, create=False)
    pool = await open_pool(url, size=loop.POOL_SIZE, statement_seconds=loop.STATEMENT_SECONDS)
    try:
        idle = _peak_bytes()
        freeze = await _measured(pool, freeze_next_campaign)
        decide = await _measured(pool, lambda pool: settle_next_campaign(pool, keys))
        return Costs(freeze=freeze, decide=decide, idle_bytes=idle, peak_bytes=_peak_bytes())
    finally:
        await pool.close()


async def _measured(pool: Pool, step: Callable[[Pool], Awaitable[bool]]) -> Cost:
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_TICK_SECONDS)
            longest = max(longest, time.perf_counter() - began - _TICK_SECONDS)

    ticking = asyncio.create_task(tick())
    began, cpu = time.perf_counter(), time.process_time()
    did = await step(pool)
    cost = Cost(seconds=time.perf_counter() - began, cpu_seconds=time.process_time() - cpu, held_up_seconds=longest)
    await asyncio.sleep(0)
    ticking.cancel()
    assert did, "there was nothing to settle"
    return msgspec.structs.replace(cost, held_up_seconds=longest)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(settle(sys.argv[1], Path(sys.argv[2])))).decode())
