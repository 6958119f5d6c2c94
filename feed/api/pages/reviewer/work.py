"""The page on which a reviewer decides one leased case after another; the next ones are in the page already."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, call, checked_id, find_json, get_json
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.reviewer.case_view import Json, read_reasons, view_cases
from feed.api.pages.reviewer.filters import read_filters
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.cases.model import CaseNotFound
from feed.ids import parse_id

WORK = "/console/queue/work"
# How many cases behind the shown one are sent with it.
_AHEAD = 2


class Typed(NamedTuple):
    """What was typed into a decision that failed."""

    reason_code: str = ""
    note: str = ""


@get(WORK)
async def show_work(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The case `at`, or the most urgent one of those that the reviewer has leased."""
    return await work_page(request, signed_in(session), at=request.query_params.get("at"))


async def work_page(
    request: AnyRequest,
    session: Session,
    *,
    at: str | None,
    problem: Problem | None = None,
    status: int = 200,
    typed: Typed = Typed(),  # noqa: B008 - immutable
) -> Response[bytes]:
    """The page with a case; `problem`: why its decision failed."""
    viewer = session.viewer
    leased = await get_json(request, session, "/v1/moderation/cases/leased")
    cases: list[Json] = leased["items"]
    place = next((index for index, each in enumerate(cases) if each["id"] == at), None)
    shown = [cases[0]] if cases and at is None else []
    if place is not None:
        shown = [cases[place]]
    elif cases and _done(request) is not None:
        # The next case was closed by the decision before it, as the reports of a post are.
        shown = [cases[0]]
    elif at is not None and (other := await _find(request, session, at)) is not None:
        shown = [other]
    behind = _behind(cases, shown)
    views = await view_cases(
        request, viewer, [*shown, *behind[:_AHEAD]], reasons := await read_reasons(request, viewer)
    )
    queue = await get_json(request, session, "/v1/moderation/queue")
    return await page(
        request,
        session,
        "reviewer/work.html",
        status=status,
        cache="no-store",
        section="queue",
        filters=read_filters(request),
        leased=cases,
        here=views[0] if views else None,
        ahead=views[1:],
        following=behind[0]["id"] if behind else None,
        before=_before(cases, shown),
        queue=queue,
        reasons={each["code"]: each for each in reasons},
        done=_done(request),
        labelled={"true": True, "false": False}.get(request.query_params.get("labelled", "")),
        problem=problem,
        typed=typed,
        lease_token=secrets.token_urlsafe(16),
    )


@post("/console/queue/cases/{case_id:str}/extend")
async def extend(
    case_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Extends the lease of a case."""
    return await _change_lease(request, signed_in(session), case_id, "extend", after=case_id)


@post("/console/queue/cases/{case_id:str}/release")
async def release(
    case_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Gives a case back, and goes on to the next one."""
    return await _change_lease(request, signed_in(session), case_id, "release", after=request.query_params.get("next"))


async def _change_lease(
    request: AnyRequest, session: Session, case_id: str, what: str, *, after: str | None
) -> Response[Any]:
    try:
        await call(
            request,
            session.viewer,
            "POST",
            f"/v1/moderation/cases/{checked_id(case_id, CaseNotFound)}/{what}",
        )
    except OperationFailed as error:
        if error.status == 404:
            raise
        return await work_page(request, session, at=case_id, problem=error.problem, status=error.status)
    return see_other(read_filters(request).path(WORK, at=after))


async def _find(request: AnyRequest, session: Session, case_id: str) -> Json | None:
    path = f"/v1/moderation/cases/{case_id}"
    return None if parse_id(case_id) is None else await find_json(request, session, path)


def _behind(cases: Sequence[Json], shown: Sequence[Json]) -> list[Json]:
    """The leased cases after the shown one, then those before it."""
    if not shown:
        return list(cases)
    place = next((index for index, each in enumerate(cases) if each["id"] == shown[0]["id"]), -1)
    return [*cases[place + 1 :], *cases[: max(place, 0)]]


def _before(cases: Sequence[Json], shown: Sequence[Json]) -> str | None:
    place = next((index for index, each in enumerate(cases) if shown and each["id"] == shown[0]["id"]), 0)
    return str(cases[place - 1]["id"]) if place > 0 else None


def _done(request: AnyRequest) -> dict[str, str] | None:
    """The decision that was just made, from the address: `done=BATCH.VERDICT.CASE`; None without one."""
    parts = request.query_params.get("done", "").split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in (parts[0], parts[2])):
        return None
    return {"batch_id": parts[0], "verdict": parts[1], "case_id": parts[2]}
