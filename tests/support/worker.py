"""A worker that runs in the test's own process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feed.worker.loop import Pause, work
from feed.worker.schedule import SCHEDULE, Entry
from feed.worker.state import WorkerState


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
