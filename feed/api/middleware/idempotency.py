"""Stores the response to a POST with an `Idempotency-Key` before it is sent, so that a retry gets the same one."""

from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from feed.api.requests import KEYED_REQUEST
from feed.errors import FeedError
from feed.idempotency import KeyedRequest, StoredResponse

log = structlog.get_logger()

_BODY_LARGEST = 64 * 1024


def idempotency_middleware(app: ASGIApp) -> ASGIApp:
    """Stores the responses of keyed requests, except those of routes with `secret=True`."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        pending: list[HTTPResponseStartEvent] = []

        async def store_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Delayed until the body is stored: a retry after a response that was sent and not stored could get another one.
                pending.append(message)
                return
            if message["type"] == "http.response.body" and pending:
                start = pending.pop()
                if not message["more_body"] and not scope["route_handler"].opt.get("secret"):
                    app_state = scope["litestar_app"].state.app_state
                    await store_response(scope, app_state, start["status"], message["body"])
                await send(start)
            await send(message)

        await app(scope, receive, store_and_send)

    return middleware


async def store_response(scope: Scope, app_state: Any, status: int, body: bytes) -> None:
    """Stores a successful response to a keyed request; one that cannot be stored is sent all the same."""
    keyed: tuple[int, KeyedRequest] | None = scope["state"].get(KEYED_REQUEST)
    if keyed is None or not 200 <= status < 300 or len(body) > _BODY_LARGEST:
        return
    try:
        await app_state.stored_responses.submit(StoredResponse(*keyed, status, body))
    except FeedError as error:
        # The write is committed; a retry reads its result again.
        log.warning("response not stored", code=error.code)
