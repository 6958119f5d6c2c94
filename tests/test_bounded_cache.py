import asyncio
import gc
from functools import lru_cache

import pytest

from feed import bounded_cache
from feed.bounded_cache import ENTRY_BYTES, BoundedCache, clear_when_swept, memoized, sweep, sweep_forever
from tests.support.waiting import HANG_SECONDS


def cache(*, entries: int = 8, seconds: float = 60) -> BoundedCache[str, str]:
    """A cache with room for so many values of 100 bytes."""
    return BoundedCache(
        max_bytes=entries * (ENTRY_BYTES + 100), seconds=seconds, size=lambda key, value: len(key) + len(value)
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("feed.bounded_cache.time.monotonic", lambda: now[0])
    return now


def test_the_oldest_values_make_room_for_new_ones() -> None:
    cached = cache()
    for number in range(20):
        cached.put(f"{number:02}", "v" * 98)
    assert len(cached) == 8
    assert cached.get("11") is None
    assert cached.get("12") == "v" * 98
    assert cached.bytes == 8 * (ENTRY_BYTES + 100)


def test_long_values_count_by_their_bytes() -> None:
    cached = cache()
    for number in range(20):
        cached.put(f"{number:02}", "v" * 400)
    assert len(cached) == 4
    assert cached.bytes <= 8 * (ENTRY_BYTES + 100)


def test_a_value_larger_than_a_quarter_is_not_cached_and_evicts_nothing_but_its_predecessor() -> None:
    cached = cache()
    cached.put("a", "small")
    cached.put("b", "small")
    cached.put("b", "v" * 2_000)
    assert cached.get("a") == "small"
    assert cached.get("b") is None
    assert cached.bytes == ENTRY_BYTES + 6


def test_a_replaced_value_is_counted_once_and_is_the_newest() -> None:
    cached = cache(entries=4)
    for key in ("a", "b", "a", "c", "d", "e"):
        cached.put(key, "v" * 99)
    assert [cached.get(key) is not None for key in "abcde"] == [True, False, True, True, True]
    assert cached.bytes == 4 * (ENTRY_BYTES + 100)


def test_a_sweep_drops_what_is_too_old_from_every_cache(clock: list[float]) -> None:
    first, second = cache(seconds=1), cache(seconds=10)
    for each in (first, second):
        each.put("old", "v")
    clock[0] += 2
    first.put("new", "v")
    sweep()
    assert (first.get("old"), first.get("new"), second.get("old")) == (None, "v", "v")
    clock[0] += 100
    sweep()
    assert (len(first), first.bytes, len(second), second.bytes) == (0, 0, 0, 0)


def test_stale_values_are_dropped() -> None:
    cached = cache()
    cached.put("a", "stale")
    cached.put("b", "fresh")
    cached.drop(lambda value: value == "stale")
    assert (cached.get("a"), cached.get("b"), cached.bytes) == (None, "fresh", ENTRY_BYTES + 6)


def test_long_arguments_are_not_cached_and_a_sweep_forgets_the_others() -> None:
    calls = []

    @memoized(entries=10, longest=3)
    def length(text: str) -> int:
        calls.append(text)
        return len(text)

    assert [length("abc"), length("abc"), length("abcd"), length("abcd")] == [3, 3, 4, 4]
    assert calls == ["abc", "abcd", "abcd"]
    sweep()
    length("abc")
    assert calls[-1] == "abc"


def test_caches_of_libraries_are_cleared_and_not_kept_alive() -> None:
    @lru_cache(10)
    def parse(text: str) -> str:
        return text

    parse("a")
    clear_when_swept([parse])
    sweep()
    assert parse.cache_info().currsize == 0
    del parse
    gc.collect()
    assert all(getattr(each, "__qualname__", "").rpartition(".")[2] != "parse" for each in bounded_cache._memos)


async def test_sweeping_continues_until_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_cache, "_SWEEP_SECONDS", 0)
    cached = cache(seconds=-1)
    sweeping = asyncio.create_task(sweep_forever())
    for _ in range(2):
        cached.put("a", "v")
        async with asyncio.timeout(HANG_SECONDS):
            while len(cached):
                await asyncio.sleep(0)
    sweeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sweeping
