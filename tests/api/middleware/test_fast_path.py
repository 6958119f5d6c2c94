"""The express lane answers as the framework's way does, and leaves to it whatever is unusual."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from feed.api.middleware.fast_path import _endpoints, fast_path
from feed.api.state import AppState
from feed.app import build
from tests.support.api import Join
from tests.support.campaigns_api import publish

ASGI = Callable[..., Awaitable[None]]


@pytest.fixture
async def paths(join: Join) -> dict[str, str]:
    """What stands for each parameter of a path."""
    post = (await join("小明")("POST", "/posts", {"text": "你好 #读书#"})).json()
    comment = (await join("小明")("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()
    campaign = await publish(join("编辑", roles=("editor",)))
    return {"post_id": post["id"], "comment_id": comment["id"], "name": "读书", "campaign_id": campaign}


class Taken:
    """The application, and how many of its requests took the framework's way."""

    def __init__(self, app_state: AppState) -> None:
        self.app = build(app_state)
        self.long_way = 0

    async def ask(self, method: str, path: str, headers: dict[str, str], content: bytes = b"", *, lane: bool) -> Any:
        async def inner(scope: Any, receive: Any, send: Any) -> None:
            self.long_way += 1
            await plain(scope, receive, send)

        plain: ASGI = Litestar._create_asgi_handler(self.app)
        app = self.app
        kept, app.asgi_handler = app.asgi_handler, fast_path(app, inner) if lane else plain
        try:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app),  # type: ignore[arg-type]
                base_url="http://127.0.0.1",
            ) as client:
                return await client.request(method, path, headers=headers, content=content)
        finally:
            app.asgi_handler = kept


def told(answer: httpx.Response) -> Any:
    """What a client sees; what counts down with each request is left out."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("ratelimit",)}
    return answer.status_code, sorted(headers.items()), answer.content


async def test_each_endpoint_responds_alike_on_both_paths(
    app_state: AppState, join: Join, paths: dict[str, str]
) -> None:
    taken = Taken(app_state)
    token = join("小红").headers
    doors = dict(_endpoints(taken.app))
    assert {"/v1/feeds/latest", "/v1/posts/{post_id}/like"} <= {door.template for door in doors.values()}
    for (method, _), door in doors.items():
        path = door.template.format(**paths)
        if door.body is not None:
            await both_ways_with_a_body(taken, method, path, token)
            continue
        for who in ({}, token):
            for query in ("", "?limit=3") if "limit" in door.query_names else ("",):
                short = await taken.ask(method, path + query, who, lane=True)
                assert taken.long_way == (not who and door.viewer_name == "viewer"), path
                taken.long_way = 0
                long = await taken.ask(method, path + query, who, lane=False)
                assert told(short) == told(long), path
                if tag := short.headers.get("etag"):
                    same = {**who, "if-none-match": tag}
                    again = await taken.ask(method, path + query, same, lane=True)
                    assert again.status_code == 304
                    assert told(again) == told(await taken.ask(method, path + query, same, lane=False))
                taken.long_way = 0


async def both_ways_with_a_body(taken: Taken, method: str, path: str, token: dict[str, str]) -> None:
    """What is made differs in its id and its instant; what is told again does not."""
    keyed = {**token, "content-type": "application/json", "idempotency-key": "one"}
    content = '{"text": "写得真好"}'.encode()
    short = await taken.ask(method, path, keyed, content, lane=True)
    long = await taken.ask(method, path, {**keyed, "idempotency-key": "two"}, content, lane=False)
    assert (short.status_code, taken.long_way) == (201, 0), path
    assert [made_alike(told(answer)) for answer in (short, long)] == [made_alike(told(short))] * 2
    again = [await taken.ask(method, path, keyed, content, lane=lane) for lane in (True, False)]
    assert told(again[0]) == told(again[1])
    assert (again[0].content, again[0].headers["idempotency-replayed"]) == (short.content, "true")
    for body, headers, status in (
        (b"", {}, 400),
        (b"{", {}, 400),
        (b'{"text": 1}', {}, 400),
        (b'{"text": "\xff"}', {}, 400),
        (b"[" * 60_000, {}, 400),
        (b'{"text": ""}', {}, 422),
        (b'{"text": "' + b"x" * 2001 + b'"}', {}, 422),
        (b'{"text": "other"}', {"idempotency-key": "one"}, 409),
        (content, {"authorization": "Bearer no"}, 401),
    ):
        headers = {**token, "content-type": "application/json; charset=utf-8", **headers}
        short = await taken.ask(method, path, headers, body, lane=True)
        assert (short.status_code, taken.long_way) == (status, 0), (path, body[:30])
        assert told(short) == told(await taken.ask(method, path, headers, body, lane=False))
    for headers in (
        {**token, "content-type": "text/plain"},
        {**token},
        {**keyed, "idempotency-key": "a key"},
        {**keyed, "idempotency-key": "k" * 201},
        {"content-type": "application/json"},
    ):
        taken.long_way = 0
        short = await taken.ask(method, path, headers, content, lane=True)
        assert taken.long_way == 1
        assert short.status_code == (await taken.ask(method, path, headers, content, lane=False)).status_code
    taken.long_way = 0


def made_alike(seen: Any) -> Any:
    """The answer without what is new each time."""
    status, headers, content = seen
    alike = re.sub(rb"[0-9]{15,}|20[0-9]{2}-[0-9T:.-]+Z", b"?", content)
    return status, [(name, value) for name, value in headers if name != "content-length"], alike


@pytest.mark.parametrize(
    ("query", "headers", "content"),
    [
        ("?limit=0", {}, b""),
        ("?limit=51", {}, b""),
        ("?limit=07", {}, b""),
        ("?limit=3&limit=4", {}, b""),
        ("?limit=%33", {}, b""),
        ("?cursor=", {}, b""),
        ("?cursor=null", {}, b""),
        ("?cursor=a%20b", {}, b""),
        ("?other=1", {}, b""),
        ("?", {"origin": "https://example.org"}, b""),
        ("", {"accept": "text/html"}, b""),
        ("", {"host": "a b"}, b""),
        ("", {"expect": "100-continue"}, b""),
        ("", {}, b"{}"),
    ],
)
async def test_unusual_requests_are_passed_on_to_the_framework(
    app_state: AppState, query: str, headers: dict[str, str], content: bytes
) -> None:
    taken = Taken(app_state)
    short = await taken.ask("GET", f"/v1/feeds/latest{query}", headers, content, lane=True)
    assert taken.long_way == 1
    assert told(short) == told(await taken.ask("GET", f"/v1/feeds/latest{query}", headers, content, lane=False))


async def test_errors_are_the_same_on_both_paths(app_state: AppState, join: Join, paths: dict[str, str]) -> None:
    taken = Taken(app_state)
    token = join("小红").headers
    asked = [
        ("PUT", "/v1/posts/77/like", token, 404),
        ("PUT", "/v1/posts/x/like", token, 404),
        ("PUT", f"/v1/posts/{paths['post_id']}/like", {"authorization": "Bearer no"}, 401),
        ("PUT", f"/v1/posts/{paths['post_id']}/like", {"authorization": "Basic no"}, 401),
        ("GET", "/v1/feeds/latest?cursor=forged", {}, 400),
        ("GET", "/v1/topics/nobody/posts", {}, 404),
        ("GET", "/v1/topics/nobody/posts", {"accept-language": "en"}, 404),
    ]
    for method, path, headers, status in asked:
        short = await taken.ask(method, path, headers, lane=True)
        assert (short.status_code, taken.long_way) == (status, 0), path
        assert told(short) == told(await taken.ask(method, path, headers, lane=False))
        assert short.headers["content-type"] == "application/problem+json"


async def test_an_unexpected_error_is_a_500_on_both_paths(app_state: AppState) -> None:
    taken = Taken(msgspec.structs.replace(app_state, pages=None))
    short = await taken.ask("GET", "/v1/feeds/latest", {}, lane=True)
    assert (short.status_code, taken.long_way, short.json()["code"]) == (500, 0, "internal_error")
    assert told(short) == told(await taken.ask("GET", "/v1/feeds/latest", {}, lane=False))
