"""Objections to results: listed, and answered by an editor who took no part."""

import asyncio
import secrets
from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.editor.answers import names_of
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.prizes.model import ObjectionKind

_STATES = ("open", "answered")
_FIELDS = ("text", "remedy", "rank")


@get("/console/objections")
async def list_objections(
    request: AnyRequest,
    session: InjectedSession,
    show: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Objections to the results of all campaigns, and what is overdue."""
    own = signed_in(session)
    chosen = show if show in _STATES else "open" if show is None else None
    found, overdue = await asyncio.gather(
        get_json(request, own, "/v1/admin/objections", {"state": chosen, "cursor": cursor, "limit": 50}),
        get_json(request, own, "/v1/admin/prizes/stuck"),
    )
    return await page(
        request,
        own,
        "editor/objections.html",
        cache="no-store",
        section="objections",
        objections=found["items"],
        next_cursor=found["next_cursor"],
        chosen=chosen,
        overdue=overdue["items"],
    )


@get("/console/campaigns/{campaign_id:str}/objections")
async def show_objections(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    cursor: FromQuery[str | None] = None,
    done: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The objections to a campaign's result, each with its answer or the form for it."""
    return await _show(request, signed_in(session), campaign_id, cursor=cursor, done=done)


@post("/console/campaigns/{campaign_id:str}/objections/{objection_id:str}/answer")
async def answer_objection(
    campaign_id: FromPath[str],
    objection_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Answers one objection, and upholds it if a remedy is chosen."""
    own = signed_in(session)
    path = f"/v1/admin/objections/{checked_id(objection_id)}/answer"
    try:
        await send(request, own, form, "POST", path, _answer_of(form))
    except OperationFailed as error:
        return await _show(request, own, campaign_id, form=form, error=error, failed=objection_id)
    return see_other(f"/console/campaigns/{checked_id(campaign_id)}/objections?done=answered")


@post("/console/campaigns/{campaign_id:str}/objections/answer")
async def answer_objections(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Gives one answer to all objections of a kind that this page has shown."""
    own = signed_in(session)
    body = _answer_of(form) | {"kind": form.text("kind"), "through_id": form.text("through_id")}
    try:
        answered = await send(request, own, form, "POST", admin_path(campaign_id, "/objections/answer"), body)
    except OperationFailed as error:
        return await _show(request, own, campaign_id, form=form, error=error, failed=form.text("kind"))
    done = "answered_some" if answered.json()["unanswered"] else "answered"
    return see_other(f"/console/campaigns/{campaign_id}/objections?done={done}")


def _answer_of(form: Form) -> dict[str, Any]:
    body: dict[str, Any] = {"text": form.text("text")}
    if form.text("remedy"):
        body["remedy"] = form.text("remedy")
    if form.text("remedy") == "replace":
        body["rank"] = form.number("rank")
    return body


async def _show(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    cursor: str | None = None,
    form: Form | None = None,
    error: OperationFailed | None = None,
    failed: str = "",
    done: str | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    query = {"campaign_id": checked_id(campaign_id), "cursor": cursor, "limit": 50}
    found, decision = await asyncio.gather(
        get_json(request, session, "/v1/admin/objections", query),
        get_json(request, session, admin_path(campaign_id, "/announcement")),
    )
    items = found["items"]
    # One answer for all of a kind is for those that were read: the newest of the first page.
    read = {kind: next((each["id"] for each in items if each["kind"] == kind), None) for kind in _KINDS}
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/campaign_objections.html",
        tab="objections",
        status=200 if error is None else error.status,
        objections=items,
        next_cursor=found["next_cursor"],
        decision=decision,
        many=[(kind, n, read[kind]) for kind, n in decision["objections_unanswered"].items() if n > 1 and read[kind]],
        names=await names_of(request, session, [each["answered_by"] for each in items]),
        problems={failed: problem},
        typed={name: "" if form is None else form.text(name) for name in _FIELDS},
        failed=failed,
        done=done,
        form_token=secrets.token_urlsafe(12),
    )


_KINDS: tuple[str, ...] = get_args(ObjectionKind)

ROUTES: Final[tuple[Any, ...]] = (
    list_objections,
    show_objections,
    answer_objection,
    answer_objections,
)
