"""An in-process cache of timed reads, with one read per key at a time for all concurrent callers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar

from feed.bounded_cache import BoundedCache


class Timestamped(Protocol):
    """A value with the monotonic time of its read."""

    @property
    def read_at(self) -> float: ...


T = TypeVar("T", bound=Timestamped)


class TimedCache(Generic[T]):
    """Values by key, kept for `seconds`; together at most `max_bytes`, as `size` estimates them."""

    def __init__(self, *, seconds: float, max_bytes: int, size: Callable[[Hashable, T], int]) -> None:
        self._entries: BoundedCache[Hashable, T] = BoundedCache(max_bytes=max_bytes, seconds=seconds, size=size)
        self._reads: dict[Hashable, tuple[asyncio.Task[T], float]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]], *, seconds: float) -> T:
        """The cached value, or a new one where it is older than `seconds`. Raises what `read` raises."""
        oldest = time.monotonic() - seconds
        cached = self._entries.get(key)
        if cached is not None and cached.read_at > oldest:
            return cached
        task, began = self._reads.get(key, (None, 0.0))
        # A read that began before `oldest` may have missed a removal since: a later caller starts another.
        if task is None or began < oldest:
            task = asyncio.create_task(self._read(key, read))
            self._reads[key] = task, time.monotonic()
        # The cancellation of one caller must not cancel the read that others wait for.
        return await asyncio.shield(task)

    def invalidate(self, is_stale: Callable[[T], bool]) -> None:
        """Drops the stale values."""
        self._entries.drop(is_stale)
        # A read in progress may be stale already: its callers get the value, but it is not cached.
        self._reads.clear()

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        this_task = asyncio.current_task()
        try:
            value = await read()
        finally:
            is_latest = self._reads.get(key, (None, 0.0))[0] is this_task
            if is_latest:
                del self._reads[key]
        if is_latest:
            self._entries.put(key, value)
        return value
