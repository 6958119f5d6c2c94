"""The SMS to the winners of a campaign: how each ended, and what editors decide about those that failed."""

import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.editor.frame import campaign_page
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.sms.model import STUCK_STATES, State

_STATES: Final = tuple(State)
_STUCK: Final = tuple(STUCK_STATES)


@get("/console/campaigns/{campaign_id:str}/winners/messages")
async def list_messages(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    show: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    done: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The SMS of a campaign, newest first, or those in one state."""
    return await _show(request, signed_in(session), campaign_id, show=show, cursor=cursor, done=done)


@post("/console/campaigns/{campaign_id:str}/winners/messages/{message_id:str}/retry")
async def retry_message(
    campaign_id: FromPath[str],
    message_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Sends a message again, with a reason: the phone may have it already."""
    return await _act(request, signed_in(session), campaign_id, message_id, form, "retry", {})


@post("/console/campaigns/{campaign_id:str}/winners/messages/{message_id:str}/resolve")
async def resolve_message(
    campaign_id: FromPath[str],
    message_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Records how a message ended, without sending it."""
    outcome = {"outcome": form.text("outcome")}
    return await _act(request, signed_in(session), campaign_id, message_id, form, "resolve", outcome)


async def _act(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    message_id: str,
    form: Form,
    name: str,
    more: dict[str, str],
) -> Response[Any]:
    path = f"/v1/admin/messages/{checked_id(message_id)}/{name}"
    try:
        await send(request, session, form, "POST", path, {"reason": form.text("reason"), **more})
    except OperationFailed as error:
        return await _show(request, session, campaign_id, error=error, failed=message_id, reason=form.text("reason"))
    return see_other(f"{_path(campaign_id)}?done=message_{name}")


def _path(campaign_id: str) -> str:
    return f"/console/campaigns/{checked_id(campaign_id)}/winners/messages"


async def _show(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    show: str | None = None,
    cursor: str | None = None,
    error: OperationFailed | None = None,
    failed: str = "",
    reason: str = "",
    done: str | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    chosen = show if show in _STATES else None
    query = {"campaign_id": checked_id(campaign_id), "state": chosen, "cursor": cursor, "limit": 50}
    found = await get_json(request, session, "/v1/admin/messages", query)
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/messages.html",
        tab="winners",
        status=200 if error is None else error.status,
        messages=found["items"],
        next_cursor=found["next_cursor"],
        chosen=chosen,
        states=_STATES,
        stuck=_STUCK,
        problems={failed: problem},
        failed=failed,
        reason=reason,
        done=done,
        form_token=secrets.token_urlsafe(12),
    )


ROUTES: Final[tuple[Any, ...]] = (list_messages, retry_message, resolve_message)
