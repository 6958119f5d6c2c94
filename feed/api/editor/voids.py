"""Endpoints of editors that add, list and withdraw voids, and set facts about a person aside."""

from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from feed.accounts.model import SecondPersonRequired
from feed.api.dependencies import InjectedAppState, InjectedKeyedRequest, InjectedViewer, field_id, path_id
from feed.api.responses import response_specs
from feed.campaigns.entries import ended_facts, void_store
from feed.campaigns.entries import voids as void_actions
from feed.campaigns.entries.ended_facts import FactKind
from feed.campaigns.entries.void_store import Void
from feed.campaigns.entries.voids import NewVoids
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignNotFound,
    CampaignNotOpen,
    CampaignSettled,
    FactNotFound,
    VoidNotFound,
)
from feed.ids import GivenId
from feed.screens.campaigns import void_effect
from feed.screens.campaigns.cards import get_campaign_for_editors
from feed.screens.campaigns.void_effect import VoidEffect
from feed.screens.posts.cards import Id
from feed.texts import Reason


class VoidCard(msgspec.Struct, frozen=True, kw_only=True):
    """A void: engagement that does not count."""

    id: Id
    user_id: Id | None
    post_id: Id | None
    kinds: list[Literal["like", "comment"]]
    reason_code: str
    note: str | None
    made_by: Id
    made_at: datetime


class Voids(msgspec.Struct, frozen=True):
    """Voids in force."""

    items: list[VoidCard]


class FactIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person, by any account, the kind of fact, and the reason for the audit log."""

    user_id: GivenId
    kind: FactKind
    reason: Reason


class FactOut(msgspec.Struct, frozen=True):
    """Whether the fact is set aside; if not, a second person has to request the same."""

    user_id: Id
    kind: FactKind
    set_aside: bool


@post(
    "/campaigns/{campaign_id:str}/facts/set-aside",
    status_code=200,
    responses=response_specs(FactOut, status=202, description="Recorded: a second person has to request the same."),
    errors=(
        CampaignNotFound,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
        FactNotFound,
        SecondPersonRequired,
    ),
)
async def set_fact_aside(
    campaign_id: FromPath[str],
    data: JSONBody[FactIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[FactOut]:
    """Set aside a role or a ban that held at the deadline and has ended since. Two people are needed (202, then 200).

    It excludes nothing any more. A settlement has to be undone before, and repeated afterwards.
    """
    account_id = field_id(data.user_id, "user_id")
    outcome = await ended_facts.set_fact_aside(
        app_state.pool,
        path_id(campaign_id, CampaignNotFound),
        account_id,
        data.kind,
        by=viewer.account_id,
        reason=data.reason,
        request=keyed_request,
    )
    is_done = outcome == "set_aside"
    return Response(FactOut(str(account_id), data.kind, is_done), status_code=200 if is_done else 202)


@post(
    "/campaigns/{campaign_id:str}/voids",
    status_code=201,
    errors=(
        CampaignNotFound,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
    ),
)
async def add_voids(
    campaign_id: FromPath[str],
    data: JSONBody[NewVoids],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Voids:
    """Void the engagement of some accounts, or all engagement of one entry. Shown counts stay as they are."""
    made = await void_actions.add_voids(
        app_state.pool, viewer.account_id, path_id(campaign_id, CampaignNotFound), data, keyed_request
    )
    return Voids([_void_card(void) for void in made])


@post(
    "/campaigns/{campaign_id:str}/voids/preview",
    status_code=200,
    errors=(
        CampaignNotFound,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
    ),
    weight=10,
)
async def preview_voids(
    campaign_id: FromPath[str], data: JSONBody[NewVoids], app_state: InjectedAppState, viewer: InjectedViewer
) -> VoidEffect:
    """What voids would change, without making them: the body is that of the request that makes them."""
    id_ = path_id(campaign_id, CampaignNotFound)
    return await void_effect.preview_voids(app_state.leaderboards, viewer.account_id, id_, data)


@get("/campaigns/{campaign_id:str}/voids", errors=(CampaignNotFound,))
async def list_voids(campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Voids:
    """The voids in force, newest first."""
    id_ = path_id(campaign_id, CampaignNotFound)
    async with app_state.pool.acquire() as conn:
        await get_campaign_for_editors(conn, id_, app_state.media)
        return Voids([_void_card(void) for void in await void_store.list_active(conn, id_)])


@delete(
    "/campaigns/{campaign_id:str}/voids/{void_id:str}",
    errors=(
        CampaignNotFound,
        VoidNotFound,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
    ),
)
async def withdraw_void(
    campaign_id: FromPath[str], void_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> None:
    """Withdraw a void, so that its engagement counts again. Repeating it changes nothing."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(void_id, VoidNotFound)
    await void_actions.withdraw_void(app_state.pool, viewer.account_id, *ids)


def _void_card(void: Void) -> VoidCard:
    return VoidCard(
        id=str(void.id),
        user_id=None if void.account_id is None else str(void.account_id),
        post_id=None if void.post_id is None else str(void.post_id),
        kinds=list(void.kinds),
        reason_code=void.reason_code,
        note=void.note,
        made_by=str(void.made_by),
        made_at=void.made_at,
    )


voids = Router("/", route_handlers=[add_voids, preview_voids, list_voids, withdraw_void, set_fact_aside])
