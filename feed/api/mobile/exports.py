"""Endpoints with which the owner of an account gets a copy of everything that is stored about it."""

from datetime import datetime
from typing import cast

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from feed.accounts.model import AccountNotFound
from feed.api.dependencies import AnyRequest, InjectedAppState, InjectedKeyedRequest, InjectedViewer, path_id
from feed.api.requests import is_read_by_user
from feed.api.responses import PRIVATE, response_specs
from feed.api.state import AppState
from feed.exports import actions, store
from feed.exports.model import Export, ExportGone, ExportId, ExportNotFound, ExportState

_ZIP = "application/zip"


class ExportCard(msgspec.Struct, frozen=True):
    """The latest export of the account. `url` while it can be downloaded, once, with the owner's token."""

    state: ExportState
    id: str | None = None
    url: str | None = None
    asked_at: datetime | None = None
    expires_at: datetime | None = None


@post("/export", status_code=202, errors=(AccountNotFound,), limit="exports")
async def request_export(
    app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[ExportCard]:
    """Request a copy of everything that is stored about the viewer's account: a ZIP of JSON files with a manifest.

    While one is being prepared, or is ready, the request changes nothing. It is for banned accounts too, and for one that is to be erased.
    """
    export = await actions.request_export(app_state.pool, viewer.account_id, keyed_request)
    return Response(_card(app_state, export), status_code=202, headers={"cache-control": PRIVATE})


@get("/export")
async def get_export(app_state: InjectedAppState, viewer: InjectedViewer) -> Response[ExportCard]:
    """The state of the viewer's latest export; a notification says when it is ready."""
    async with app_state.pool.acquire() as conn:
        export = await store.find_newest(conn, viewer.account_id)
    card = ExportCard("none") if export is None else _card(app_state, export)
    return Response(card, headers={"cache-control": PRIVATE})


@get(
    "/export/{export_id:str}/file",
    responses=response_specs(bytes, description="The ZIP.", media_type=_ZIP),
    errors=(ExportNotFound, ExportGone),
    accept="any",
)
async def download_export(
    export_id: FromPath[str], request: AnyRequest, app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[bytes]:
    """Download the export, once. HEAD, and what a browser fetches in advance, do not count."""
    id_ = ExportId(path_id(export_id, ExportNotFound))
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="feed-export-{id_}.zip"'}
    if not is_read_by_user(request):
        await actions.check_download(app_state.pool, viewer.account_id, id_)
        return Response(b"", media_type=_ZIP, headers=headers)
    export = await actions.begin_download(app_state.pool, viewer.account_id, id_)
    parts = actions.read_parts(app_state.pool, app_state.keys, export)
    return cast("Response[bytes]", Stream(parts, media_type=_ZIP, headers=headers))


def _card(app_state: AppState, export: Export) -> ExportCard:
    state = export.shown_state
    public = app_state.settings.public_url.rstrip("/")
    url = f"{public}/v1/me/export/{export.id}/file" if state == "ready" else None
    return ExportCard(state, str(export.id), url, export.asked_at, export.expires_at)
