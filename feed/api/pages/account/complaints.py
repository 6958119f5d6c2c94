"""Reporting what breaks the rules, appealing against decisions, and what became of both."""

import secrets
from typing import Annotated, Any, get_args

from litestar import Response, get, post
from litestar.params import FromQuery, QueryParameter

from feed.api.dependencies import AnyRequest
from feed.api.pages.account.own import own_page
from feed.api.pages.calls import OperationFailed, get_json
from feed.api.pages.community.submitting import submit
from feed.api.pages.form import InjectedForm
from feed.api.pages.own_decisions import find_decision
from feed.api.pages.page import see_other, state_of
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.errors import NotFound
from feed.ids import parse_id
from feed.reports.appeal_model import AppealTargetKind
from feed.reports.model import TargetKind

_Id = Annotated[str | None, QueryParameter(name="id")]
_LISTS = {"reports": "/v1/me/reports", "appeals": "/v1/me/appeals", "decisions": "/v1/me/decisions"}


class TargetNotFound(NotFound):
    """There is nothing that could be reported or appealed against at this address."""


@get("/report")
async def show_report(
    request: AnyRequest, session: InjectedSession, kind: FromQuery[str | None] = None, id_: _Id = None
) -> Response[bytes]:
    """The form of a report."""
    return await _report_page(request, signed_in(session), kind or "", id_ or "")


@post("/report", status_code=200)
async def report_target(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Sends a report."""
    user = signed_in(session)
    kind, id_, reason = form.text("kind"), form.text("id"), form.text("reason_code")
    body = {"target": {"kind": kind, "id": id_}, "reason_code": reason, "note": form.optional("note")}
    try:
        await submit(request, user, "POST", "/v1/reports", body, form.token)
    except OperationFailed as error:
        typed = {"reason_code": reason, "note": form.text("note")}
        return await _report_page(request, user, kind, id_, error=error, typed=typed)
    return see_other("/me/reports?done=1")


@get("/appeal")
async def show_appeal(
    request: AnyRequest, session: InjectedSession, kind: FromQuery[str | None] = None, id_: _Id = None
) -> Response[bytes]:
    """The form of an appeal, with the decision that it is against."""
    return await _appeal_page(request, signed_in(session), kind or "", id_ or "")


@post("/appeal", status_code=200)
async def appeal_decision(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Sends an appeal."""
    user = signed_in(session)
    kind, id_, text = form.text("kind"), form.text("id"), form.text("text")
    body = {"target": {"kind": kind, "id": id_}, "text": text}
    try:
        await submit(request, user, "POST", "/v1/appeals", body, form.token)
    except OperationFailed as error:
        return await _appeal_page(request, user, kind, id_, error=error, text=text)
    return see_other("/me/appeals?done=1")


@get("/me/reports")
async def list_reports(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The user's reports with their outcomes."""
    return await _list_page(request, signed_in(session), "reports", cursor)


@get("/me/appeals")
async def list_appeals(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The user's appeals with their outcomes."""
    return await _list_page(request, signed_in(session), "appeals", cursor)


@get("/me/decisions")
async def list_decisions(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """What was decided against the user."""
    return await _list_page(request, signed_in(session), "decisions", cursor)


async def _report_page(
    request: AnyRequest,
    session: Session,
    kind: str,
    id_: str,
    *,
    error: OperationFailed | None = None,
    typed: dict[str, str] | None = None,
) -> Response[bytes]:
    if kind not in get_args(TargetKind) or parse_id(id_) is None:
        raise TargetNotFound
    me = await get_json(request, session, "/v1/me")
    return await own_page(
        request,
        session,
        "account/report.html",
        "reports",
        error=error,
        kind=kind,
        id=id_,
        target=await _read_target(request, session, kind, id_),
        needs_phone=state_of(request).settings.require_phone and not me["verified"],
        reasons=await _reasons(request, session, "report"),
        typed=typed or {"reason_code": "", "note": ""},
        form_token=secrets.token_urlsafe(16),
    )


async def _read_target(request: AnyRequest, session: Session, kind: str, id_: str) -> Any:
    """What is reported, as its page shows it; None for a topic, which no operation reads by its id. Raises OperationFailed."""
    if kind == "comment":
        thread = await get_json(request, session, f"/v1/comments/{id_}")
        return thread["reply"] or thread["root"]
    path = {"post": "/v1/posts/", "user": "/v1/users/"}.get(kind)
    return None if path is None else await get_json(request, session, f"{path}{id_}")


async def _appeal_page(
    request: AnyRequest,
    session: Session,
    kind: str,
    id_: str,
    *,
    error: OperationFailed | None = None,
    text: str = "",
) -> Response[bytes]:
    if kind not in get_args(AppealTargetKind) or parse_id(id_) is None:
        raise TargetNotFound
    decision = await find_decision(request, session, lambda each: _is_about(each, kind, id_))
    return await own_page(
        request,
        session,
        "account/appeal.html",
        "reports",
        error=error,
        kind=kind,
        id=id_,
        decision=decision,
        # What was typed is not lost, whatever the refusal.
        with_form=error is not None or (decision is not None and decision["appealable_until"] is not None),
        words={each["code"]: each for each in await _reasons(request, session)},
        text=text,
        form_token=secrets.token_urlsafe(16),
    )


def _is_about(decision: Any, kind: str, id_: str) -> bool:
    if kind == "decision":
        return bool(decision["id"] == id_)
    return bool((decision["target"]["kind"], decision["target"]["id"]) == (kind, id_))


async def _list_page(request: AnyRequest, session: Session, name: str, cursor: str | None) -> Response[bytes]:
    return await own_page(
        request,
        session,
        "account/complaints.html",
        "reports",
        name=name,
        found=await get_json(request, session, _LISTS[name], {"cursor": cursor}),
        words={each["code"]: each for each in await _reasons(request, session)},
        done="done" in request.query_params,
    )


async def _reasons(request: AnyRequest, session: Session, purpose: str | None = None) -> list[Any]:
    codes = (await get_json(request, session, "/v1/config"))["reason_codes"]
    return [each for each in codes if purpose is None or purpose in each["applies_to"]]
