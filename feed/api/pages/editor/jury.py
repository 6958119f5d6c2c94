"""The jury of a campaign for editors: who is in it, how far each juror is, what lacks marks, and the marks once they are locked."""

import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, get_json
from feed.api.pages.editor.answers import posts_of
from feed.api.pages.editor.findings import without_keys
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page_language, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in

_DONE: Final[frozenset[str]] = frozenset({"added", "removed", "asked", "locked"})


@get("/console/campaigns/{campaign_id:str}/jury")
async def show_jury(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, q: FromQuery[str | None] = None
) -> Response[bytes]:
    """The jury and its progress; `q` looks for users to add."""
    return await _jury_page(request, signed_in(session), campaign_id, q=q)


@post("/console/campaigns/{campaign_id:str}/jury/add")
async def add_juror(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Adds a user to the jury."""
    return await _change_jury(request, signed_in(session), campaign_id, form, added=True)


@post("/console/campaigns/{campaign_id:str}/jury/remove")
async def remove_juror(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Removes a juror: with a reason once the campaign is open, and by two persons if the juror has marked."""
    return await _change_jury(request, signed_in(session), campaign_id, form, added=False)


async def _change_jury(
    request: AnyRequest, session: Session, campaign_id: str, form: Form, *, added: bool
) -> Response[bytes] | Response[None]:
    campaign = await get_json(request, session, admin_path(campaign_id))
    user_id = form.text("user_id").strip()
    others = [each["id"] for each in campaign["jurors"] if each["id"] != user_id]
    body = {"user_ids": [*others, user_id] if added else others, "reason": form.text("reason")}
    try:
        answer = await send(request, session, form, "PUT", admin_path(campaign_id, "/jurors"), body, keyed=False)
    except OperationFailed as error:
        return await _jury_page(request, session, campaign_id, q=form.optional("q"), error=error)
    done = "asked" if answer.status == 202 else "added" if added else "removed"
    return see_other(f"/console/campaigns/{campaign_id}/jury?done={done}")


async def _jury_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    q: str | None = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    campaign = await get_json(request, session, admin_path(campaign_id))
    found: list[Any] = []
    if q and q.strip() and len(q) <= 100:
        found = (await get_json(request, session, "/v1/moderation/users", {"q": q, "limit": 10}))["items"]
    done = request.query_params.get("done")
    jurors = {each["id"] for each in campaign["jurors"]}
    jury = await get_json(request, session, admin_path(campaign_id, "/jury"))
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/jury.html",
        tab="jury",
        campaign=campaign,
        status=200 if error is None else error.status,
        jury=jury,
        names={each["id"]: each["name"] for each in [*jury["jurors"], *campaign["jurors"]]},
        posts=await posts_of(request, session, [each["post_id"] for each in jury["entries"]]),
        q=q or "",
        found=[each for each in found if each["id"] not in jurors and not each["erased"]],
        done=done if done in _DONE else None,
        problem=None if error is None else without_keys(error.problem, page_language(request)),
        form_token=secrets.token_urlsafe(16),
    )


ROUTES: Final[tuple[Any, ...]] = (show_jury, add_juror, remove_juror)
