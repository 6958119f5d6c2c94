"""Answers that a client may keep and ask about again: an ETag, and 304 while nothing has changed."""

from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from feed.screens.posts.page_render import tag_of

# A route with `conditional=True` may be asked again with If-None-Match.
_KEPT = b"private, no-cache"
_OF_A_BODY = frozenset({b"content-length", b"content-type"})


def conditional(app: ASGIApp) -> ASGIApp:
    """The application with ETags where a route has them."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["route_handler"].opt.get("conditional"):
            await app(scope, receive, send)
            return
        held: list[HTTPResponseStartEvent] = []

        async def comparing(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                held.append(message)
                return
            if message["type"] == "http.response.body" and held:
                start = held.pop()
                status, headers, body = compared(scope, start["headers"], message["body"])
                await send({**start, "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": body, "more_body": False})
                return
            await send(message)

        await app(scope, receive, comparing)

    return middleware


def compared(
    scope: Scope, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of a good answer to somebody who may hold it already.

    A tag that the answer bears is believed; another is made of the body. What is private may be kept by its reader alone, who asks again each time.
    """
    tag = b""
    kept: list[tuple[bytes, bytes]] = []
    for header in headers:
        name, value = header
        if name == b"etag":
            tag = value
        elif name == b"cache-control" and b"no-store" in value:
            kept.append((name, _KEPT))
        else:
            kept.append(header)
    tag = tag or b'"%b"' % tag_of(body)
    kept.append((b"etag", tag))
    if _asks_for(scope, tag):
        return 304, [header for header in kept if header[0] not in _OF_A_BODY], b""
    return 200, kept, body


def _asks_for(scope: Scope, tag: bytes) -> bool:
    """Whether the client holds this very answer (RFC 9110, 13.1.2: compared weakly, a proxy may have weakened it)."""
    asked = b",".join([value for name, value in scope["headers"] if name == b"if-none-match"])
    if not asked:
        return False
    return asked.strip() == b"*" or tag in [each.strip().removeprefix(b"W/") for each in asked.split(b",")]
