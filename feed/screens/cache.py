"""What is read once and used by everybody for a moment: one reading per key at a time, however many ask."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Dated(Protocol):
    """Something that knows when it was read, by the monotonic clock."""

    @property
    def read_at(self) -> float: ...


T = TypeVar("T", bound=Dated)


class TimedCache(Generic[T]):
    """Readings under their keys."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Hashable, T] = {}
        self._reading: dict[Hashable, tuple[asyncio.Task[T], float]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]], *, seconds: float) -> T:
        """What is kept under this key, read anew by one caller when it is older than that. Raises what `read` raises."""
        oldest = time.monotonic() - seconds
        held = self._held.get(key)
        if held is not None and held.read_at > oldest:
            return held
        task, began = self._reading.get(key, (None, 0.0))
        # A reading that began long ago, and is held up, may not know of what has been removed since: who comes now wants another.
        if task is None or began < oldest:
            task = asyncio.create_task(self._read(key, read))
            self._reading[key] = task, time.monotonic()
        # One impatient caller must not take the reading away from the others.
        return await asyncio.shield(task)

    def invalidate(self, is_stale: Callable[[T], bool]) -> None:
        """Drops what is stale."""
        self._held = {key: held for key, held in self._held.items() if not is_stale(held)}
        # What is being read now may have been read before: it is given to those who wait for it, and not kept.
        self._reading.clear()

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        mine = asyncio.current_task()
        try:
            found = await read()
        finally:
            newest = self._reading.get(key, (None, 0.0))[0] is mine
            if newest:
                del self._reading[key]
        if newest:
            if len(self._held) >= self._most:
                self._held.clear()
            self._held[key] = found
        return found
