"""Hangs the doors. Opens nothing: what is open comes in through the lifespan, or is put into the state by a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State

from feed.api.dependencies import DEPENDENCIES
from feed.api.editor import router as editor
from feed.api.errors import HANDLERS
from feed.api.health import router as operations
from feed.api.middleware.cors import cors
from feed.api.middleware.etag import conditional
from feed.api.middleware.fast_path import express
from feed.api.middleware.idempotency import remembered
from feed.api.middleware.metrics import observed
from feed.api.middleware.rate_limit import entrance
from feed.api.middleware.security import shielded
from feed.api.mobile import router as mobile
from feed.api.moderator import router as moderator
from feed.api.openapi.docs import OPENAPI, files
from feed.api.requests import StrictRequest, look_first
from feed.api.state import AppState
from feed.api.webhooks.accounts import hooks
from feed.api.webhooks.sms import sms_hooks
from feed.settings import Settings

BODY_LARGEST = 256 * 1024


def build(
    opened: Callable[[], AbstractAsyncContextManager[AppState]] | AppState, settings: Settings | None = None
) -> Litestar:
    """The application over an open world, or over one that the server's lifespan opens with these settings."""
    settings = opened.settings if isinstance(opened, AppState) else settings
    assert settings is not None
    state = State()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        if isinstance(opened, AppState):
            yield
            return
        async with opened() as app_state:
            app.state.app_state = app_state
            yield

    if isinstance(opened, AppState):
        state.app_state = opened
    versioned = Router("/v1", route_handlers=[mobile, moderator, editor, hooks, sms_hooks()], opt={"accept": "json"})
    app = Litestar(
        route_handlers=[versioned, operations, files],
        dependencies=DEPENDENCIES,
        exception_handlers=HANDLERS,
        lifespan=[lifespan],
        middleware=[observed, entrance, remembered, conditional],
        cors_config=cors(settings),
        state=state,
        request_class=StrictRequest,
        before_request=look_first,
        request_max_body_size=BODY_LARGEST,
        openapi_config=OPENAPI,
        logging_config=None,
    )
    # Around the router too: what has no route is answered with the same headers and within the same time.
    app.asgi_handler = shielded(express(app, app.asgi_handler), settings)
    return app
