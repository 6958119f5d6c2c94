"""Public pages that were rendered before, for readers without a cookie.

A page is a function of the responses of the operations that it called. Before a stored page is sent, the same operations are
called again, by their fast path: only the rendering is saved, and nothing is shown that an operation does not return now.
"""

import time
from functools import partial
from typing import Any, NamedTuple

import msgspec
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.api.client_address import header
from feed.api.dependencies import AnyRequest
from feed.api.middleware.metrics import metrics_middleware
from feed.api.pages.calls import OperationFailed, RecordedCall, call, recorded_calls
from feed.api.responses import RawHeaders, page_headers
from feed.bounded_cache import BoundedCache

# What a page says about the time (a countdown) may be so old.
_SECONDS = 5.0
_BYTES = 24_000_000
# A page that calls more operations is rendered each time.
_CALLS_MOST = 4

_Key = tuple[str, bytes, str]


class _Stored(NamedTuple):
    calls: tuple[RecordedCall, ...]
    headers: RawHeaders
    body: bytes
    template: str
    expires_at: float


class PageCache:
    """The stored pages of a process, by path, query and Accept-Language."""

    def __init__(self) -> None:
        self._pages: BoundedCache[_Key, _Stored] = BoundedCache(max_bytes=_BYTES, seconds=_SECONDS, size=_size_of)

    def store(self, request: AnyRequest, headers: dict[str, str], body: bytes) -> None:
        """Stores a public page that was rendered for a request without a cookie."""
        scope = request.scope
        calls = recorded_calls(request)
        key = _key_of(scope)
        if key is None or not 0 < len(calls) <= _CALLS_MOST:
            return
        raw = page_headers(headers, body)
        template = str(scope.get("path_template", scope["path"]))
        self._pages.put(key, _Stored(tuple(calls), raw, body, template, time.monotonic() + _SECONDS))

    def find(self, scope: Scope) -> _Stored | None:
        """The stored page of a request; None if there is none, or it is too old."""
        key = _key_of(scope)
        found = None if key is None else self._pages.get(key)
        return found if found is not None and found.expires_at > time.monotonic() else None


def page_cache_middleware(app: Litestar, inner: ASGIApp, pages: PageCache) -> ASGIApp:
    """Sends a stored page if the operations that it called still return the same; passes everything else on to `inner`."""

    async def send_page(stored: _Stored, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(stored.headers)})
        await send({"type": "http.response.body", "body": stored.body, "more_body": False})

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "GET" or (stored := pages.find(scope)) is None:
            await inner(scope, receive, send)
            return
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        if await _is_current(request, stored):
            scope["path_template"] = stored.template
            await metrics_middleware(partial(send_page, stored))(scope, receive, send)
        else:
            await inner(scope, receive, send)

    return middleware


async def _is_current(request: AnyRequest, stored: _Stored) -> bool:
    for each in stored.calls:
        try:
            answer = await call(request, None, "GET", each.path, query=each.query, language=each.language)
        except (OperationFailed, msgspec.DecodeError):
            return False
        # Usually the same object: the operation has cached its body too.
        if answer.body is not each.body and answer.body != each.body:
            return False
    return True


def _key_of(scope: Any) -> _Key | None:
    if header(scope, b"cookie") is not None:
        return None
    return scope["path"], scope["query_string"], header(scope, b"accept-language") or ""


def _size_of(key: _Key, stored: _Stored) -> int:
    return len(key[0]) + len(key[1]) + len(key[2]) + len(stored.body) + sum(len(each.body) for each in stored.calls)
