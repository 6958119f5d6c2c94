"""How long one turn of the event loop takes: while it is held, every request of the process waits."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feed.observability import metrics

_TICK_SECONDS = 0.02


class LoopWatch:
    """A timer that notices when it is called late. `longest` in seconds of processor time, `latest` of the clock.

    Time of the processor is what our own code has used; the clock also runs while other processes do.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.latest = 0.0
        self._due = 0.0
        self._used = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watches the running event loop."""
        self._schedule()

    def stop(self) -> None:
        """Ends the timer."""
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + _TICK_SECONDS
        self._used = time.thread_time()
        self._handle = loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        late = asyncio.get_running_loop().time() - self._due
        held = min(late, time.thread_time() - self._used)
        metrics.LOOP_HELD.observe(held)
        if held > self.longest:
            self.longest = held
            metrics.LOOP_LONGEST.set(held)
        if late > self.latest:
            self.latest = late
            metrics.LOOP_LATEST.set(late)
        self._schedule()


@asynccontextmanager
async def watched_loop() -> AsyncIterator[LoopWatch]:
    """Watches the running event loop within the block."""
    watch = LoopWatch()
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
