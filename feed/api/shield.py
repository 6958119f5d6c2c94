"""The outermost layer: hosts, lengths, the time that a request may take, and headers that every answer bears."""

import asyncio
from collections.abc import Callable
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from feed.api.documents import DOCS_PATH, DOCS_POLICY
from feed.api.errors import BodyTooSlow, HostNotAllowed, TookTooLong, UriTooLong, answer
from feed.api.hosts import allowed_hosts, host_check
from feed.errors import FeedError
from feed.settings import Settings

# Twice what the longest list of ids and a cursor need, and less than what proxies pass on.
URI_LONGEST = 8 * 1024
# A handler's statements end by themselves after five seconds; who is not done by then waits for what does not come.
HANDLER_SECONDS = 15.0
# 256 KB in half a minute is the slowest network that still shows a page; nobody needs ten seconds for the next byte.
BODY_SECONDS = 30.0
BYTE_SECONDS = 10.0

# Probes and scrapers call by address.
_ANY_HOST = frozenset({"/health/live", "/health/ready", "/metrics"})
_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
# A year, and nothing about other names of the domain, which are not ours to decide.
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")


def shielded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application behind the shield."""
    names = allowed_hosts(settings)
    known = host_check(names) if names else None
    common = [*_ALWAYS, *([_HTTPS_ONLY] if settings.public_url.startswith("https:") else [])]
    plain = [(b"content-security-policy", _POLICY), *common]
    page = [(b"content-security-policy", DOCS_POLICY), *common]

    async def shield(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        dress = page if scope["path"].startswith(DOCS_PATH) else plain
        async with _Patience(receive, send, dress, scope) as patience:
            refusal = _refusal(scope, known)
            if refusal is None:
                await app(scope, patience.receive, patience.send)
            else:
                await answer(scope, patience.receive, patience.send, refusal)
        if patience.lost is not None:
            await answer(scope, receive, patience.send, patience.lost)

    return shield


def _refusal(scope: Scope, known: Callable[[bytes], bool] | None) -> FeedError | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > URI_LONGEST:
        return UriTooLong()
    if known is not None and scope["path"] not in _ANY_HOST:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not known(hosts[0]):
            return HostNotAllowed()
    return None


class _Patience:
    """Ends a request that waits too long, for its client or for its handler, until the answer has begun."""

    def __init__(self, receive: Receive, send: Send, dress: list[tuple[bytes, bytes]], scope: Scope) -> None:
        self._receive = receive
        self._send = send
        self._dress = dress
        self._scope = scope
        self._deadline = asyncio.timeout(HANDLER_SECONDS)
        self._body_until = 0.0
        self._receiving = False
        self._answering = False
        self.lost: FeedError | None = None

    async def __aenter__(self) -> "_Patience":
        await self._deadline.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> bool:
        try:
            await self._deadline.__aexit__(*error)  # type: ignore[arg-type]
        except TimeoutError:
            self.lost = BodyTooSlow() if self._receiving else TookTooLong(retry_after=2)
            return True
        return False

    async def receive(self) -> Any:
        if self._answering:
            # A handler that streams only wants to know when its client goes.
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._body_until = self._body_until or now + BODY_SECONDS
        self._receiving = True
        self._deadline.reschedule(min(now + BYTE_SECONDS, self._body_until))
        message = await self._receive()
        self._receiving = False
        self._deadline.reschedule(asyncio.get_running_loop().time() + HANDLER_SECONDS)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._answering = True
            self._deadline.reschedule(None)
            headers = [*message.get("headers", ()), *self._dress]
            told = self._scope.get("state", {}).get("told")
            if told is not None:
                headers += ((b"ratelimit", told[0]), (b"ratelimit-policy", told[1]))
            message["headers"] = headers
        await self._send(message)
