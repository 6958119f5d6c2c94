"""Builds the ASGI application: routes, middleware, dependencies, error handlers. It opens no connections itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import structlog
from litestar import Litestar, Router
from litestar.datastructures import State

from feed.access_log.writer import AccessLog
from feed.api.connections import MAX_PER_ADDRESS, Connections
from feed.api.dependencies import DEPENDENCIES
from feed.api.editor import router as editor
from feed.api.ending import noticed_end
from feed.api.errors import EXCEPTION_HANDLERS
from feed.api.events import end_streams, events
from feed.api.health import Health
from feed.api.health import router as health
from feed.api.html.outlines import Outlines
from feed.api.loop_watch import watched_loop
from feed.api.media_files import media_files
from feed.api.media_uploads import media_uploads
from feed.api.middleware.cors import cors_config
from feed.api.middleware.etag import etag_middleware
from feed.api.middleware.fast_path import fast_path
from feed.api.middleware.framework_caches import framework_caches_middleware
from feed.api.middleware.head import head_middleware
from feed.api.middleware.idempotency import idempotency_middleware
from feed.api.middleware.metrics import metrics_middleware
from feed.api.middleware.rate_limit import rate_limit_middleware
from feed.api.middleware.retries import retries_middleware
from feed.api.middleware.security import security_middleware
from feed.api.middleware.startup import startup_middleware
from feed.api.mobile import router as mobile
from feed.api.moderator import router as moderator
from feed.api.openapi.docs import OPENAPI, docs_files
from feed.api.openapi.types import BoundedTypes
from feed.api.pages import router as pages
from feed.api.pages.fast_calls import FastCalls
from feed.api.pages.fast_pages import fast_pages
from feed.api.pages.page_cache import PageCache, page_cache_middleware
from feed.api.requests import StrictRequest, check_request
from feed.api.state import AppState
from feed.api.webhooks.accounts import router as account_webhooks
from feed.api.webhooks.sms import sms_webhooks
from feed.keys.files import KeyStoreError
from feed.readiness import PostgresFault
from feed.settings import Settings
from feed.startup import Waiting

log = structlog.get_logger()

# How long a process waits for its first attempt before it listens.
_OPENING_SECONDS = 3.0

MAX_BODY_BYTES = 256 * 1024


def build(
    opened: Callable[[Waiting], AbstractAsyncContextManager[AppState]] | AppState, settings: Settings | None = None
) -> Litestar:
    """The application with an open AppState, or with one that the server's lifespan opens; then `settings` is required."""
    settings = opened.settings if isinstance(opened, AppState) else settings
    assert settings is not None
    state = State()
    # Behind a trusted proxy all connections come from its address.
    connections = Connections(max_per_address=None if settings.trusted_proxies else MAX_PER_ADDRESS)
    access_log = (
        AccessLog(Path(settings.access_log_dir), days=settings.access_log_days) if settings.access_log_dir else None
    )
    missing = Health("unready", "down", "unknown", "unknown")

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        if isinstance(opened, AppState):
            yield
            return
        with _writing(access_log):
            async with _opening(app, opened, missing), connections.watched(), watched_loop():
                with noticed_end(lambda: end_streams(app)):
                    yield

    state.access_log = access_log
    if isinstance(opened, AppState):
        state.app_state = opened
    versioned = Router(
        "/v1",
        route_handlers=[mobile, moderator, editor, account_webhooks, sms_webhooks(), events],
        opt={"accept": "json", "closed_query": True},
    )
    app = Litestar(
        route_handlers=[versioned, health, media_files, media_uploads, docs_files, pages],
        dependencies=DEPENDENCIES,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        middleware=[
            metrics_middleware,
            rate_limit_middleware,
            idempotency_middleware,
            etag_middleware,
            retries_middleware,
        ],
        cors_config=cors_config(settings),
        state=state,
        request_class=StrictRequest,
        before_request=check_request,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=OPENAPI,
        plugins=[BoundedTypes()],
        logging_config=None,
    )
    # Outside of the router: responses without a route have the same headers and timeouts.
    handler = startup_middleware(
        fast_path(app, framework_caches_middleware(app, fast_pages(app, app.asgi_handler))), app, lambda: missing
    )
    # Pages call operations in here: the request was checked and is timed already.
    app.state.operations = handler
    app.state.fast_calls = FastCalls(app)
    app.state.outlines = Outlines()
    app.state.public_pages = PageCache()
    handler = page_cache_middleware(app, handler, app.state.public_pages)
    app.asgi_handler = head_middleware(security_middleware(handler, settings, connections, access_log))
    return app


@contextmanager
def _writing(access_log: AccessLog | None) -> Iterator[None]:
    """Writes the access log while the process serves."""
    if access_log is None:
        yield
        return
    access_log.start()
    try:
        yield
    finally:
        access_log.close()


@asynccontextmanager
async def _opening(
    app: Litestar, opened: Callable[[Waiting], AbstractAsyncContextManager[AppState]], missing: Health
) -> AsyncIterator[None]:
    """Opens the state in a task, and lets the server listen as soon as it is open or has to wait.

    An error before that ends the process. One that shows only after the wait leaves it unready: other processes of the same
    server must not end with it.
    """
    listening, ending = asyncio.Event(), asyncio.Event()

    def waiting(fault: PostgresFault) -> None:
        missing.postgres = fault
        listening.set()

    async def hold() -> None:
        async with opened(waiting) as app_state:
            app.state.app_state = app_state
            listening.set()
            await ending.wait()

    def report(task: asyncio.Task[None]) -> None:
        if listening.is_set() and not ending.is_set() and not task.cancelled() and (error := task.exception()):
            if isinstance(error, KeyStoreError):
                missing.postgres, missing.keys = "up", "other"
            log.error("cannot start", exc_info=error)

    holding = asyncio.create_task(hold(), name="application state")
    holding.add_done_callback(report)
    started = asyncio.create_task(listening.wait())
    # A server that hangs says nothing for long.
    await asyncio.wait([holding, started], return_when=asyncio.FIRST_COMPLETED, timeout=_OPENING_SECONDS)
    started.cancel()
    if holding.done():
        await holding
    listening.set()
    try:
        yield
    finally:
        ending.set()
        if "app_state" not in app.state:
            holding.cancel()
        with suppress(asyncio.CancelledError, KeyStoreError):
            await holding
