"""Waiting for what another process, a task or a thread does."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

# Far more than anything takes, on a machine that does other work besides: it ends what hangs, and judges nothing.
# Less than the timeout of a whole test, so that the report shows what was waited for.
HANG_SECONDS = 240.0


async def becomes(look: Callable[[], Awaitable[bool]]) -> None:
    """Waits until it is so. Raises AssertionError after HANG_SECONDS."""
    deadline = time.monotonic() + HANG_SECONDS
    while not await look():
        assert time.monotonic() < deadline, f"it has not happened: {look}"
        await asyncio.sleep(0.1)


def until(happens: Callable[[], Any]) -> Any:
    """Waits for something true and returns it. Raises AssertionError after HANG_SECONDS."""
    deadline = time.monotonic() + HANG_SECONDS
    while not (found := happens()):
        assert time.monotonic() < deadline, f"it has not happened: {happens}"
        time.sleep(0.05)
    return found
