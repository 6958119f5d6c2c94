"""Caches bounded by bytes and by age: the only ones for values whose keys or sizes come from requests.

Every cache of a process is swept together, so that unused entries are dropped without another request.
"""

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache, wraps
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

_SWEEP_SECONDS = 5.0
# What a key, a value and their entry cost besides their own bytes, roughly.
ENTRY_BYTES = 300

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
A = TypeVar("A", str, bytes)


class Clearable(Protocol):
    """A cache of a library, as `functools.lru_cache` makes it."""

    def cache_clear(self) -> None: ...


_caches: "WeakSet[BoundedCache[Any, Any]]" = WeakSet()
_memos: "WeakSet[Clearable]" = WeakSet()


class BoundedCache(Generic[K, V]):
    """Values by key, each for about `seconds`, all together at most `max_bytes`; the oldest make room for new ones.

    `size` estimates the bytes of a key and its value, besides ENTRY_BYTES. A value larger than a quarter of the cache is
    not cached.
    """

    __slots__ = ("__weakref__", "_bytes", "_entries", "_largest", "_max_bytes", "_seconds", "_size")

    def __init__(self, *, max_bytes: int, seconds: float, size: Callable[[K, V], int]) -> None:
        self._max_bytes = max_bytes
        self._largest = max_bytes // 4
        self._seconds = seconds
        self._size = size
        self._bytes = 0
        # Value, end and bytes, in the order of their ends.
        self._entries: dict[K, tuple[V, float, int]] = {}
        _caches.add(self)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """The estimated bytes of what is cached."""
        return self._bytes

    def get(self, key: K) -> V | None:
        """The value, or None. Until the next sweep it may be too old: a value whose age matters has a time of its own."""
        # Without a look at the clock, which would cost more than the rest: this is called several times per request.
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: K, value: V) -> None:
        """Caches the value as the newest one."""
        self.pop(key)
        size = self._size(key, value) + ENTRY_BYTES
        if size > self._largest:
            return
        self._entries[key] = value, time.monotonic() + self._seconds, size
        self._bytes += size
        while self._bytes > self._max_bytes:
            self.pop(next(iter(self._entries)))

    def pop(self, key: K) -> None:
        """Drops the value, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry[2]

    def drop(self, is_stale: Callable[[V], bool]) -> None:
        """Drops the stale values."""
        for key in [key for key, (value, _, _) in self._entries.items() if is_stale(value)]:
            self.pop(key)

    def sweep(self) -> None:
        """Drops the values that are too old."""
        now = time.monotonic()
        while self._entries:
            key, (_, end, _) = next(iter(self._entries.items()))
            if end > now:
                return
            self.pop(key)


def memoized(*, entries: int, longest: int) -> Callable[[Callable[[A], V]], Callable[[A], V]]:
    """Caches the results of a pure function of one text; for texts of more than `longest` bytes or characters it is called each time.

    Costs a tenth of a BoundedCache: with short texts the number of entries bounds the bytes.
    """

    def decorate(function: Callable[[A], V]) -> Callable[[A], V]:
        cached = lru_cache(entries)(function)
        _memos.add(cached)

        @wraps(function)
        def call(text: A) -> V:
            return cached(text) if len(text) <= longest else function(text)

        return call

    return decorate


def clear_when_swept(caches: Iterable[Clearable]) -> None:
    """Has caches of libraries cleared at each sweep, as long as they are in use."""
    _memos.update(caches)


def sweep() -> None:
    """Drops what is too old from every cache of the process."""
    for cache in list(_caches):
        cache.sweep()
    for memo in list(_memos):
        memo.cache_clear()


async def sweep_forever() -> None:
    """Sweeps every few seconds, until it is cancelled."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        sweep()
