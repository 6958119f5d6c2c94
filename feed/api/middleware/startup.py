"""Answers while the application state is not open: probes with what is missing, other requests with 503."""

from collections.abc import Callable
from typing import Any

from litestar import Litestar, Request, Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.api.errors import NotReady, send_error
from feed.api.health import Health


def startup_middleware(app: ASGIApp, litestar: Litestar, missing: Callable[[], Health]) -> ASGIApp:
    """Passes requests on once `litestar` has its state; `missing` returns what it waits for."""
    opened = False

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal opened
        opened = opened or "app_state" in litestar.state
        if opened or scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
        elif scope["path"] in ("/health/live", "/health/ready"):
            is_live = scope["path"] == "/health/live"
            health = Health("live") if is_live else missing()
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            response = Response(health, status_code=200 if is_live else 503, headers={"cache-control": "no-store"})
            await response.to_asgi_response(app=None, request=request)(scope, receive, send)
        else:
            await send_error(scope, receive, send, NotReady(retry_after=2))

    return middleware
