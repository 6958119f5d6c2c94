"""The editorial chain (三审三校): texts of the newsroom, read, signed stage by stage, and sent back."""

import asyncio
import secrets
from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, PageNotFound, checked_id, find_json, get_json
from feed.api.pages.editor.answers import trailing_id
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.signoffs.model import CREDIT_ROLES, Kind

_KINDS: tuple[str, ...] = get_args(Kind)


@get("/console/editorial")
async def list_texts(
    request: AnyRequest,
    session: InjectedSession,
    post: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """Texts with signatures, by what they wait for, and the drafts without a signature. `post`: a link or an id to go to."""
    own = signed_in(session)
    if post_id := trailing_id(post):
        return see_other(f"/console/editorial/post/{post_id}")
    found, me = await asyncio.gather(
        get_json(request, own, "/v1/admin/editorial", {"cursor": cursor, "limit": 50}),
        get_json(request, own, "/v1/me"),
    )
    drafts = []
    if not cursor and {"editor", "admin"} & set(me["roles"]):
        listed = await get_json(request, own, "/v1/admin/campaigns", {"state": "draft", "limit": 50})
        signed = {(each["kind"], each["id"]) for each in found["items"]}
        drafts = [each for each in listed["items"] if ("campaign", each["id"]) not in signed]
    return await page(
        request,
        own,
        "editor/editorial.html",
        cache="no-store",
        section="editorial",
        texts=found["items"],
        next_cursor=found["next_cursor"],
        drafts=drafts,
        stages=CREDIT_ROLES,
    )


@get("/console/editorial/{kind:str}/{subject_id:str}")
async def show_text(
    kind: FromPath[str],
    subject_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    done: FromQuery[str | None] = None,
) -> Response[Any]:
    """A text as it would be published, its signatures, and what this person may do; the rules of a published campaign."""
    own = signed_in(session)
    try:
        return await _show(request, own, kind, subject_id, done=done)
    except OperationFailed as error:
        # A campaign that is published has nothing left to sign: what was signed are its rules.
        campaign = f"/v1/campaigns/{subject_id}"
        if error.status != 404 or kind != "campaign" or await find_json(request, own, campaign) is None:
            raise
        return see_other(f"/campaigns/{subject_id}/rules")


@post("/console/editorial/{kind:str}/{subject_id:str}/sign")
async def sign_text(
    kind: FromPath[str], subject_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Signs the next stage of the text as it was read."""
    own = signed_in(session)
    body = {"stage": form.number("stage"), "sha256": form.text("sha256")}
    try:
        await send(request, own, form, "POST", _operation(kind, subject_id, "/sign"), body)
    except OperationFailed as error:
        return await _show(request, own, kind, subject_id, form=form, error=error, failed="sign")
    return see_other(f"/console/editorial/{kind}/{subject_id}?done=signed")


@post("/console/editorial/{kind:str}/{subject_id:str}/return")
async def return_text(
    kind: FromPath[str], subject_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Sends the text back: all its signatures end, and those who signed read why."""
    own = signed_in(session)
    body = {"sha256": form.text("sha256"), "reason": form.text("reason")}
    try:
        await send(request, own, form, "POST", _operation(kind, subject_id, "/return"), body)
    except OperationFailed as error:
        return await _show(request, own, kind, subject_id, form=form, error=error, failed="return")
    return see_other(f"/console/editorial/{kind}/{subject_id}?done=returned")


def _operation(kind: str, subject_id: str, rest: str = "") -> str:
    if kind not in _KINDS:
        raise PageNotFound
    return f"/v1/admin/editorial/{kind}/{checked_id(subject_id)}{rest}"


async def _show(
    request: AnyRequest,
    session: Session,
    kind: str,
    subject_id: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
    failed: str = "",
    done: str | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    text = await get_json(request, session, _operation(kind, subject_id))
    card = await find_json(request, session, f"/v1/posts/{subject_id}") if kind == "post" else None
    return await page(
        request,
        session,
        "editor/editorial_text.html",
        cache="no-store",
        section="editorial",
        status=200 if error is None else error.status,
        text=text,
        card=card,
        stages=CREDIT_ROLES,
        problems={failed: problem},
        reason="" if form is None else form.text("reason"),
        done=done,
        form_tokens=[secrets.token_urlsafe(16) for _ in range(2)],
    )


ROUTES: Final[tuple[Any, ...]] = (list_texts, show_text, sign_text, return_text)
