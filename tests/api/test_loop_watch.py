"""The watch of the event loop notices work that holds it."""

import asyncio
import time

from feed.api.loop_watch import LoopWatch, watched_loop
from tests.support.waiting import HANG_SECONDS


async def ticked(watch: LoopWatch, seconds: float) -> None:
    """Returns when the watch has seen the loop held for so long."""
    while watch.longest < seconds:
        await asyncio.sleep(0)


async def test_work_that_holds_the_loop_is_noticed() -> None:
    async with watched_loop() as watch, asyncio.timeout(HANG_SECONDS):
        await asyncio.sleep(0)
        used = time.thread_time()
        while time.thread_time() - used < 0.2:
            pass
        await ticked(watch, 0.1)
        assert watch.latest >= watch.longest >= 0.1
