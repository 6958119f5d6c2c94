"""Endpoints of editors and admins that list, retry and resolve SMS."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    field_id,
    path_id,
)
from feed.api.responses import PRIVATE
from feed.api.state import AppState
from feed.ids import MAX_ID
from feed.pagination import Page
from feed.screens.staff import sms as screen
from feed.screens.staff.sms import MessageCard
from feed.sms import manual_resolution
from feed.sms.model import MessageId, MessageNotFound, MessageNotStuck, MessageTooLate, State
from feed.texts import Reason

# Litestar reserves the parameter name `state` for the application's state.
StateFilter = Annotated[State | None, QueryParameter(name="state")]
CampaignFilter = Annotated[str | None, QueryParameter(name="campaign_id")]


class RetryIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why another attempt is right although the phone may have the message already; recorded in the audit log."""

    reason: Reason


class ResolveIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The outcome, and the evidence for it; recorded in the audit log."""

    outcome: Literal["sent", "failed"]
    reason: Reason


@get("/messages")
async def list_messages(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    message_state: StateFilter = None,
    campaign_id: CampaignFilter = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[MessageCard]]:
    """SMS, newest first: by state, or of a campaign, otherwise those that need a decision.

    An `unknown` message may have been sent or not; it is attempted again only when an editor retries it.
    """
    campaign = None if campaign_id is None else field_id(campaign_id, "campaign_id")
    name = f"messages:{message_state or ''}:{campaign or ''}"
    before_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        if campaign is not None:
            states = [message_state] if message_state else list(State)
            found = await screen.list_ids_of_campaign(conn, campaign, states, before_id, limit + 1)
        elif message_state:
            found = await screen.list_ids_in_state(conn, message_state, before_id, limit + 1)
        else:
            found = await screen.list_undecided_ids(conn, before_id, limit + 1)
        shown = await screen.list_messages(conn, app_state.keys, found[:limit])
    next_cursor = app_state.cursors.write(name, found[limit - 1]) if len(found) > limit else None
    return Response(Page(shown, next_cursor), headers={"cache-control": PRIVATE})


@post(
    "/messages/{message_id:str}/retry",
    status_code=200,
    errors=(
        MessageNotFound,
        MessageNotStuck,
        MessageTooLate,
    ),
)
async def retry_message(
    message_id: FromPath[str],
    data: JSONBody[RetryIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[MessageCard]:
    """Send an unknown, failed or undelivered message again. Nothing else sends a message twice."""
    id_ = MessageId(path_id(message_id, MessageNotFound))
    await manual_resolution.retry_message(
        app_state.pool, id_, by=viewer.account_id, reason=data.reason, request=keyed_request
    )
    return await _card(app_state, id_)


@post(
    "/messages/{message_id:str}/resolve",
    status_code=200,
    errors=(
        MessageNotFound,
        MessageNotStuck,
    ),
)
async def resolve_message(
    message_id: FromPath[str],
    data: JSONBody[ResolveIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[MessageCard]:
    """Set the outcome of an unknown, failed or undelivered message without sending it again."""
    id_ = MessageId(path_id(message_id, MessageNotFound))
    await manual_resolution.resolve_message(
        app_state.pool, id_, outcome=data.outcome, by=viewer.account_id, reason=data.reason, request=keyed_request
    )
    return await _card(app_state, id_)


async def _card(app_state: AppState, message_id: int) -> Response[MessageCard]:
    async with app_state.pool.acquire() as conn:
        return Response(await screen.get_message(conn, app_state.keys, message_id), headers={"cache-control": PRIVATE})


messages = Router("/", route_handlers=[list_messages, retry_message, resolve_message])
