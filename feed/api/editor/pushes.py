"""Endpoints of admins that list and retry pushes."""

from typing import Annotated, get_args

from litestar import Response, Router, get, post
from litestar.params import FromPath, QueryParameter

from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    path_id,
    requires_role,
)
from feed.api.responses import PRIVATE
from feed.inbox import push_actions
from feed.inbox.model import PushNotDead, PushNotFound
from feed.inbox.push_store import PushState
from feed.pagination import Page
from feed.screens.staff import pushes as screen
from feed.screens.staff.pushes import PushCard

# Litestar reserves the parameter name `state` for the application's state.
StateFilter = Annotated[PushState | None, QueryParameter(name="state")]
_STATES: tuple[PushState, ...] = get_args(PushState)


@get("/")
async def list_pushes(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    push_state: StateFilter = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[PushCard]]:
    """Pushes to the push hook, newest first. Those with `state=dead` have no retries left and need a decision by an admin."""
    name = f"push:{push_state or ''}"
    before_id = app_state.cursors.before_id(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_pushes(conn, [push_state] if push_state else _STATES, before_id, limit + 1)
    return Response(app_state.cursors.page_by_id(name, found, limit), headers={"cache-control": PRIVATE})


@post("/{push_id:str}/retry", status_code=200, errors=(PushNotFound, PushNotDead))
async def retry_push(
    push_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[PushCard]:
    """Retry a dead push as if it were new, under the same id, so that the receiver can recognize it."""
    id_ = path_id(push_id, PushNotFound)
    await push_actions.retry_push(app_state.pool, id_, by=viewer.account_id, request=keyed_request)
    async with app_state.pool.acquire() as conn:
        return Response(await screen.get_push(conn, id_), headers={"cache-control": PRIVATE})


pushes = Router("/push", route_handlers=[list_pushes, retry_push], guards=[requires_role("admin")])
