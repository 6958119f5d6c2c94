"""Endpoints of the published winners, and of objections by participants."""

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import InjectedAppState, InjectedKeyedRequest, InjectedViewer, field_id, path_id
from feed.api.responses import PRIVATE, PUBLIC
from feed.campaigns.errors import CampaignNotFound, EntryNotFound
from feed.ids import GivenId
from feed.prizes.model import (
    AlreadyObjected,
    NotAParticipant,
    ObjectionKind,
    ObjectionNeedsPhone,
    ObjectionsClosed,
    ResultNotFound,
)
from feed.prizes.objections import actions as objection_actions
from feed.prizes.objections.actions import ObjectionText
from feed.screens.prizes import objections as screen
from feed.screens.prizes import winners as winners_screen
from feed.screens.prizes.objections import OwnObjection
from feed.screens.prizes.winners import WinnersCard


class ObjectionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of an objection, what it is about, and the entry, if any."""

    text: ObjectionText
    kind: ObjectionKind = "other"
    post_id: GivenId | None = None
    comment_id: GivenId | None = None


@get("/campaigns/{campaign_id:str}/winners", errors=(CampaignNotFound, ResultNotFound), conditional=True)
async def list_winners(campaign_id: FromPath[str], app_state: InjectedAppState) -> Response[WinnersCard]:
    """The present winner of each place of an announced campaign, with masked names."""
    async with app_state.pool.acquire() as conn:
        card = await winners_screen.list_winners(conn, path_id(campaign_id, CampaignNotFound))
    return Response(card, headers={"cache-control": PUBLIC})


@post(
    "/campaigns/{campaign_id:str}/objections",
    errors=(
        CampaignNotFound,
        NotAParticipant,
        ObjectionNeedsPhone,
        EntryNotFound,
        ObjectionsClosed,
        AlreadyObjected,
    ),
)
async def object_to_result(
    campaign_id: FromPath[str],
    data: JSONBody[ObjectionIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[OwnObjection]:
    """Object to an announced result within the objection period; with one open objection per person and kind."""
    objection_id = await objection_actions.object_to_result(
        app_state.pool,
        path_id(campaign_id, CampaignNotFound),
        by=viewer.account_id,
        text=data.text,
        kind=data.kind,
        post_id=None if data.post_id is None else field_id(data.post_id, "post_id"),
        comment_id=None if data.comment_id is None else field_id(data.comment_id, "comment_id"),
        request=keyed_request,
    )
    async with app_state.pool.acquire() as conn:
        own = await screen.get_own(conn, objection_id)
    return Response(own, headers={"cache-control": PRIVATE})


objections = Router("/", route_handlers=[list_winners, object_to_result])
