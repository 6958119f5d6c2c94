"""The fast path responds like the framework, and passes unusual requests on to it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from feed.api.middleware.fast_path import endpoints_of, fast_path
from feed.api.state import AppState
from feed.app import build
from tests.support.api import Join
from tests.support.campaigns_api import publish

ASGI = Callable[..., Awaitable[None]]


@pytest.fixture
async def paths(join: Join) -> dict[str, str]:
    """Valid values of path parameters."""
    post = (await join("小明")("POST", "/posts", {"text": "你好 #读书#"})).json()
    comment = (await join("小明")("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()
    campaign = await publish(join("编辑", roles=("editor",)))
    return {"post_id": post["id"], "comment_id": comment["id"], "name": "读书", "campaign_id": campaign}


class BothPaths:
    """The application, and the number of requests that the framework handled."""

    def __init__(self, app_state: AppState) -> None:
        self.app = build(app_state)
        self.framework_count = 0

    async def ask(self, method: str, path: str, headers: dict[str, str], content: bytes = b"", *, fast: bool) -> Any:
        async def inner(scope: Any, receive: Any, send: Any) -> None:
            self.framework_count += 1
            await plain(scope, receive, send)

        plain: ASGI = Litestar._create_asgi_handler(self.app)
        app = self.app
        handler, app.asgi_handler = app.asgi_handler, fast_path(app, inner) if fast else plain
        try:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app),  # type: ignore[arg-type]
                base_url="http://127.0.0.1",
            ) as client:
                return await client.request(method, path, headers=headers, content=content)
        finally:
            app.asgi_handler = handler


def observed(answer: httpx.Response) -> Any:
    """Status, headers and content, without the `RateLimit` header, which changes with each request."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("ratelimit",)}
    return answer.status_code, sorted(headers.items()), answer.content


async def test_each_endpoint_responds_alike_on_both_paths(
    app_state: AppState, join: Join, paths: dict[str, str]
) -> None:
    both = BothPaths(app_state)
    token = join("小红").headers
    endpoints = [(method, each) for method, found in endpoints_of(both.app).items() for each in found.values()]
    assert {"/v1/feeds/latest", "/v1/posts/{post_id}/like"} <= {endpoint.template for _, endpoint in endpoints}
    for method, endpoint in endpoints:
        path = endpoint.template.format(**paths)
        if endpoint.body is not None:
            await compare_with_body(both, method, path, token)
            continue
        for credentials in ({}, token):
            for query in ("", "?limit=3") if "limit" in endpoint.query_names else ("",):
                quick = await both.ask(method, path + query, credentials, fast=True)
                assert both.framework_count == (not credentials and endpoint.viewer_name == "viewer"), path
                both.framework_count = 0
                slow = await both.ask(method, path + query, credentials, fast=False)
                assert observed(quick) == observed(slow), path
                if tag := quick.headers.get("etag"):
                    same = {**credentials, "if-none-match": tag}
                    again = await both.ask(method, path + query, same, fast=True)
                    assert again.status_code == 304
                    assert observed(again) == observed(await both.ask(method, path + query, same, fast=False))
                both.framework_count = 0


async def compare_with_body(both: BothPaths, method: str, path: str, token: dict[str, str]) -> None:
    """A created comment differs in id and time between the paths; a repeated response does not."""
    keyed = {**token, "content-type": "application/json", "idempotency-key": "one"}
    content = '{"text": "写得真好"}'.encode()
    quick = await both.ask(method, path, keyed, content, fast=True)
    slow = await both.ask(method, path, {**keyed, "idempotency-key": "two"}, content, fast=False)
    assert (quick.status_code, both.framework_count) == (201, 0), path
    assert [without_ids(observed(answer)) for answer in (quick, slow)] == [without_ids(observed(quick))] * 2
    again = [await both.ask(method, path, keyed, content, fast=fast) for fast in (True, False)]
    assert observed(again[0]) == observed(again[1])
    assert (again[0].content, again[0].headers["idempotency-replayed"]) == (quick.content, "true")
    for body, headers, status in (
        (b"", {}, 400),
        (b"{", {}, 400),
        (b'{"text": 1}', {}, 422),
        (b'{"text": "\xff"}', {}, 400),
        (b"[" * 60_000, {}, 400),
        (b'{"text": ""}', {}, 422),
        (b'{"text": "' + b"x" * 2001 + b'"}', {}, 422),
        (b'{"text": "other"}', {"idempotency-key": "one"}, 409),
        (content, {"authorization": "Bearer no"}, 401),
    ):
        headers = {**token, "content-type": "application/json; charset=utf-8", **headers}
        quick = await both.ask(method, path, headers, body, fast=True)
        assert (quick.status_code, both.framework_count) == (status, 0), (path, body[:30])
        assert observed(quick) == observed(await both.ask(method, path, headers, body, fast=False))
    for headers in (
        {**token, "content-type": "text/plain"},
        {**token},
        {**keyed, "idempotency-key": "a key"},
        {**keyed, "idempotency-key": "k" * 201},
        {"content-type": "application/json"},
    ):
        both.framework_count = 0
        quick = await both.ask(method, path, headers, content, fast=True)
        assert both.framework_count == 1
        assert quick.status_code == (await both.ask(method, path, headers, content, fast=False)).status_code
    both.framework_count = 0


def without_ids(response: Any) -> Any:
    """The response without ids and times."""
    status, headers, content = response
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
    both = BothPaths(app_state)
    quick = await both.ask("GET", f"/v1/feeds/latest{query}", headers, content, fast=True)
    assert both.framework_count == 1
    assert observed(quick) == observed(await both.ask("GET", f"/v1/feeds/latest{query}", headers, content, fast=False))


async def test_errors_are_the_same_on_both_paths(app_state: AppState, join: Join, paths: dict[str, str]) -> None:
    both = BothPaths(app_state)
    token = join("小红").headers
    requests = [
        ("PUT", "/v1/posts/77/like", token, 404),
        ("PUT", "/v1/posts/x/like", token, 404),
        ("PUT", f"/v1/posts/{paths['post_id']}/like", {"authorization": "Bearer no"}, 401),
        ("PUT", f"/v1/posts/{paths['post_id']}/like", {"authorization": "Basic no"}, 401),
        ("GET", "/v1/feeds/latest?cursor=forged", {}, 400),
        ("GET", "/v1/topics/nobody/posts", {}, 404),
        ("GET", "/v1/topics/nobody/posts", {"accept-language": "en"}, 404),
    ]
    for method, path, headers, status in requests:
        quick = await both.ask(method, path, headers, fast=True)
        assert (quick.status_code, both.framework_count) == (status, 0), path
        assert observed(quick) == observed(await both.ask(method, path, headers, fast=False))
        assert quick.headers["content-type"] == "application/problem+json"


async def test_an_unexpected_error_is_a_500_on_both_paths(app_state: AppState) -> None:
    both = BothPaths(msgspec.structs.replace(app_state, pages=None))
    quick = await both.ask("GET", "/v1/feeds/latest", {}, fast=True)
    assert (quick.status_code, both.framework_count, quick.json()["code"]) == (500, 0, "internal_error")
    assert observed(quick) == observed(await both.ask("GET", "/v1/feeds/latest", {}, fast=False))
