"""Users as reviewers see them: the look-up, the record of a person, and sanctions."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from feed.accounts.model import AccountNotFound
from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.html.formats import SHANGHAI
from feed.api.pages.calls import OperationFailed, call, checked_id, get_json
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.reviewer.case_view import Json, read_reasons
from feed.api.pages.sessions import InjectedSession, Session, signed_in

USERS = "/console/users"
# As the field of a date and time sends it; the form says that it is Shanghai time.
_LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_DAYS_MOST = 3650


@get(USERS)
async def show_users(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The users that a text finds; without one, the sanctions in force."""
    own = signed_in(session)
    given = request.query_params
    q, state = given.get("q", "").strip(), "ended" if given.get("state") == "ended" else "active"
    path, query = (
        ("/v1/moderation/users", {"q": q, "cursor": given.get("cursor")})
        if q
        else ("/v1/moderation/sanctions", {"state": state, "cursor": given.get("cursor")})
    )
    found: Json = {"items": [], "next_cursor": None}
    problem, status = None, 200
    try:
        found = await get_json(request, own, path, query=query)
    except OperationFailed as error:
        if error.status not in (400, 410, 422):
            raise
        problem, status = error.problem, error.status
    return await page(
        request,
        own,
        "reviewer/users.html",
        status=status,
        cache="no-store",
        section="users",
        q=q,
        state=state,
        items=found["items"],
        next_cursor=found["next_cursor"],
        reasons={each["code"]: each for each in await read_reasons(request, own.viewer)},
        problem=problem,
    )


@get(f"{USERS}/{{user_id:str}}")
async def show_user(user_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The record of the person behind an account."""
    return await _user_page(request, signed_in(session), user_id)


@post(f"{USERS}/{{user_id:str}}/sanction")
async def impose_sanction(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Mutes or bans a user."""
    own = signed_in(session)
    body = {"kind": form.text("kind"), "reason_code": form.optional("reason_code"), "until": _until(form)}
    return await _change(request, own, user_id, "PUT", f"/v1/moderation/users/{_id(user_id)}/sanction", form, body)


@post(f"{USERS}/{{user_id:str}}/lift")
async def lift_sanctions(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Lifts the sanctions of a kind."""
    own = signed_in(session)
    path = f"/v1/moderation/users/{_id(user_id)}/sanction"
    return await _change(request, own, user_id, "DELETE", path, form, query={"kind": form.optional("kind")})


@post(f"{USERS}/{{user_id:str}}/requeue")
async def requeue_approvals(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Opens the cases again that a reviewer has approved since a time."""
    own = signed_in(session)
    body = {"since": _local_time(form, "since"), "reason_code": form.optional("reason_code")}
    path = f"/v1/moderation/reviewers/{_id(user_id)}/requeue"
    return await _change(request, own, user_id, "POST", path, form, body)


async def _change(
    request: AnyRequest,
    session: Session,
    user_id: str,
    method: str,
    path: str,
    form: Form,
    body: Any = None,
    query: dict[str, Any] | None = None,
) -> Response[Any]:
    try:
        await call(
            request,
            session.viewer,
            method,
            path,
            body=body,
            query=query,
            key=form.token,
        )
    except OperationFailed as error:
        if error.status == 404:
            raise
        return await _user_page(request, session, user_id, problem=error.problem, status=error.status, typed=form)
    return see_other(f"{USERS}/{_id(user_id)}?done=1")


async def _user_page(
    request: AnyRequest,
    session: Session,
    user_id: str,
    *,
    problem: Problem | None = None,
    status: int = 200,
    typed: Form | None = None,
) -> Response[bytes]:
    record = await get_json(request, session, f"/v1/moderation/users/{_id(user_id)}")
    cases = []
    for state in ("open", "closed"):
        query = {"author_id": _id(user_id), "state": state, "limit": 10}
        cases += (await get_json(request, session, "/v1/moderation/cases", query))["items"]
    return await page(
        request,
        session,
        "reviewer/user.html",
        status=status,
        cache="no-store",
        section="users",
        record=record,
        cases=cases,
        reasons={each["code"]: each for each in await read_reasons(request, session.viewer)},
        done=bool(request.query_params.get("done")),
        typed=typed,
        problem=problem,
    )


def _id(user_id: str) -> str:
    """The id of an address, safe in a path. Raises AccountNotFound."""
    return checked_id(user_id, AccountNotFound)


def _until(form: Form) -> str | None:
    """The end that the form names: a time, or a number of days from now; None: until it is lifted. What is neither is left as it was
    typed: the operation refuses it.
    """
    if form.text("until"):
        return _local_time(form, "until")
    days = form.number("days")
    if isinstance(days, int) and 0 < days <= _DAYS_MOST:
        return (datetime.now(UTC) + timedelta(days=days)).isoformat()
    return form.optional("days")


def _local_time(form: Form, name: str) -> str | None:
    """A time of Shanghai as an instant; None when the field is empty. What is no time is left as it was typed."""
    text = form.text(name)
    try:
        if _LOCAL_TIME.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).isoformat()
    except ValueError:
        pass
    return text or None
