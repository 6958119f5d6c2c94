"""Each request leaves one log line and moves its counters; neither names a person."""

import asyncio
import time
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from feed import metrics
from feed.api.errors import status_of

# What proxies write into their logs for it; nobody receives it.
_CLIENT_GONE = 499

log = structlog.get_logger()

_counters: dict[tuple[str, str, int], Any] = {}
_timers: dict[str, Any] = {}


def observed(app: ASGIApp) -> ASGIApp:
    """The application with its requests counted, timed and, when they fail, logged."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, watched)
        except asyncio.CancelledError:
            patience = scope["state"].get("patience")
            status = status_of(patience.lost) if patience and patience.lost else _CLIENT_GONE
            raise
        finally:
            _count(scope["method"], str(scope.get("path_template") or "unknown"), status, time.perf_counter() - started)

    return middleware


def _count(method: str, route: str, status: int, seconds: float) -> None:
    counter = _counters.get((method, route, status))
    if counter is None:
        counter = _counters[method, route, status] = metrics.REQUESTS.labels(method, route, str(status))
        _timers[route] = metrics.SECONDS.labels(route)
    counter.inc()
    _timers[route].observe(seconds)
    if status >= 500:
        log.warning("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
