"""Rate limits of the API: every route has a class, and 429 has a Retry-After."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg import Record
from litestar.routes import HTTPRoute
from redis.asyncio import Redis

import feed
from feed.api.middleware.rate_limit import limit_of
from feed.api.state import AppState, build_app_state
from feed.auth.tokens import issue_token
from feed.keys.store import Keys
from feed.limits.model import TABLE, UNLIMITED
from feed.settings import Settings
from tests.support import make
from tests.support.api import Join, Person
from tests.support.app import app_over

LIMITS = """
[posts]
account = ["2/10m", "30/1d"]
[likes]
account = ["30/1m"]
[reads]
account = ["5/1m"]
address = ["3/1m"]
[codes]
address = ["2/10m"]
[bad_tokens]
address = ["2/1m"]
"""

Opened = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def opened(
    pool: "asyncpg.Pool[Record]", redis: Redis, keys: Keys, database: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Opened]:
    """`opened(peer="192.0.2.1", trusted_proxies=1)`: a client of an application with small limits."""
    file = tmp_path / "limits.toml"
    file.write_text(LIMITS)
    states: list[AppState] = []

    def open_client(*, peer: str = "192.0.2.1", on: Redis = redis, **more: Any) -> httpx.AsyncClient:
        given: dict[str, Any] = {
            "database_url": database,
            "redis_url": redis_url,
            "keys_dir": tmp_path / "keys",
            "limits": str(file),
        }
        app_state = build_app_state(Settings(**given | more), pool, on, keys)
        states.append(app_state)
        transport = httpx.ASGITransport(app=app_over(app_state), client=(peer, 4711), raise_app_exceptions=False)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1")

    yield open_client
    for app_state in states:
        await app_state.likes.close()
        await app_state.projector.close()
        if app_state.limiter is not None:
            await app_state.limiter.close()


@pytest.fixture
async def old_account(pool: "asyncpg.Pool[Record]", keys: Keys) -> Callable[..., Any]:
    """`await old_account(client, "小明", phone)`: a user with an account of a month ago."""

    async def joined(client: httpx.AsyncClient, name: str, phone: str) -> Person:
        person = Person(client, issue_token(keys.token_key, sub=name, name=name, phone=phone))
        await pool.execute(
            "INSERT INTO accounts (iss, sub, name, created_at) VALUES ('feed', $1, $1, $2)",
            name,
            make.now() - 30 * make.DAY,
        )
        return person

    return joined


def structured(value: str) -> dict[str, dict[str, int]]:
    """A list of strings with whole numbers as parameters (RFC 9651), read as strictly as it is written."""
    members = {}
    for member in re.split(r",[ \t]*", value):
        match = re.fullmatch(r'"([\x20-\x21\x23-\x5b\x5d-\x7e]+)"((?:; *[a-z*][a-z0-9_.*-]*=-?\d{1,15})*)', member)
        assert match, member
        members[match[1]] = {key: int(number) for key, number in re.findall(r"; *([a-z]+)=(-?\d+)", match[2])}
    return members


def test_every_route_has_a_class(app_state: AppState) -> None:
    classes = {
        (str(method), str(route.path_format)): limit_of(handler, str(method))
        for route in app_over(app_state).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
    }
    assert len(classes) > 80
    assert set(classes.values()) <= set(TABLE) | {UNLIMITED}
    assert {path for (_, path), name in classes.items() if name == UNLIMITED} == {
        "/health/live",
        "/health/ready",
        "/metrics",
    }
    expected = {
        ("POST", "/v1/posts"): "posts",
        ("PUT", "/v1/posts/{post_id}/like"): "likes",
        ("POST", "/v1/posts/{post_id}/comments"): "comments",
        ("DELETE", "/v1/posts/{post_id}"): "changes",
        ("GET", "/v1/feeds/latest"): "reads",
        ("POST", "/v1/auth/codes"): "codes",
        ("POST", "/v1/auth/tokens"): "codes",
        ("PUT", "/v1/me/prizes/{prize_id}/claim"): "claims",
        ("POST", "/v1/admin/campaigns"): "staff",
        ("GET", "/v1/moderation/cases"): "staff",
        ("POST", "/v1/admin/campaigns/{campaign_id}/claims/{prize_id}/reveal"): "reveals",
        ("GET", "/openapi.json"): "files",
        ("GET", "/docs"): "files",
    }
    assert {route: classes[route] for route in expected} == expected


async def test_a_rejection_names_the_limit_and_when_to_retry(opened: Opened, old_account: Callable[..., Any]) -> None:
    ming = await old_account(opened(), "小明", "+8613700000001")
    first = await ming("POST", "/posts", {"text": "读书"})
    assert first.status_code == 201
    assert structured(first.headers["ratelimit-policy"]) == {
        "posts-10m": {"q": 2, "w": 600},
        "posts-1d": {"q": 30, "w": 86_400},
    }
    limits = structured(first.headers["ratelimit"])
    assert limits["posts-10m"]["r"] == 1
    assert 0 < limits["posts-10m"]["t"] <= 600
    assert (await ming("POST", "/posts", {"text": "读书"})).status_code == 201
    rejected = await ming("POST", "/posts", {"text": "读书"})
    assert (rejected.status_code, rejected.json()["code"]) == (429, "rate_limited")
    assert rejected.headers["content-type"] == "application/problem+json"
    assert 0 < int(rejected.headers["retry-after"]) <= 1200
    assert structured(rejected.headers["ratelimit"])["posts-10m"]["r"] == 0
    assert structured(rejected.headers["ratelimit-policy"])["posts-10m"] == {"q": 2, "w": 600}
    # Other classes are not affected.
    assert (await ming("GET", "/me")).status_code == 200


async def test_accounts_of_one_phone_share_a_quota_and_new_ones_have_a_third(
    opened: Opened, old_account: Callable[..., Any], keys: Keys
) -> None:
    client = opened()
    ming, also_ming = [await old_account(client, name, "+8613700000002") for name in ("小明", "小明二号")]
    assert (await ming("POST", "/posts", {"text": "一"})).status_code == 201
    assert (await also_ming("POST", "/posts", {"text": "二"})).status_code == 201
    assert (await also_ming("POST", "/posts", {"text": "三"})).status_code == 429
    new = Person(client, issue_token(keys.token_key, sub="新", name="新", phone="+8613700000003"))
    assert structured((await new("POST", "/posts", {"text": "一"})).headers["ratelimit-policy"])["posts-1d"]["q"] == 10


async def test_anonymous_callers_are_counted_by_an_address_that_they_cannot_forge(opened: Opened) -> None:
    client = opened(trusted_proxies=1, peer="10.0.0.1")
    statuses = [
        (await client.get("/feeds/latest", headers={"x-forwarded-for": f"198.51.100.{n}, 203.0.113.9"})).status_code
        for n in range(5)
    ]
    assert statuses == [200, 200, 200, 429, 429]
    other = await client.get("/feeds/latest", headers={"x-forwarded-for": "203.0.113.10"})
    assert other.status_code == 200
    # Responses for shared caches have no headers of a single caller.
    assert "ratelimit" not in other.headers


async def test_forwarded_addresses_are_ignored_without_a_trusted_proxy(opened: Opened) -> None:
    client = opened()
    statuses = [
        (await client.get("/feeds/latest", headers={"x-forwarded-for": f"203.0.113.{n}"})).status_code for n in range(4)
    ]
    assert statuses == [200, 200, 200, 429]


async def test_a_request_is_counted_before_anything_of_it_is_parsed(opened: Opened) -> None:
    client = opened()
    unparsed = [
        {"headers": {"accept": "text/html"}},
        {"headers": {"accept": "text/html" + ", text/x" * 1_000}},
        {"params": {"limit": "x"}},
        {"params": {"cursor": "x"}},
    ]
    statuses = [(await client.get("/feeds/latest", **each)).status_code for each in unparsed]  # type: ignore[arg-type]
    assert statuses == [406, 406, 422, 429]


async def test_guessing_tokens_is_limited(opened: Opened) -> None:
    client = opened()
    statuses = [
        (await client.get("/feeds/latest", headers={"authorization": f"Bearer x{n}"})).status_code for n in range(4)
    ]
    assert statuses == [401, 401, 429, 429]


async def test_in_embedded_mode_loopback_has_no_limit_by_address(
    opened: Opened, old_account: Callable[..., Any]
) -> None:
    client = opened(embedded=True, peer="127.0.0.1")
    assert [(await client.get("/feeds/latest")).status_code for _ in range(10)] == [200] * 10
    ming = await old_account(client, "小明", "+8613700000004")
    assert [(await ming("GET", "/feeds/latest")).status_code for _ in range(7)] == [200] * 5 + [429] * 2
    abroad = opened(embedded=True)
    assert [(await abroad.get("/feeds/latest")).status_code for _ in range(4)] == [200, 200, 200, 429]


async def test_an_expired_token_does_not_prevent_a_refresh(opened: Opened, keys: Keys) -> None:
    expired = issue_token(keys.token_key, sub="小明", seconds=-10)
    answer = await opened().post(
        "/auth/refresh", json={"refresh_token": "unknown"}, headers={"authorization": f"Bearer {expired}"}
    )
    assert answer.json()["code"] == "refresh_refused"


async def test_codes_are_limited_by_address_and_rejected_without_redis(opened: Opened, keys: Keys) -> None:
    client = opened()
    statuses = [(await client.post("/auth/codes", json={"phone": f"1380000000{n}"})).status_code for n in range(3)]
    assert statuses == [202, 202, 429]

    gone = Redis.from_url("redis://127.0.0.1:1/0")
    away = opened(on=gone)
    rejected = await away.post("/auth/codes", json={"phone": "13800000009"})
    assert (rejected.status_code, rejected.json()["code"]) == (503, "limits_away")
    assert int(rejected.headers["retry-after"]) > 0
    ming = Person(away, issue_token(keys.token_key, sub="小明", name="小明", phone="+8613700000005"))
    assert (await ming("PUT", "/me/prizes/1/claim", {})).status_code == 503
    assert [(await ming("GET", "/feeds/latest")).status_code for _ in range(9)] == [200] * 9
    assert [(await ming("POST", "/posts", {"text": "读书"})).status_code for _ in range(4)] == [201] * 4
    await gone.aclose()


async def test_without_limits_no_headers_are_sent(client: httpx.AsyncClient, join: Join) -> None:
    ming = join("小明")
    assert [(await ming("POST", "/posts", {"text": "读书"})).status_code for _ in range(12)] == [201] * 12
    assert "ratelimit" not in (await ming("GET", "/me")).headers


def test_the_documented_table_matches_the_code() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| (open|503) \|$",
        (Path(feed.__file__).parents[1] / "docs/reference/settings.md").read_text("utf-8").replace("| | ", "|  | "),
        re.MULTILINE,
    )
    assert {name: (account.strip(), address.strip(), away == "503") for name, account, address, away in rows} == {
        name: (
            ", ".join(f"{window.quota}/{window.label}" for window in limit.account),
            ", ".join(f"{window.quota}/{window.label}" for window in limit.address),
            limit.strict,
        )
        for name, limit in TABLE.items()
    }
