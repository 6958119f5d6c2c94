"""Plans of whole requests that read and write posts and comments, on the filled database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from feed.api.state import build_app_state
from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.settings import Settings
from tests.plans.cases import Case
from tests.plans.fill import VIRAL_POST
from tests.plans.guard import MODES, violations
from tests.plans.plans import Mode, PlanRecorder, record_plans
from tests.support.app import app_over


class Caller:
    """A signed-in client of the application."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"authorization": f"Bearer {token}"}

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        response = await self._client.request(method, path, headers=self._headers, json=body)
        assert response.status_code < 300, response.text
        return response.json() if response.content else None


@asynccontextmanager
async def calling(recorder: PlanRecorder, redis: Redis, keys_dir: Path) -> AsyncIterator[Caller]:
    keys = open_keys(keys_dir, create=True)
    settings = Settings(database_url="", redis_url="", keys_dir=keys_dir, limits="off")
    app_state = build_app_state(settings, recorder.pool, redis, keys)
    transport = httpx.ASGITransport(app=app_over(app_state))  # type: ignore[arg-type]
    token = issue_token(keys.token_key, sub="viewer", name="小明", phone="+8613800000000")
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as client:
        call = Caller(client, token)
        await call("GET", "/me")
        yield call


# A first request, whose id goes into the path; the request that is checked; indexes and pages as in a case.
ENDPOINTS: dict[str, tuple[tuple[str, str, Any] | None, tuple[str, str, Any], tuple[str, ...], int]] = {
    "publishing": (
        None,
        ("POST", "/posts", {"text": "一条 #t1# 的动态"}),
        ("topics_one_per_key", "campaigns_by_topic"),
        1_000,
    ),
    "editing": (
        ("POST", "/posts", {"text": "一条"}),
        ("PATCH", "/posts/{id}", {"text": "改过的 #t1#"}),
        ("post_stats_pkey", "posts_pkey", "post_revisions_pkey"),
        1_000,
    ),
    "deleting a post": (
        ("POST", "/posts", {"text": "一条"}),
        ("DELETE", "/posts/{id}", None),
        ("post_stats_pkey", "posts_pkey"),
        500,
    ),
    "commenting": (
        None,
        ("POST", f"/posts/{VIRAL_POST}/comments", {"text": "好"}),
        ("post_stats_pkey", "posts_pkey"),
        600,
    ),
    "replying": (
        ("POST", f"/posts/{VIRAL_POST}/comments", {"text": "好"}),
        ("POST", f"/posts/{VIRAL_POST}/comments", {"text": "对", "reply_to_id": "{id}"}),
        ("post_stats_pkey", "comments_by_id|comments_pkey"),
        600,
    ),
    "deleting a comment": (
        ("POST", f"/posts/{VIRAL_POST}/comments", {"text": "好"}),
        ("DELETE", "/comments/{id}", None),
        ("post_stats_pkey", "comments_by_id|comments_pkey"),
        500,
    ),
    "a post by itself": (None, ("GET", f"/posts/{VIRAL_POST}", None), ("posts_pkey", "post_stats_pkey"), 400),
    "the first page": (None, ("GET", "/feeds/latest", None), ("posts_latest", "posts_pkey"), 1_000),
    "a page of a person": (None, ("GET", "/users/1/posts", None), ("posts_of_author",), 1_000),
    "a page of a topic": (None, ("GET", "/topics/t1/posts", None), ("topic_posts_pkey", "topics_one_per_key"), 1_000),
    "own profile": (None, ("GET", "/me", None), ("accounts_pkey",), 100),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ENDPOINTS)
async def test_an_endpoint_reads_few_pages(
    filled_database: str, redis: Redis, tmp_path: Path, name: str, mode: Mode
) -> None:
    before, (method, path, body), indexes, pages = ENDPOINTS[name]
    async with record_plans(filled_database, mode) as recorder, calling(recorder, redis, tmp_path / "keys") as call:
        id_ = (await call(*before))["id"] if before else ""
        if isinstance(body, dict):
            body = {field: value.replace("{id}", id_) for field, value in body.items()}
        await recorder.plans()
        await call(method, path.replace("{id}", id_), body)
        plans = await recorder.plans()
    assert plans

    async def nothing(_: PlanRecorder) -> None: ...

    assert violations(Case(nothing, indexes, pages), plans) == [], "\n".join(plan.text for plan in plans)
