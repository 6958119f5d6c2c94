"""Conditional requests: an ETag for routes with `conditional=True`, and 304 while the response has not changed."""

from collections.abc import Callable, Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from feed.api.responses import RawHeaders, is_known
from feed.screens.posts.page_render import tag_of

_REVALIDATE = b"private, no-cache"
_BODY_HEADERS = frozenset({b"content-length", b"content-type"})


def etag_middleware(app: ASGIApp) -> ASGIApp:
    """Adds ETags to the responses of routes that have them, and compares them with If-None-Match."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["route_handler"].opt.get("conditional"):
            await app(scope, receive, send)
            return
        stored = _stored_tag(scope)
        if stored is not None and is_known(scope, stored):
            # Neither read nor encoded: the response would be thrown away.
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", stored)]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        pending: list[HTTPResponseStartEvent] = []

        async def send_conditional(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                pending.append(message)
                return
            if message["type"] == "http.response.body" and pending:
                start = pending.pop()
                headers = start["headers"] if stored is None else [*start["headers"], (b"etag", stored)]
                status, headers, body = conditional_response(scope, headers, message["body"])
                await send({**start, "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": body, "more_body": False})
                return
            await send(message)

        await app(scope, receive, send_conditional)

    return middleware


def conditional_response(
    scope: Scope, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> tuple[int, RawHeaders, bytes]:
    """Status, headers and body of a successful response: 304 without a body if the client has this version already.

    An ETag among the headers is used, otherwise it is computed from the body. `no-store` becomes `private, no-cache`:
    the client may cache the response and revalidates it each time.
    """
    tag = b""
    changed: RawHeaders = []
    for header in headers:
        name, value = header
        if name == b"etag":
            tag = value
        elif name == b"cache-control" and b"no-store" in value:
            changed.append((name, _REVALIDATE))
        else:
            changed.append(header)
    tag = tag or b'"%b"' % tag_of(body)
    changed.append((b"etag", tag))
    if is_known(scope, tag):
        return 304, [header for header in changed if header[0] not in _BODY_HEADERS], b""
    return 200, changed, body


def _stored_tag(scope: Scope) -> bytes | None:
    """The entity tag of a response that does not change as long as the process runs, from `opt={"stored_tag": …}`."""
    find: Callable[[Scope], bytes | None] | None = scope["route_handler"].opt.get("stored_tag")
    return None if find is None else find(scope)
