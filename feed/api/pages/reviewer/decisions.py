"""Forms that decide a case, and take a decision back."""

from typing import Any

from litestar import Response, post

from feed.accounts.model import Viewer
from feed.api.dependencies import AnyRequest
from feed.api.errors import problem_of
from feed.api.pages.calls import Answer, OperationFailed, call, checked_id
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page_language, see_other
from feed.api.pages.reviewer.case_view import Json, read_reasons
from feed.api.pages.reviewer.filters import read_filters
from feed.api.pages.reviewer.work import WORK, Typed, work_page
from feed.api.pages.sending import send_with_key
from feed.api.pages.sessions import InjectedSession, signed_in
from feed.cases.model import CaseNotFound
from feed.moderation.model import BatchNotFound

DONE = "done"


@post("/console/queue/decide")
async def decide(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Decides the case of the form in the version that was shown, and goes on to the next one."""
    own = signed_in(session)
    case_id = form.text("case_id")
    typed = Typed(form.text("reason_code"), form.text("note"))
    verdict = form.text("verdict")
    try:
        found = await judge(request, own.viewer, form, [{"id": case_id, "version": form.number("version")}])
    except OperationFailed as error:
        if error.status == 403:
            raise
        return await work_page(request, own, at=case_id, problem=error.problem, status=error.status, typed=typed)
    outcome = found["items"][0]["outcome"]
    if outcome != DONE:
        problem = problem_of(outcome, 409, page_language(request))
        return await work_page(request, own, at=case_id, problem=problem, status=409, typed=typed)
    done = f"{found['batch_id']}.{verdict}.{case_id}"
    return see_other(read_filters(request).path(WORK, at=form.optional("next"), done=done))


@post("/console/queue/undo")
async def undo(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Takes back the decision of a case, and shows the case again, leased if it is free."""
    own = signed_in(session)
    case_id = checked_id(form.text("case_id"), CaseNotFound)
    found = await undo_verdicts(request, own.viewer, form)
    outcome = next((each["outcome"] for each in found["items"]), DONE)
    if outcome != DONE:
        problem = problem_of(outcome, 409, page_language(request))
        return await work_page(request, own, at=case_id, problem=problem, status=409)
    await _lease_again(request, own.viewer, case_id)
    return see_other(read_filters(request).path(WORK, at=case_id))


async def judge(request: AnyRequest, viewer: Viewer, form: Form, cases: list[dict[str, Any]]) -> Json:
    """The outcome of the form's verdict on these cases. A reason that is none of the verdict is left out. Raises OperationFailed."""
    verdict, reason_code = form.text("verdict"), form.optional("reason_code")
    reasons = await read_reasons(request, viewer) if reason_code else []
    if any(each["code"] == reason_code and verdict not in each["verdicts"] for each in reasons):
        reason_code = None
    body = {"cases": cases, "verdict": verdict, "reason_code": reason_code, "note": form.optional("note")}
    answer = await call_once(request, viewer, "/v1/moderation/verdicts", body, form.token)
    found: Json = answer.json()
    return found


async def undo_verdicts(request: AnyRequest, viewer: Viewer, form: Form) -> Json:
    """The outcome of undoing the batch that the form names. Raises OperationFailed."""
    batch_id = form.text("batch_id")
    path = f"/v1/moderation/verdicts/{checked_id(batch_id, BatchNotFound)}/undo"
    answer = await call_once(request, viewer, path, None, form.token)
    found: Json = answer.json()
    return found


async def call_once(request: AnyRequest, viewer: Viewer, path: str, body: Any, token: str | None) -> Answer:
    """Posts with the token of the form; while the same form is being handled, waits for it. Raises OperationFailed."""
    return await send_with_key(request, viewer, "POST", path, body, token)


async def _lease_again(request: AnyRequest, viewer: Viewer, case_id: str) -> None:
    """Leases the case to go on with it, unless it is another reviewer's or the person has too many."""
    try:
        case = (await call(request, viewer, "GET", f"/v1/moderation/cases/{case_id}")).json()
        subject = case["subject"]
        wanted = {"count": 1, "kind": case["kind"], "stage": case["stage"], "subject_id": subject["id"]}
        await call(request, viewer, "POST", "/v1/moderation/cases/lease", body=wanted)
    except OperationFailed:
        return
