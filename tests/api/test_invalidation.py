"""Cached pages do not show removed posts for long, in any process."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from feed.api.state import AppState, build_app_state
from feed.screens.posts import pages
from feed.screens.posts.page_render import PageBase
from tests.support.api import Join, Person
from tests.support.app import app_over
from tests.support.waiting import HANG_SECONDS


@pytest.fixture
async def other(app_state: AppState, redis: Redis) -> AsyncIterator[httpx.AsyncClient]:
    """The application of another process with the same servers, subscribed to invalidations."""
    second = build_app_state(app_state.settings, app_state.pool, redis, app_state.keys)
    second.invalidation.start()
    await until_subscribed(redis, 2)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app_over(second)),  # type: ignore[arg-type]
        base_url="http://feed.test/v1",
    ) as opened:
        yield opened
    await second.invalidation.close()


async def until_subscribed(redis: Redis, subscribers: int) -> None:
    async with asyncio.timeout(HANG_SECONDS):
        while dict(await redis.pubsub_numsub("feed:takedowns"))[b"feed:takedowns"] < subscribers:
            await asyncio.sleep(0.01)


async def shown(client: httpx.AsyncClient) -> list[str]:
    return [post["text"] for post in (await client.get("/feeds/latest")).json()["items"]]


async def test_a_removal_invalidates_the_pages_of_every_process(
    client: httpx.AsyncClient, other: httpx.AsyncClient, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CACHE_SECONDS", 600.0)
    ming, judge = join("小明"), join("审读", roles=("reviewer",))
    visible = await publish(ming, "留下的")
    gone = await publish(ming, "要删的")
    removed = await publish(ming, "要下架的")
    for reader in (client, other):
        assert await shown(reader) == ["要下架的", "要删的", "留下的"]
    assert (await ming("DELETE", f"/posts/{gone}")).status_code == 204
    await remove(judge, removed)
    # The process that made the change invalidates at once; others are notified.
    assert await shown(client) == ["留下的"]
    async with asyncio.timeout(HANG_SECONDS):
        while await shown(other) != ["留下的"]:
            await asyncio.sleep(0.01)
    assert (await ming("PATCH", f"/posts/{visible}", {"text": "改过的"})).status_code == 200
    assert await shown(client) == ["改过的"]


async def test_without_redis_cached_pages_expire(
    client: httpx.AsyncClient, app_state: AppState, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CACHE_SECONDS", 0.05)
    await app_state.invalidation.close()
    gone = await publish(join("小明"), "要删的")
    assert await shown(client) == ["要删的"]
    async with app_state.pool.acquire() as conn:
        await conn.execute("UPDATE posts SET state = 'removed' WHERE id = $1", int(gone))
    async with asyncio.timeout(HANG_SECONDS):
        while await shown(client) != []:
            await asyncio.sleep(0.01)


async def test_a_page_that_was_being_read_during_an_invalidation_is_not_cached(app_state: AppState) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    old, new = await app_state.pages.base([], None), await app_state.pages.base([], "other")

    async def slow() -> PageBase:
        begun.set()
        await go_on.wait()
        return old

    async def quick() -> PageBase:
        return new

    waiting = asyncio.create_task(app_state.pages.cached("a page", slow))
    await begun.wait()
    app_state.pages.invalidate([1])
    assert await app_state.pages.cached("a page", quick) is new
    go_on.set()
    assert await waiting is old
    assert await app_state.pages.cached("a page", slow) is new


async def test_malformed_messages_on_the_channel_only_invalidate_pages(
    client: httpx.AsyncClient, redis: Redis, join: Join
) -> None:
    await publish(join("小明"), "一条")
    await until_subscribed(redis, 1)
    for noise in (b"", b"[1, 2", b'{"a": 1}', b"[9223372036854775808]"):
        await redis.publish("feed:takedowns", noise)
    assert await shown(client) == ["一条"]


async def publish(person: Person, text: str) -> str:
    return str((await person("POST", "/posts", {"text": text})).json()["id"])


async def remove(judge: Person, post_id: str) -> None:
    leased = (await judge("POST", "/moderation/cases/lease", {"count": 20})).json()["items"]
    case = next(each for each in leased if each["subject"]["id"] == post_id)
    verdict = {"verdict": "remove", "reason_code": "spam", "version": case["version"]}
    answer = await judge("POST", f"/moderation/cases/{case['id']}/verdict", verdict)
    assert answer.status_code == 200, answer.text
