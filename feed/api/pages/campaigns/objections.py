"""The page with the form of an objection, and the user's own objections with their answers."""

import secrets
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, get_json, segment
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other, state_of
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in


@get("/campaigns/{campaign_id:str}/objections")
async def show_objections(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    entry: FromQuery[str | None] = None,
) -> Response[bytes]:
    """One's own objections to a result, and the form of another one while they are taken; `entry` fills in what it is about."""
    return await _objections_page(request, signed_in(session), campaign_id, entry=entry or "")


@post("/campaigns/{campaign_id:str}/objections")
async def object_to_result(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Objects to the result; what was typed is shown again with what is wrong with it."""
    session = signed_in(session)
    body = {"text": form.text("text"), "kind": form.text("kind"), **_entry_of(request, form.text("entry"))}
    try:
        await send(request, session, form, "POST", f"/v1/campaigns/{segment(campaign_id)}/objections", body)
    except OperationFailed as failed:
        return await _objections_page(
            request, session, campaign_id, entry=form.text("entry"), typed=form, failed=failed
        )
    return see_other(f"/campaigns/{segment(campaign_id)}/objections#own")


async def _objections_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    entry: str,
    typed: Form | None = None,
    failed: OperationFailed | None = None,
) -> Response[bytes]:
    path = f"/v1/campaigns/{segment(campaign_id)}"
    campaign = await get_json(request, session, path)
    mine = await get_json(request, session, f"{path}/me")
    return await page(
        request,
        session,
        "campaigns/objections.html",
        status=200 if failed is None else failed.status,
        cache="no-store",
        section="campaigns",
        campaign=campaign,
        mine=mine,
        may=mine["may_object"],
        # What was typed is not lost, whatever the refusal.
        with_form=mine["may_object"]["refusal"] is None or typed is not None,
        entry=entry,
        text="" if typed is None else typed.text("text"),
        kind=(mine["may_object"]["kinds"] or ["other"])[-1] if typed is None else typed.text("kind"),
        problem=None if failed is None else _about_entry(failed.problem),
        # Problems are not stored under the token of a form, so that it is sent again under the same.
        form_token=(typed and typed.token) or secrets.token_urlsafe(16),
    )


def _about_entry(problem: Problem) -> Problem:
    """The problem with the name of the form's one field for an entry, whatever it names."""
    errors = [
        msgspec.structs.replace(each, field="entry") if each.field in ("post_id", "comment_id") else each
        for each in problem.errors
    ]
    return msgspec.structs.replace(problem, errors=errors)


def _entry_of(request: AnyRequest, given: str) -> dict[str, str]:
    """The member that names an entry: a link of a post or a comment, or an id of a post as it stands."""
    given = given.strip()
    if not given:
        return {}
    target = state_of(request).links.target(given)
    if target is not None and target.kind in ("post", "comment"):
        return {f"{target.kind}_id": target.id}
    return {"post_id": given}
