"""Answers that a client may keep and ask about again: an ETag, and 304 while nothing has changed."""

import hashlib

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

# A route with `conditional=True` may be asked again with If-None-Match.
_KEPT = b"private, no-cache"


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
                tag = b'"%b"' % hashlib.sha256(message["body"]).hexdigest()[:20].encode()
                same = _asks_for(scope, tag)
                await send({**start, "status": 304 if same else 200, "headers": _headers(start, tag, same=same)})
                await send({"type": "http.response.body", "body": b"" if same else message["body"], "more_body": False})
                return
            await send(message)

        await app(scope, receive, comparing)

    return middleware


def _asks_for(scope: Scope, tag: bytes) -> bool:
    """Whether the client holds this very answer (RFC 9110, 13.1.2: compared weakly, a proxy may have weakened it)."""
    asked = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    return asked.strip() == b"*" or tag in (each.strip().removeprefix(b"W/") for each in asked.split(b","))


def _headers(start: HTTPResponseStartEvent, tag: bytes, *, same: bool) -> list[tuple[bytes, bytes]]:
    """What is private may be kept by its reader alone, who asks again each time."""
    left_out = {b"content-length", b"content-type"} if same else set()
    headers = [
        (name, _KEPT if name == b"cache-control" and b"no-store" in value else value)
        for name, value in start["headers"]
        if name not in left_out
    ]
    return [*headers, (b"etag", tag)]
