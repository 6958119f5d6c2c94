"""What a comment and a post cost through their doors, however they are written: the same on a large database."""

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
from tests.plans.guard import MODES, complaints
from tests.plans.plans import Mode, Stage, stage
from tests.support.app import app_over


class Ask:
    """Somebody with a token at the application."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"authorization": f"Bearer {token}"}

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._client.request(method, path, headers=self._headers, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


@asynccontextmanager
async def asking(there: Stage, redis: Redis, keys_dir: Path) -> AsyncIterator[Ask]:
    keys = open_keys(keys_dir, create=True)
    settings = Settings(database_url="", redis_url="", keys_dir=keys_dir, limits="off")
    world = build_app_state(settings, there.pool, redis, keys)
    transport = httpx.ASGITransport(app=app_over(world))  # type: ignore[arg-type]
    token = issue_token(keys.token_key, sub="somebody", name="小明", phone="+8613800000000")
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as client:
        ask = Ask(client, token)
        await ask("GET", "/me")
        yield ask


# What is asked first, whose id stands in the path; what is looked at; as in a case, its indexes and its pages.
DOORS: dict[str, tuple[tuple[str, str, Any] | None, tuple[str, str, Any], tuple[str, ...], int]] = {
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
    "a post by itself": (None, ("GET", f"/posts/{VIRAL_POST}", None), ("posts_pkey", "post_stats_pkey"), 100),
    "the first page": (None, ("GET", "/feeds/latest", None), ("posts_latest", "posts_pkey"), 1_000),
    "a page of a person": (None, ("GET", "/users/1/posts", None), ("posts_of_author",), 1_000),
    "a page of a topic": (None, ("GET", "/topics/t1/posts", None), ("topic_posts_pkey", "topics_one_per_key"), 1_000),
    "oneself": (None, ("GET", "/me", None), ("accounts_pkey",), 100),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", DOORS)
async def test_a_door_asks_for_few_pages(
    town_database: str, redis: Redis, tmp_path: Path, name: str, mode: Mode
) -> None:
    before, (method, path, body), indexes, pages = DOORS[name]
    async with stage(town_database, mode) as there, asking(there, redis, tmp_path / "keys") as ask:
        id_ = (await ask(*before))["id"] if before else ""
        if isinstance(body, dict):
            body = {field: value.replace("{id}", id_) for field, value in body.items()}
        await there.plans()
        await ask(method, path.replace("{id}", id_), body)
        plans = await there.plans()
    assert plans

    async def nothing(_: Stage) -> None: ...

    assert complaints(Case(nothing, indexes, pages), plans) == [], "\n".join(plan.text for plan in plans)
