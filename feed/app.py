"""Hangs the doors. Opens nothing: what is open comes in through the lifespan, or is put into the state by a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State

from feed.api.documents import OPENAPI, files
from feed.api.editor import router as editor
from feed.api.errors import HANDLERS
from feed.api.hooks import hooks
from feed.api.inputs import DEPENDENCIES
from feed.api.mobile import router as mobile
from feed.api.moderator import router as moderator
from feed.api.observed import observed
from feed.api.operations import router as operations
from feed.api.remembered import remembered
from feed.api.requests import StrictRequest, look_first
from feed.api.world import World

BODY_LARGEST = 256 * 1024


def build(opened: Callable[[], AbstractAsyncContextManager[World]] | World) -> Litestar:
    """The application over an open world, or over one that the server's lifespan opens."""
    state = State()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        if isinstance(opened, World):
            yield
            return
        async with opened() as world:
            app.state.world = world
            yield

    if isinstance(opened, World):
        state.world = opened
    return Litestar(
        route_handlers=[Router("/v1", route_handlers=[mobile, moderator, editor, hooks]), operations, files],
        dependencies=DEPENDENCIES,
        exception_handlers=HANDLERS,
        lifespan=[lifespan],
        middleware=[observed, remembered],
        state=state,
        request_class=StrictRequest,
        before_request=look_first,
        request_max_body_size=BODY_LARGEST,
        openapi_config=OPENAPI,
        logging_config=None,
    )
