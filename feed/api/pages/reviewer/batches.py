"""One verdict for many cases, with the outcome of each, and its undo."""

import re
import secrets
from typing import Any

from litestar import Response, get, post

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem, problem_of
from feed.api.pages.calls import OperationFailed, get_json
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, page_language
from feed.api.pages.reviewer.case_view import Json, read_reasons
from feed.api.pages.reviewer.decisions import DONE, judge, undo_verdicts
from feed.api.pages.reviewer.filters import read_filters
from feed.api.pages.reviewer.segments import marked
from feed.api.pages.sessions import InjectedSession, Session, signed_in

BATCHES = "/console/queue/batches"
_SHOWN = 50
_NUMBER = re.compile(r"[0-9]{1,18}")


@get(BATCHES)
async def show_batches(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The cases that the filters select, to be chosen from."""
    return await _list_page(request, signed_in(session))


@post(BATCHES)
async def decide_batch(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[bytes]:
    """Gives the verdict of the form to the chosen cases, each in the version that was shown."""
    own = signed_in(session)
    chosen = [each.partition(":") for each in form.all("case")]
    cases = [{"id": id_, "version": int(version)} for id_, _, version in chosen if _NUMBER.fullmatch(version)]
    try:
        found = await judge(request, own.viewer, form, cases)
    except OperationFailed as error:
        if error.status != 422:
            raise
        return await _list_page(request, own, problem=error.problem, status=422, form=form)
    return await _outcome_page(request, own, found, form, undone=False)


@post("/console/queue/batches/undo")
async def undo_batch(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[bytes]:
    """Takes the verdicts of a batch back."""
    own = signed_in(session)
    found = await undo_verdicts(request, own.viewer, form)
    return await _outcome_page(request, own, found, form, undone=True)


async def _list_page(
    request: AnyRequest,
    session: Session,
    *,
    problem: Problem | None = None,
    status: int = 200,
    form: Form | None = None,
) -> Response[bytes]:
    filters = read_filters(request)
    query = {**filters.given, "limit": _SHOWN, "cursor": request.query_params.get("cursor")}
    found: Json = {"items": [], "next_cursor": None}
    try:
        found = await get_json(request, session, "/v1/moderation/cases", query=query)
    except OperationFailed as error:
        if error.status not in (400, 410, 422):
            raise
        problem, status = problem or error.problem, error.status
    return await page(
        request,
        session,
        "reviewer/batches.html",
        status=status,
        cache="no-store",
        section="queue",
        filters=filters,
        rows=[(each, marked(each["subject"]["text"], each["machine"].get("labels", ()))) for each in found["items"]],
        next_cursor=found["next_cursor"],
        reasons=await read_reasons(request, session.viewer),
        chosen=form.all("case") if form else (),
        typed=form,
        problem=problem,
        form_token=secrets.token_urlsafe(16),
    )


async def _outcome_page(
    request: AnyRequest, session: Session, found: Json, form: Form, *, undone: bool
) -> Response[bytes]:
    language = page_language(request)
    items: list[dict[str, Any]] = [
        {
            "id": each["id"],
            "done": each["outcome"] == DONE,
            "message": None if each["outcome"] == DONE else problem_of(each["outcome"], 409, language).detail,
        }
        for each in found["items"]
    ]
    return await page(
        request,
        session,
        "reviewer/batch.html",
        cache="no-store",
        section="queue",
        filters=read_filters(request),
        batch_id=found["batch_id"],
        items=items,
        verdict=form.text("verdict"),
        undone=undone,
        form_token=secrets.token_urlsafe(16),
    )
