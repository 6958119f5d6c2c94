"""Endpoints of editors that settle a campaign, undo a settlement and announce the winners."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody

from feed.accounts.model import SecondPersonRequired
from feed.api.dependencies import InjectedAppState, InjectedKeyedRequest, InjectedViewer, path_id
from feed.api.responses import PRIVATE, response_specs
from feed.api.state import AppState
from feed.campaigns.errors import CampaignCancelled, CampaignNotFound
from feed.prizes.announcement import announce as announcement_actions
from feed.prizes.announcement import undo_settlement as undo_actions
from feed.prizes.draw.model import AwaitingBeacon
from feed.prizes.model import (
    AlreadyAnnounced,
    AlreadySettled,
    CodesMissing,
    EndedFactsUnexplained,
    NotOverYet,
    NotSettled,
    PrizeHandedOver,
    SettlementBlocked,
    SheetNotFound,
    WinnerNotVisible,
)
from feed.prizes.settlement import actions as settlement_actions
from feed.screens.prizes import settlement as screen
from feed.screens.prizes.settlement import Decision, SheetCard
from feed.screens.prizes.sheet_csv import csv_of
from feed.texts import OptionalReason, Reason


class ReasonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason, recorded in the audit log."""

    reason: Reason


class OptionalReasonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason, recorded in the audit log, where one is needed: to force a settlement, or to announce despite ended facts."""

    reason: OptionalReason = ""


@post(
    "/campaigns/{campaign_id:str}/settle",
    status_code=200,
    errors=(
        CampaignNotFound,
        CampaignCancelled,
        NotOverYet,
        AlreadySettled,
        AwaitingBeacon,
        SettlementBlocked,
    ),
)
async def settle_campaign(
    campaign_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
    data: JSONBody[OptionalReasonIn | None] = None,
) -> Decision:
    """Settle a campaign now. If something is still missing, a reason forces the settlement."""
    id_ = path_id(campaign_id, CampaignNotFound)
    reason = data.reason if data else ""
    await settlement_actions.settle_campaign(
        app_state.pool, app_state.keys, id_, by=viewer.account_id, reason=reason, request=keyed_request
    )
    return await _decision(app_state, id_)


@post(
    "/campaigns/{campaign_id:str}/undo-settle",
    status_code=200,
    responses=response_specs(Decision, status=202, description="Recorded: a second person undoes it."),
    errors=(
        CampaignNotFound,
        NotSettled,
        AlreadyAnnounced,
        CampaignCancelled,
        SecondPersonRequired,
        PrizeHandedOver,
    ),
)
async def undo_settlement(
    campaign_id: FromPath[str],
    data: JSONBody[ReasonIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[Decision]:
    """Undo a settlement, before it is announced or as the remedy of an upheld objection. An editor makes the next settlement.

    An announced result takes two people: the editor who upheld the objection, while the right lasts, and another one (200). If they have lost
    it, the next one is recorded (202).
    """
    id_ = path_id(campaign_id, CampaignNotFound)
    outcome = await undo_actions.undo_settlement(
        app_state.pool, id_, by=viewer.account_id, reason=data.reason, request=keyed_request
    )
    return Response(await _decision(app_state, id_), status_code=202 if outcome == "recorded" else 200)


@post(
    "/campaigns/{campaign_id:str}/announce",
    status_code=200,
    responses=response_specs(Decision, status=202, description="Recorded: a second person announces."),
    errors=(
        CampaignNotFound,
        NotSettled,
        AlreadyAnnounced,
        SecondPersonRequired,
        EndedFactsUnexplained,
        WinnerNotVisible,
        CodesMissing,
    ),
)
async def announce_winners(
    campaign_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
    data: JSONBody[OptionalReasonIn | None] = None,
) -> Response[Decision]:
    """Announce the winners. Two people are needed: the first is recorded (202), the second announces (200).

    Both give a reason if `review.ended_facts` of the response names anything.
    """
    id_ = path_id(campaign_id, CampaignNotFound)
    outcome = await announcement_actions.announce_winners(
        app_state.pool,
        app_state.keys,
        id_,
        by=viewer.account_id,
        reason=data.reason if data else "",
        request=keyed_request,
    )
    return Response(await _decision(app_state, id_), status_code=202 if outcome == "recorded" else 200)


@get("/campaigns/{campaign_id:str}/announcement", errors=(CampaignNotFound,))
async def get_decision(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[Decision]:
    """What two people announce: winners and reserves, and in `review` who is left out because of whose acts."""
    return Response(
        await _decision(app_state, path_id(campaign_id, CampaignNotFound)), headers={"cache-control": PRIVATE}
    )


@get(
    "/campaigns/{campaign_id:str}/sheet",
    responses=response_specs(SheetCard, description="Or text/csv, by Accept."),
    errors=(SheetNotFound,),
    also=("text/csv",),
    accept="any",
    weight=20,
)
async def get_sheet(
    campaign_id: FromPath[str], request: Request[Any, Any, Any], app_state: InjectedAppState
) -> Response[bytes]:
    """The frozen score sheet, best entry first: JSON, or CSV with `Accept: text/csv`."""
    id_ = path_id(campaign_id, SheetNotFound)
    async with app_state.pool.acquire() as conn:
        sheet = await screen.get_sheet(conn, id_)
    headers = {"cache-control": PRIVATE, "vary": "Accept"}
    if request.accept.best_match(["application/json", "text/csv"]) != "text/csv":
        return Response(msgspec.json.encode(sheet), media_type="application/json", headers=headers)
    headers["content-disposition"] = f'attachment; filename="sheet-{id_}.csv"'
    return Response(csv_of(sheet), media_type="text/csv", headers=headers)


async def _decision(app_state: AppState, campaign_id: int) -> Decision:
    async with app_state.pool.acquire() as conn:
        return await screen.get_decision(conn, campaign_id)


prizes = Router("/", route_handlers=[settle_campaign, undo_settlement, announce_winners, get_decision, get_sheet])
