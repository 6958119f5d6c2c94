"""The framework's own caches of parsed requests are all known, and cleared before long keys fill them."""

import functools
import gc
from collections.abc import Callable

import httpx
import pytest

from feed import bounded_cache
from feed.api.middleware import framework_caches
from tests.support.api import Person

DIFFERENT = 30


def caches() -> dict[int, "functools._lru_cache_wrapper[object]"]:
    return {id(each): each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)}


async def ask_differently(client: httpx.AsyncClient, person: Person, number: int, *, length: int = 0) -> None:
    """Requests in which everything that a caller chooses differs from those with another number."""
    text = f"{number}" + "x" * length
    headers = {
        "accept": f"text/{text}, */*",
        "accept-language": text,
        "content-type": f"application/json; charset={text}",
        "cookie": f"a{text}=1",
        "idempotency-key": text[:200],
        "if-none-match": f'"{text}"',
        "origin": f"https://{text}.test",
        "x-forwarded-for": f"10.0.0.{number}",
    }
    for path in (f"/posts/{text}", f"/topics/{text}/posts", f"/users/{text}", f"/unknown/{text}"):
        await client.get(path, headers=headers)
    for path in ("/topics", "/feeds/latest", "/campaigns"):
        await client.get(f"{path}?{text}=1&cursor={text}", headers=headers)
    await person("POST", "/posts", {text: number}, headers=person.headers | headers)


async def test_each_cache_that_grows_with_requests_is_bounded(
    client: httpx.AsyncClient, join: Callable[..., Person]
) -> None:
    person = join("小明")
    bounded_cache.sweep()
    before = {key: cache.cache_info().currsize for key, cache in caches().items()}
    for number in range(DIFFERENT):
        await ask_differently(client, person, number)
    grown = {
        f"{cache.__module__}.{cache.__qualname__}"
        for key, cache in caches().items()
        if cache.cache_info().currsize - before.get(key, 0) >= DIFFERENT and cache not in bounded_cache._memos
    }
    # The test's own client parses URLs in this process.
    assert grown - {"urllib.parse.urlsplit"} == set()


async def test_long_requests_do_not_fill_the_frameworks_caches(
    client: httpx.AsyncClient, join: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framework_caches, "_MAX_BYTES", 50_000)
    person = join("小明")
    bounded_cache.sweep()
    for number in range(DIFFERENT):
        await ask_differently(client, person, number, length=1_500)
    framework = [cache for cache in caches().values() if cache.__module__.startswith("litestar.")]
    assert max(cache.cache_info().currsize for cache in framework if cache in bounded_cache._memos) < DIFFERENT
