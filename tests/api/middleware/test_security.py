"""Security headers, allowed hosts, CORS, `Accept`, body limits and timeouts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Router, get, post
from litestar.datastructures import State

from feed.api.connections import Connections
from feed.api.dependencies import AnyRequest
from feed.api.errors import EXCEPTION_HANDLERS
from feed.api.media_types import takes_json
from feed.api.middleware import timeouts
from feed.api.middleware.allowed_hosts import allowed_hosts, host_check
from feed.api.middleware.security import security_middleware
from feed.api.state import AppState
from feed.settings import Settings
from tests.support.api import Join
from tests.support.app import app_over
from tests.support.waiting import HANG_SECONDS

ANY: dict[str, Any] = {"database_url": "", "redis_url": "", "keys_dir": Path()}
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

Opened = Callable[..., httpx.AsyncClient]


def client_of(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://feed.test")


@pytest.fixture
def opened(app_state: AppState) -> Opened:
    """`opened(cors_origins=…)`: a client of the application with other settings."""

    def open_client(**more: Any) -> httpx.AsyncClient:
        settings = msgspec.structs.replace(app_state.settings, **more)
        return client_of(app_over(msgspec.structs.replace(app_state, settings=settings)))

    return open_client


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/v1/feeds/latest", 200),
        ("GET", "/v1/posts/1", 404),
        ("GET", "/nothing/here", 404),
        ("PUT", "/v1/feeds/latest", 405),
        ("POST", "/v1/posts", 401),
        ("GET", "/v1/feeds/latest?cursor=" + "x" * 9000, 414),
        ("GET", "/openapi.json", 200),
        ("GET", "/health/live", 200),
    ],
)
async def test_every_response_has_the_security_headers(
    client: httpx.AsyncClient, method: str, url: str, status: int
) -> None:
    answer = await client.request(method, f"http://feed.test{url}", json={} if method == "POST" else None)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "strict-transport-security" not in answer.headers


async def test_hsts_is_sent_with_an_https_public_url(opened: Opened) -> None:
    answer = await opened(public_url="https://feed.test").get("/nothing")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_the_docs_page_loads_its_own_files_only(client: httpx.AsyncClient) -> None:
    page = await client.get("http://feed.test/docs")
    policy = page.headers["content-security-policy"]
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self';" in policy
    assert "<script>" not in page.text
    sources = [part.split('"')[1] for part in page.text.split("src=")[1:]] + [
        source for part in page.text.split("href=")[1:] if (source := part.split('"')[1]).endswith(".css")
    ]
    assert len(sources) == 4
    for source in sources:
        file = await client.get(f"http://feed.test{source}")
        assert file.status_code == 200, source
        assert file.headers["x-content-type-options"] == "nosniff"
        wanted = "css" if source.endswith(".css") else "javascript"
        # With nosniff browsers run scripts of the right type only.
        assert wanted in file.headers["content-type"], source


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ()),
        ({"public_url": "http://localhost:8080"}, ()),
        ({"public_url": "http://[::1]:8080"}, ()),
        ({"public_url": "https://pyq.example.cn"}, ("pyq.example.cn",)),
        ({"public_url": "https://pyq.example.cn", "embedded": True}, ()),
        ({"public_url": "https://pyq.example.cn", "allowed_hosts": "*"}, ()),
        ({"allowed_hosts": "A.example.cn, *.b.cn"}, ("a.example.cn", "*.b.cn")),
    ],
)
def test_allowed_hosts_follow_the_settings(settings: dict[str, Any], names: tuple[str, ...]) -> None:
    assert allowed_hosts(Settings(**ANY | settings)) == names


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (b"a.cn", True), (b"A.CN:8443", True), (b"x.b.cn", True), (b"b.cn", False), (b"a.cn.evil.com", False),
        (b"evil.com", False), (b"", False), (b"[2001:db8::1]:80", True), (b"xb.cn", False), (b"a.cn:80:90", True),
    ],
)  # fmt: skip
def test_a_host_is_allowed_by_its_name_with_any_port(header: bytes, allowed: bool) -> None:
    assert host_check(["a.cn", "*.b.cn", "2001:db8::1"])(header) is allowed


async def test_a_foreign_host_is_rejected_except_for_probes(opened: Opened) -> None:
    client = opened(public_url="https://pyq.example.cn", embedded=False)
    rejected = await client.get("/v1/feeds/latest")
    assert (rejected.status_code, rejected.json()["code"]) == (400, "host_not_allowed")
    assert (await client.get("/nothing", headers={"host": "pyq.example.cn:443"})).status_code == 404
    twice = [("host", "pyq.example.cn"), ("host", "evil.example")]
    assert (await client.get("/nothing", headers=twice)).json()["code"] == "host_not_allowed"
    assert (await client.get("/health/live")).status_code == 200


async def test_cors_allows_the_configured_origins_only(client: httpx.AsyncClient, opened: Opened) -> None:
    origin = {"origin": "https://h5.example.cn"}
    default = await client.get("/feeds/latest", headers=origin)
    assert not [name for name in default.headers if name.startswith("access-control")]

    named = opened(cors_origins="https://h5.example.cn, https://other.example.cn/")
    preflight = {**origin, "access-control-request-method": "PUT", "access-control-request-headers": "authorization"}
    allowed = await named.options("/v1/posts/1/like", headers=preflight)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == "https://h5.example.cn"
    assert "access-control-allow-credentials" not in allowed.headers
    answer = await named.get("/nothing", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://h5.example.cn"
    assert "retry-after" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]
    for foreign in ("https://evil.example", "https://h5.example.cn.evil.example", "null"):
        rejected = await named.options("/v1/posts/1/like", headers={**preflight, "origin": foreign})
        assert rejected.status_code == 400
        assert "access-control-allow-origin" not in rejected.headers
        assert "access-control-allow-origin" not in (await named.get("/nothing", headers={"origin": foreign})).headers


@pytest.mark.parametrize(
    ("accept", "allowed"),
    [
        ("*/*", True), ("application/json", True), ("application/*", True), ("application/problem+json", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True), ("", True), (" , ", True),
        ("application/json; charset=utf-8", True), ("APPLICATION/JSON", True), ("application/json;q=0.001", True),
        ("text/html", False), ("text/html, image/*", False), ("*/*;q=0", False), ("application/json;q=0, */*", False),
        ("application/json; q=0.0", False), ("text/csv", False),
    ],
)  # fmt: skip
def test_accept_headers_that_allow_json(accept: str, allowed: bool) -> None:
    assert takes_json(accept) is allowed


async def test_an_accept_header_without_json_is_406(client: httpx.AsyncClient, join: Join) -> None:
    rejected = await client.get("/feeds/latest", headers={"accept": "text/html"})
    assert (rejected.status_code, rejected.json()["code"]) == (406, "not_acceptable")
    # The score sheet is also served as CSV, and the OpenAPI document as a page.
    sheet = await join("编辑", roles=("editor",))("GET", "/admin/campaigns/1/sheet", headers={"accept": "text/csv"})
    assert sheet.status_code == 404
    assert (await client.get("http://feed.test/docs", headers={"accept": "text/html"})).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201), ("application/json; charset=utf-8", 201), ("Application/JSON", 201),
        ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("multipart/form-data", 415), ("", 415),
        ("application/json-patch+json", 415),
    ],
)  # fmt: skip
async def test_a_body_needs_a_json_content_type(join: Join, kind: str, status: int) -> None:
    answer = await join("小明")("POST", "/posts", content='{"text": "读书"}'.encode(), headers={"content-type": kind})
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["code"] == "unsupported_media_type"


async def test_a_too_large_content_length_is_rejected_before_the_body_is_read(app_state: AppState) -> None:
    read = False

    async def receive() -> Any:
        nonlocal read
        read = True
        return {"type": "http.request", "body": b"", "more_body": False}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    for method, path in (("POST", "/v1/posts"), ("PUT", "/v1/posts/1/like")):
        scope: Any = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("192.0.2.1", 1),
            "server": ("feed.test", 80), "headers": [(b"host", b"feed.test"), (b"content-length", b"262145")],
        }  # fmt: skip
        sent.clear()
        await app_over(app_state)(scope, receive, send)
        assert sent[0]["status"] == 413
        assert not read


async def test_a_chunked_body_is_rejected_as_soon_as_it_is_too_large(join: Join) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 65_536

    answer = await join("小明")("POST", "/posts", content=flood(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent <= 6


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "HANDLER_SECONDS", 0.3)
    monkeypatch.setattr(timeouts, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(timeouts, "BYTE_SECONDS", 0.2)
    monkeypatch.setattr(timeouts, "BODY_SECONDS", 0.6)
    monkeypatch.setattr(timeouts, "_TICK_SECONDS", 0.05)


def slow_app() -> Any:
    @get("/sleep")
    async def sleep() -> None:
        await asyncio.sleep(30)

    @get("/stubborn")
    async def stubborn() -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return "responded after cancellation"
        return ""

    @get("/lost")
    async def lost() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        await asyncio.Event().wait()

    @post("/read", status_code=200)
    async def read(request: AnyRequest) -> int:
        return len(await request.body())

    app = Litestar(
        [Router("/", route_handlers=[sleep, stubborn, lost, read])],
        exception_handlers=EXCEPTION_HANDLERS, state=State(), openapi_config=None, logging_config=None,
    )  # fmt: skip
    app.asgi_handler = security_middleware(app.asgi_handler, Settings(**ANY), Connections(max_per_address=None))
    return app


async def test_a_handler_times_out(short_timeouts: None) -> None:
    async with client_of(slow_app()) as client:
        answer = await client.get("/sleep")
        assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/stubborn")).text == "responded after cancellation"
        answers = await asyncio.gather(*(client.get("/sleep") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {503}


async def test_a_handler_that_loses_its_cancellation_is_cancelled_again(short_timeouts: None) -> None:
    async with client_of(slow_app()) as client, asyncio.timeout(HANG_SECONDS):
        answer = await client.get("/lost")
    assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")


async def trickle(pause: float) -> AsyncIterator[bytes]:
    for _ in range(20):
        await asyncio.sleep(pause)
        yield b"x"


@pytest.mark.parametrize("pause", [0.1, 1.0])
async def test_a_slow_body_times_out(short_timeouts: None, pause: float) -> None:
    async with client_of(slow_app()) as client:
        answer = await client.post("/read", content=trickle(pause))
    assert (answer.status_code, answer.json()["code"]) == (408, "body_too_slow")


async def test_a_body_in_small_pieces_is_read() -> None:
    async with client_of(slow_app()) as client:
        answer = await client.post("/read", content=trickle(0.0))
    assert (answer.status_code, answer.json()) == (200, 20)


async def test_a_cancellation_by_the_server_propagates(short_timeouts: None) -> None:
    async with client_of(slow_app()) as client:
        task = asyncio.create_task(client.get("/sleep"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("peer", "headers", "token", "status"),
    [
        ("127.0.0.1", {}, "", 200),
        ("192.0.2.1", {}, "", 404),
        # A proxy on this machine forwards requests of other machines.
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.1"}, "", 404),
        ("127.0.0.1", {"forwarded": "for=192.0.2.1"}, "", 404),
        ("127.0.0.1", {}, "a-token-of-the-metrics", 404),
        ("192.0.2.1", {"authorization": "Bearer a-token-of-the-metrics"}, "a-token-of-the-metrics", 200),
        ("192.0.2.1", {"authorization": "Bearer another"}, "a-token-of-the-metrics", 404),
    ],
)
async def test_metrics_need_loopback_or_a_token(
    app_state: AppState, peer: str, headers: dict[str, str], token: str, status: int
) -> None:
    settings = msgspec.structs.replace(app_state.settings, metrics_token=token)
    app = app_over(msgspec.structs.replace(app_state, settings=settings))
    transport = httpx.ASGITransport(app=app, client=(peer, 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test") as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status
