"""What is decided about a campaign as a whole, each with a page that says what it means: publishing it with the rules as participants
will read them, cancelling it, and locking its marks."""

import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, get_json
from feed.api.pages.editor.answers import names_of
from feed.api.pages.editor.findings import read_findings, without_keys
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page_language, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in


@get("/console/campaigns/{campaign_id:str}/publish")
async def show_publishing(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """What publishing means, and whether it is possible."""
    return await _publish_page(request, signed_in(session), campaign_id)


@post("/console/campaigns/{campaign_id:str}/publish")
async def publish_campaign(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Publishes the draft."""
    own = signed_in(session)
    try:
        # What is published is what this person has read.
        read = {"content_sha256": form.optional("content_sha256")}
        await send(request, own, form, "POST", admin_path(campaign_id, "/publish"), query=read)
    except OperationFailed as error:
        return await _publish_page(request, own, campaign_id, error)
    return see_other(f"/console/campaigns/{campaign_id}?done=published")


@get("/console/campaigns/{campaign_id:str}/cancel")
async def show_cancelling(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """What cancelling means now: at once before the opening, by two persons and with a public reason afterwards."""
    return await _cancel_page(request, signed_in(session), campaign_id)


@post("/console/campaigns/{campaign_id:str}/cancel")
async def cancel_campaign(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Cancels the campaign, or records the first of two requests."""
    own, reason = signed_in(session), form.text("reason")
    try:
        answer = await send(request, own, form, "POST", admin_path(campaign_id, "/cancel"), {"reason": reason})
    except OperationFailed as error:
        return await _cancel_page(request, own, campaign_id, error, reason=reason)
    done = "cancel_asked" if answer.status == 202 else "cancelled"
    return see_other(f"/console/campaigns/{campaign_id}?done={done}")


@get("/console/campaigns/{campaign_id:str}/lock-marks")
async def show_locking(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """What locking means, and which entries lack marks."""
    return await _lock_page(request, signed_in(session), campaign_id)


@post("/console/campaigns/{campaign_id:str}/lock-marks")
async def lock_marks(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Locks the marks."""
    own = signed_in(session)
    try:
        await send(request, own, form, "POST", admin_path(campaign_id, "/lock-marks"))
    except OperationFailed as error:
        return await _lock_page(request, own, campaign_id, error)
    return see_other(f"/console/campaigns/{campaign_id}/jury?done=locked")


async def _publish_page(
    request: AnyRequest, session: Session, campaign_id: str, error: OperationFailed | None = None
) -> Response[bytes]:
    language = page_language(request)
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/publish.html",
        tab="edit",
        status=200 if error is None else error.status,
        findings=await read_findings(request, session, campaign_id, language),
        problem=None if error is None else without_keys(error.problem, language),
        form_token=secrets.token_urlsafe(16),
    )


async def _cancel_page(
    request: AnyRequest, session: Session, campaign_id: str, error: OperationFailed | None = None, *, reason: str = ""
) -> Response[bytes]:
    campaign = await get_json(request, session, admin_path(campaign_id))
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/cancel.html",
        tab="overview",
        campaign=campaign,
        names=await names_of(request, session, [campaign["cancel_asked_by"]]),
        status=200 if error is None else error.status,
        reason=reason,
        problem=None if error is None else without_keys(error.problem, page_language(request)),
        form_token=secrets.token_urlsafe(16),
    )


async def _lock_page(
    request: AnyRequest, session: Session, campaign_id: str, error: OperationFailed | None = None
) -> Response[bytes]:
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/lock_marks.html",
        tab="jury",
        status=200 if error is None else error.status,
        jury=await get_json(request, session, admin_path(campaign_id, "/jury")),
        problem=None if error is None else error.problem,
        form_token=secrets.token_urlsafe(16),
    )


ROUTES: Final[tuple[Any, ...]] = (
    show_publishing,
    publish_campaign,
    show_cancelling,
    cancel_campaign,
    show_locking,
    lock_marks,
)
