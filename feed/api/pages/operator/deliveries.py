"""Pushes, purges of the CDN and jobs: what was given up or waits, and another attempt."""

import secrets
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.form import InjectedForm
from feed.api.pages.operator.status import STATUS
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.errors import NotFound
from feed.ids import parse_id

_SHOWN = 50
# The operations by the name in the address, and the states that can be chosen, that of the first view first.
_PATHS: Final = {"pushes": "/v1/admin/push", "purges": "/v1/admin/media/purges", "jobs": "/v1/admin/jobs"}
_STATES: Final = {
    "pushes": ("dead", "waiting", "delivered", "retracted"),
    "purges": ("dead", "waiting", "delivered"),
    "jobs": ("waiting", "running", "dead"),
}


@get(f"{STATUS}/{{kind:str}}")
async def show_list(kind: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The items of a kind in one state, newest first."""
    return await _show(request, signed_in(session), kind)


@post(f"{STATUS}/{{kind:str}}/{{item_id:str}}/retry")
async def retry(
    kind: FromPath[str], item_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Tries an item again, as if it were new."""
    own = signed_in(session)
    try:
        await send(request, own, form, "POST", f"{_path(kind)}/{checked_id(item_id)}/retry")
    except OperationFailed as error:
        if error.status == 403:
            raise
        return await _show(request, own, kind, error=error)
    return see_other(f"{STATUS}/{kind}?{urlencode({'done': item_id})}")


async def _show(
    request: AnyRequest, session: Session, kind: str, *, error: OperationFailed | None = None
) -> Response[bytes]:
    path, states = _path(kind), _STATES[kind]
    state = request.query_params.get("state")
    chosen = state if state in states else states[0]
    query = {"state": chosen, "cursor": request.query_params.get("cursor"), "limit": _SHOWN}
    found = await get_json(request, session, path, query=query)
    after = urlencode({"state": chosen, "cursor": found["next_cursor"] or ""})
    return await page(
        request,
        session,
        "operator/deliveries.html",
        status=200 if error is None else error.status,
        cache="no-store",
        section="status",
        kind=kind,
        states=states,
        chosen=chosen,
        items=found["items"],
        next_path=f"{STATUS}/{kind}?{after}" if found["next_cursor"] else None,
        problem=None if error is None else error.problem,
        done=parse_id(request.query_params.get("done", "")),
        form_token=secrets.token_urlsafe(12),
    )


def _path(kind: str) -> str:
    if kind not in _PATHS:
        raise NotFound
    return _PATHS[kind]
