"""Takedowns by a pasted link or from a case: what would be taken down, the confirmation, and the list with undo."""

import secrets
from typing import Any

import msgspec
from litestar import Response, get, post

from feed.accounts.model import Viewer
from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, call
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.reviewer.case_view import Json, read_reasons
from feed.api.pages.reviewer.decisions import call_once
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.ids import parse_id

TAKEDOWNS = "/console/takedowns"
_LINK_MOST = 2000


class Preview(msgspec.Struct, frozen=True):
    """What is taken down. `card`: the post or user as others see it; `subject`: as reviewers know it; `medium`: the picture.

    All None: there is nothing to show.
    """

    kind: str
    id: str
    card: Any = None
    subject: Any = None
    medium: Any = None


@get(TAKEDOWNS)
async def show_takedowns(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The takedowns in force or ended, and the form; with `link`, or with `kind` and `id`, what would be taken down.

    `case`, `post`: where a picture to be taken down was found.
    """
    return await _takedowns_page(request, signed_in(session))


@post(TAKEDOWNS)
async def take_down(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Takes down what the form names."""
    own = signed_in(session)
    body = {
        "target": {"kind": form.text("kind"), "id": form.text("id")},
        "reason_code": form.optional("reason_code"),
    }
    try:
        answer = await call_once(request, own.viewer, "/v1/moderation/takedowns", body, form.token)
    except OperationFailed as error:
        return await _takedowns_page(request, own, problem=error.problem, status=error.status, form=form)
    case_id = parse_id(request.query_params.get("case", ""))
    return see_other(f"{TAKEDOWNS}?done={answer.json()['id']}{f'&case={case_id}' if case_id else ''}")


@post(f"{TAKEDOWNS}/lift")
async def lift_takedown(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Ends the takedown that the form names."""
    own = signed_in(session)
    body = {
        "target": {"kind": form.text("kind"), "id": form.text("id")},
        "reason_code": form.optional("reason_code"),
    }
    try:
        await call(
            request,
            own.viewer,
            "DELETE",
            "/v1/moderation/takedowns",
            body=body,
        )
    except OperationFailed as error:
        return await _takedowns_page(request, own, problem=error.problem, status=error.status)
    return see_other(f"{TAKEDOWNS}?state=lifted&done=lifted")


async def _takedowns_page(
    request: AnyRequest,
    session: Session,
    *,
    problem: Problem | None = None,
    status: int = 200,
    form: Form | None = None,
) -> Response[bytes]:
    viewer, given = session.viewer, request.query_params
    link = given.get("link", "").strip()[:_LINK_MOST]
    kind, id_ = (form.text("kind"), form.text("id")) if form else (given.get("kind", ""), given.get("id", ""))
    state = "lifted" if given.get("state") == "lifted" else "in_force"
    preview = campaign_id = None
    if link and not kind:
        found = request.app.state.app_state.links.target(link)
        if found is not None and found.kind == "campaign":
            campaign_id = found.id
        elif found is not None:
            kind, id_ = found.kind, found.id
    if kind and id_:
        preview = await _preview(request, viewer, kind, id_[:200])
    query = {"state": state, "cursor": given.get("cursor")}
    answer = await call(request, viewer, "GET", "/v1/moderation/takedowns", query=query)
    listed: Json = answer.json()
    return await page(
        request,
        session,
        "reviewer/takedowns.html",
        status=status,
        cache="no-store",
        section="takedowns",
        link=link,
        preview=preview,
        campaign_id=campaign_id,
        not_found=bool(link) and preview is None and campaign_id is None,
        state=state,
        items=listed["items"],
        next_cursor=listed["next_cursor"],
        reasons={each["code"]: each for each in await read_reasons(request, viewer)},
        chosen=form.text("reason_code") if form else "",
        done=given.get("done"),
        case_id=parse_id(given.get("case", "")),
        problem=problem,
        form_token=secrets.token_urlsafe(16),
    )


async def _preview(request: AnyRequest, viewer: Viewer, kind: str, id_: str) -> Preview:
    """The target as others see it, or else as the latest case about it has it; a picture as the case or post has it that it was found in."""
    if kind == "image_hash":
        return Preview(kind, id_, medium=await _medium(request, viewer, id_.removeprefix("media:")))
    card: Any = None
    if kind in ("post", "user") and _is_id(id_):
        card = await _found(request, viewer, f"/v1/{kind}s/{id_}")
    if kind == "comment" and _is_id(id_) and (thread := await _found(request, viewer, f"/v1/comments/{id_}")):
        found = thread["reply"] or thread["root"]
        # Of a deleted comment only its place among its replies is left.
        card = found if found["author"] is not None else None
    if kind in ("post", "comment") and card is None and _is_id(id_):
        return Preview(kind, id_, subject=await _latest_subject(request, viewer, id_))
    return Preview(kind, id_, card=card)


async def _medium(request: AnyRequest, viewer: Viewer, media_id: str) -> Any:
    """The photo or video within the case or the post of the address; None without one."""
    case_id, post_id = (request.query_params.get(name, "") for name in ("case", "post"))
    found: list[Any] = []
    if _is_id(case_id) and (case := await _found(request, viewer, f"/v1/moderation/cases/{case_id}")):
        report = case["report"] or {"evidence": []}
        found += [case["subject"]["media"], case["subject"]["former_media"], *(x["media"] for x in report["evidence"])]
    elif _is_id(post_id):
        shown = await _preview(request, viewer, "post", post_id)
        found += [each["media"] for each in (shown.card, shown.subject) if each]
    return next((each for media in found for each in media if each["id"] == media_id), None)


async def _latest_subject(request: AnyRequest, viewer: Viewer, subject_id: str) -> Any:
    for state in ("open", "closed"):
        query = {"subject_id": subject_id, "state": state, "limit": 1}
        cases = await _found(request, viewer, "/v1/moderation/cases", query)
        if cases and cases["items"]:
            return cases["items"][0]["subject"]
    return None


def _is_id(given: str) -> bool:
    return parse_id(given) is not None


async def _found(request: AnyRequest, viewer: Viewer, path: str, query: dict[str, Any] | None = None) -> Any:
    try:
        return (await call(request, viewer, "GET", path, query=query)).json()
    except OperationFailed as error:
        if error.status in (404, 422):
            return None
        raise
