"""The inbox: notifications by kind, where they lead, and marking them as read."""

from typing import Any, get_args

from litestar import Response, get, post
from litestar.params import FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.account.own import own_page
from feed.api.pages.calls import call, get_json
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import local_path, see_other, state_of
from feed.api.pages.sessions import InjectedSession, signed_in
from feed.inbox.model import NotificationKind

_KINDS = get_args(NotificationKind)


@get("/inbox")
async def show_inbox(
    request: AnyRequest,
    session: InjectedSession,
    kind: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The notifications, newest first, of one kind or of all."""
    user = signed_in(session)
    kind = kind if kind in _KINDS else None
    found: Any = await get_json(request, user, "/v1/me/inbox", {"kind": kind, "cursor": cursor})
    links = state_of(request).links
    pages = {each["id"]: links.page_of(each["deep_link"]) for each in found["items"]}
    return await own_page(
        request, user, "account/inbox.html", "inbox", found=found, pages=pages, kind=kind, is_first=cursor is None
    )


@post("/inbox/read", status_code=200)
async def read_inbox(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[None]:
    """Marks everything up to the newest notification of the page as read."""
    user = signed_in(session)
    await call(request, user.viewer, "POST", "/v1/me/inbox/read", body={"until_id": form.text("until_id")})
    return see_other(local_path(form.text("back"), "/inbox"))
