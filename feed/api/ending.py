"""Notices that the process is asked to stop, beside the server's own handlers, which wait for open responses before they say so."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def noticed_end(notice: Callable[[], None]) -> Iterator[None]:
    """Calls `notice` in the running event loop at the first signal to stop, and passes the signal on to the handler before.

    Does nothing outside of the main thread, which has no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    earlier: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(notice)
        before = earlier[number]
        if callable(before):
            before(number, frame)

    for number in _SIGNALS:
        handler = signal.getsignal(number)
        # Without a handler of the server the default must end the process.
        if callable(handler):
            earlier[number] = handler
            signal.signal(number, handle)
            # As the event loop has it: system calls go on.
            signal.siginterrupt(number, False)
    try:
        yield
    finally:
        for known, handler in earlier.items():
            signal.signal(known, handler)
