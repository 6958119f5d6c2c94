"""Endpoints of admins that list and retry purges of the CDN."""

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
from feed.media import purges
from feed.media.model import PurgeNotDead, PurgeNotFound
from feed.media.purge_store import PurgeState
from feed.pagination import Page
from feed.screens.staff import media_purges as screen
from feed.screens.staff.media_purges import MediaPurgeCard

# Litestar reserves the parameter name `state` for the application's state.
StateFilter = Annotated[PurgeState | None, QueryParameter(name="state")]
_STATES: tuple[PurgeState, ...] = get_args(PurgeState)


@get("/")
async def list_media_purges(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    purge_state: StateFilter = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[MediaPurgeCard]]:
    """Purges of photos and videos from the CDN, newest first. Those with `state=dead` need a decision by an admin."""
    name = f"media_purge:{purge_state or ''}"
    before_id = app_state.cursors.before_id(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_media_purges(conn, [purge_state] if purge_state else _STATES, before_id, limit + 1)
    return Response(app_state.cursors.page_by_id(name, found, limit), headers={"cache-control": PRIVATE})


@post("/{purge_id:str}/retry", status_code=200, errors=(PurgeNotFound, PurgeNotDead))
async def retry_media_purge(
    purge_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[MediaPurgeCard]:
    """Retry a dead purge as if it were new."""
    id_ = path_id(purge_id, PurgeNotFound)
    await purges.retry_purge(app_state.pool, id_, by=viewer.account_id, request=keyed_request)
    async with app_state.pool.acquire() as conn:
        return Response(await screen.get_media_purge(conn, id_), headers={"cache-control": PRIVATE})


media_purges = Router(
    "/media/purges", route_handlers=[list_media_purges, retry_media_purge], guards=[requires_role("admin")]
)
