"""Request metrics, and a log line for each response with a 5xx status. Neither names a person."""

import asyncio
import time
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from feed.api.errors import status_of
from feed.api.middleware.timeouts import REQUEST_TIMEOUT
from feed.api.responses import LONG_RESPONSE
from feed.observability import metrics

# The status that nginx logs when a client has closed the connection; it is never sent.
_CLIENT_CLOSED = 499

log = structlog.get_logger()

_counters: dict[tuple[str, str, int], Any] = {}
_timers: dict[str, Any] = {}


def metrics_middleware(app: ASGIApp) -> ASGIApp:
    """Counts and times each request by its route, and logs it with a 5xx status."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, send_and_note_status)
        except asyncio.CancelledError:
            timeout = scope["state"].get(REQUEST_TIMEOUT)
            status = status_of(timeout.error) if timeout and timeout.error else _CLIENT_CLOSED
            raise
        finally:
            if LONG_RESPONSE in scope["state"]:
                status = 200
            count(scope["method"], str(scope.get("path_template") or "unknown"), status, time.perf_counter() - started)

    return middleware


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Counts and times a request that a route has answered."""
    counter = _counters.get((method, route, status))
    if counter is None:
        counter = _counters[method, route, status] = metrics.REQUESTS.labels(method, route, str(status))
        _timers[route] = metrics.SECONDS.labels(route)
    counter.inc()
    _timers[route].observe(seconds)
    if status >= 500:
        log.warning("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
