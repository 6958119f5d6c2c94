"""The first page of the console: what waits for this person, by role."""

from typing import Any, Final

from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import get_json
from feed.api.pages.page import page
from feed.api.pages.sessions import InjectedSession, Session, signed_in

# Campaigns of the newsroom that are at work; older ones are in the list.
_CAMPAIGNS = 50
_DONE = frozenset({"final", "archived", "cancelled"})


@get("/console")
async def show_console(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """What waits: campaigns and objections for editors, cases for reviewers, entries for jurors."""
    own = signed_in(session)
    roles = frozenset((await get_json(request, own, "/v1/me"))["roles"])
    edits, reviews = bool(roles & {"editor", "admin"}), bool(roles & {"reviewer", "editor", "admin"})
    objections = await _list_objections(request, own) if edits else None
    return await page(
        request,
        own,
        "editor/start.html",
        cache="no-store",
        section="start",
        edits=edits,
        reviews=reviews,
        campaigns=await _list_active(request, own) if edits else [],
        objections=objections["items"] if objections else [],
        more_objections=bool(objections and objections["next_cursor"]),
        overdue=(await get_json(request, own, "/v1/admin/prizes/stuck"))["items"] if edits else [],
        queue=await get_json(request, own, "/v1/moderation/queue") if reviews else None,
        seats=(await get_json(request, own, "/v1/me/juries"))["items"],
    )


async def _list_active(request: AnyRequest, session: Session) -> list[Any]:
    found = await get_json(request, session, "/v1/admin/campaigns", {"limit": _CAMPAIGNS})
    return [each for each in found["items"] if each["state"] not in _DONE]


async def _list_objections(request: AnyRequest, session: Session) -> Any:
    return await get_json(request, session, "/v1/admin/objections", {"state": "open", "limit": _CAMPAIGNS})


ROUTES: Final[tuple[Any, ...]] = (show_console,)
