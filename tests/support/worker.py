"""A worker that runs in the test's own process."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from feed.worker.loop import Pause, work
from feed.worker.schedule import SCHEDULE, Entry
from feed.worker.state import WorkerState


async def becomes(look: Callable[[], Awaitable[bool]], *, within: float) -> None:
    deadline = time.monotonic() + within
    while not await look():
        assert time.monotonic() < deadline, "it has not happened"
        await asyncio.sleep(0.1)


@asynccontextmanager
async def running(
    worker_state: WorkerState, database: str, schedule: tuple[Entry, ...] = SCHEDULE, *, pause: Pause | None = None
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(work(worker_state, database, stop, schedule, pause=pause))
    try:
        yield stop
    finally:
        stop.set()
        await task
