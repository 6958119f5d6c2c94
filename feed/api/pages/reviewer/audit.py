"""The audit log, as admins read it."""

from urllib.parse import urlencode

from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call, get_json
from feed.api.pages.page import page
from feed.api.pages.reviewer.case_view import Json
from feed.api.pages.sessions import InjectedSession, signed_in

AUDIT = "/console/audit"
_SHOWN = 50
_LONGEST = 100


@get(AUDIT)
async def show_audit(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The log, newest first, of one subject, one actor or one action; and the newest signed checkpoint."""
    own = signed_in(session)
    names = ("subject", "actor", "action")
    given = {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in names}
    given = {name: value for name, value in given.items() if value}
    found: Json = {"items": [], "next_cursor": None}
    problem, status = None, 200
    try:
        query = {**given, "limit": _SHOWN, "cursor": request.query_params.get("cursor")}
        found = await get_json(request, own, "/v1/audit", query=query)
    except OperationFailed as error:
        if error.status not in (400, 410, 422):
            raise
        problem, status = error.problem, error.status
    checkpoint: Json | None = None
    try:
        answer = await call(request, None, "GET", "/.well-known/feed-audit-checkpoint.json")
        checkpoint = answer.json()
    except OperationFailed as error:
        if error.status != 404:
            raise
    return await page(
        request,
        own,
        "reviewer/audit.html",
        status=status,
        cache="no-store",
        section="audit",
        given=given,
        items=found["items"],
        next_path=f"{AUDIT}?{urlencode({**given, 'cursor': found['next_cursor']})}" if found["next_cursor"] else None,
        checkpoint=checkpoint,
        problem=problem,
    )
