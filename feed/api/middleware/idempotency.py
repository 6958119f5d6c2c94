"""What a keyed POST was answered is kept before it is sent, so that a retry is told the same."""

from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from feed.api.requests import KEYED
from feed.errors import FeedError
from feed.idempotency import Given, KeyedRequest

log = structlog.get_logger()

_LARGEST = 64 * 1024


def remembered(app: ASGIApp) -> ASGIApp:
    """The application with the answers of keyed requests kept."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        held: list[HTTPResponseStartEvent] = []

        async def keeping(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Held back until the body is there: an answer that was sent and not kept could be another one at the next try.
                held.append(message)
                return
            if message["type"] == "http.response.body" and held:
                start = held.pop()
                if not message["more_body"] and not scope["route_handler"].opt.get("secret"):
                    await keep(scope, scope["litestar_app"].state.app_state, start["status"], message["body"])
                await send(start)
            await send(message)

        await app(scope, receive, keeping)

    return middleware


async def keep(scope: Scope, app_state: Any, status: int, body: bytes) -> None:
    """Keeps a good answer to a keyed request; what cannot be kept is told all the same."""
    keyed: tuple[int, KeyedRequest] | None = scope["state"].get(KEYED)
    if keyed is None or not 200 <= status < 300 or len(body) > _LARGEST:
        return
    try:
        await app_state.stored_responses.submit(Given(*keyed, status, body))
    except FeedError as refusal:
        # The effect stands and is told; a retry will read it anew.
        log.warning("answer not kept", code=refusal.code)
