"""What a reviewer does about a case besides deciding it: edits its text, labels its post as made by AI, and asks why it is visible."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call, checked_id, get_json
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.reviewer.case_view import read_reasons
from feed.api.pages.reviewer.decisions import call_once
from feed.api.pages.reviewer.filters import read_filters
from feed.api.pages.reviewer.work import WORK, work_page
from feed.api.pages.sessions import InjectedSession, signed_in
from feed.cases.model import CaseNotFound
from feed.posts.model import PostNotFound


@post("/console/queue/cases/{case_id:str}/revise")
async def revise_case(
    case_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Edits the text of the subject of a case, and shows the case that waits for the next stage."""
    own = signed_in(session)
    body = {"text": form.text("text"), "version": form.number("version")}
    path = f"/v1/moderation/cases/{checked_id(case_id, CaseNotFound)}/revision"
    try:
        answer = await call_once(request, own.viewer, path, body, form.token)
    except OperationFailed as error:
        if error.status == 404:
            raise
        return await work_page(request, own, at=case_id, problem=error.problem, status=error.status)
    return see_other(read_filters(request).path(WORK, at=answer.json()["id"]))


@post("/console/queue/cases/{case_id:str}/ai-label")
async def change_ai_label(
    case_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Labels the post of a case as made by AI, or takes the label away."""
    own = signed_in(session)
    post_id = checked_id(request.query_params.get("post_id", ""), PostNotFound)
    labelled = request.query_params.get("labelled") == "true"
    try:
        await call(
            request,
            own.viewer,
            "PUT" if labelled else "DELETE",
            f"/v1/moderation/posts/{post_id}/ai-label",
        )
    except OperationFailed as error:
        return await work_page(request, own, at=case_id, problem=error.problem, status=error.status)
    return see_other(read_filters(request).path(WORK, at=case_id, labelled=str(labelled).lower()))


@get("/console/posts/{post_id:str}/why")
async def explain_visibility(post_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """Every decision that made a post visible or not."""
    own = signed_in(session)
    path = f"/v1/posts/{checked_id(post_id, PostNotFound)}/why"
    why = await get_json(request, own, path)
    reasons = {each["code"]: each for each in await read_reasons(request, own.viewer)}
    return await page(request, own, "reviewer/why.html", cache="no-store", section="queue", why=why, reasons=reasons)
