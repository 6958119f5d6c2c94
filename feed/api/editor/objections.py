"""Endpoints of editors for objections, and for the replacement of a winner."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from feed.accounts.model import SecondPersonRequired
from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    field_id,
    path_id,
    path_number,
)
from feed.api.responses import PRIVATE, response_specs
from feed.campaigns.errors import CampaignNotFound
from feed.ids import MAX_ID, GivenId
from feed.numbers import Ordinal
from feed.pagination import Page
from feed.prizes.announcement import replace_winner as replacement_actions
from feed.prizes.model import (
    Answered,
    InvolvedInCampaign,
    NotAnnounced,
    ObjectionAnswered,
    ObjectionKind,
    ObjectionNotFound,
    PrizeHandedOver,
    Remedy,
    WinnerNotFound,
)
from feed.prizes.objections import actions as objection_actions
from feed.prizes.objections.actions import ObjectionText
from feed.reasons import ReplacementReason
from feed.screens.prizes import objections as screen
from feed.screens.prizes import settlement as settlement_screen
from feed.screens.prizes.objections import ObjectionCard
from feed.screens.prizes.settlement import Decision
from feed.texts import Reason

# Litestar reserves the parameter name `state` for the application's state.
StateFilter = Annotated[Literal["open", "answered"] | None, QueryParameter(name="state")]
CampaignFilter = Annotated[str | None, QueryParameter(name="campaign_id")]
_ANSWERED: dict[str | None, tuple[bool, ...]] = {None: (False, True), "open": (False,), "answered": (True,)}


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer, sent to the author of the objection. `remedy` if it is upheld; `rank` is the place that `replace` is about."""

    text: ObjectionText
    remedy: Remedy | None = None
    rank: Ordinal | None = None


class AnswersIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to the objections of a kind, up to the one with the id `through_id`; otherwise as the answer to one."""

    kind: ObjectionKind
    through_id: GivenId
    text: ObjectionText
    remedy: Remedy | None = None
    rank: Ordinal | None = None


class ReplacementIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason, recorded in the audit log, and the one that the winner reads. Both editors give the same `reason_code`.

    Where an upheld objection asks for the replacement, the winner reads what it was about, and there is no `reason_code`.
    """

    reason: Reason
    reason_code: ReplacementReason | None = None


@get("/objections")
async def list_objections(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    objection_state: StateFilter = None,
    campaign_id: CampaignFilter = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[ObjectionCard]]:
    """Objections to results, newest first."""
    name = f"objections:{objection_state or ''}:{campaign_id or ''}"
    campaign = None if campaign_id is None else field_id(campaign_id, "campaign_id")
    before_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        found = await screen.list_objections(
            conn, answered=_ANSWERED[objection_state], before_id=before_id, limit=limit + 1, campaign_id=campaign
        )
    next_cursor = app_state.cursors.write(name, int(found[limit - 1].id)) if len(found) > limit else None
    return Response(Page(found[:limit], next_cursor), headers={"cache-control": PRIVATE})


@post(
    "/objections/{objection_id:str}/answer",
    status_code=200,
    errors=(
        ObjectionNotFound,
        ObjectionAnswered,
        InvolvedInCampaign,
        WinnerNotFound,
        PrizeHandedOver,
    ),
)
async def answer_objection(
    objection_id: FromPath[str],
    data: JSONBody[AnswerIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[ObjectionCard]:
    """Answer an objection. An account that is involved in the campaign (organised, marked, entered, decided) may not.

    A remedy is carried out by another person.
    """
    id_ = path_id(objection_id, ObjectionNotFound)
    await objection_actions.answer_objection(
        app_state.pool,
        id_,
        by=viewer.account_id,
        text=data.text,
        remedy=data.remedy,
        rank=data.rank,
        request=keyed_request,
    )
    async with app_state.pool.acquire() as conn:
        card = await screen.get_objection(conn, id_)
    return Response(card, headers={"cache-control": PRIVATE})


@post(
    "/campaigns/{campaign_id:str}/objections/answer",
    status_code=200,
    errors=(
        CampaignNotFound,
        NotAnnounced,
        InvolvedInCampaign,
        WinnerNotFound,
        PrizeHandedOver,
    ),
)
async def answer_objections(
    campaign_id: FromPath[str],
    data: JSONBody[AnswersIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Answered:
    """Answer all open objections of a kind at once, a thousand at a time. Each objector is notified.

    Repeating it answers those that are left; `unanswered` says how many. Who may answer, and remedies: as for one objection.
    """
    return await objection_actions.answer_objections(
        app_state.pool,
        path_id(campaign_id, CampaignNotFound),
        by=viewer.account_id,
        kind=data.kind,
        through_id=field_id(data.through_id, "through_id"),
        text=data.text,
        remedy=data.remedy,
        rank=data.rank,
        request=keyed_request,
    )


@post(
    "/campaigns/{campaign_id:str}/winners/{rank:str}/replace",
    status_code=200,
    responses=response_specs(Decision, status=202, description="Recorded: a second person replaces."),
    errors=(
        CampaignNotFound,
        NotAnnounced,
        WinnerNotFound,
        PrizeHandedOver,
        SecondPersonRequired,
    ),
)
async def replace_winner(
    campaign_id: FromPath[str],
    rank: FromPath[str],
    data: JSONBody[ReplacementIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[Decision]:
    """Replace the winner of this rank by the next reserve. Two people are needed: recorded (202), then replaced (200)."""
    id_ = path_id(campaign_id, CampaignNotFound)
    rank_ = path_number(rank, WinnerNotFound)
    outcome = await replacement_actions.replace_winner(
        app_state.pool,
        app_state.keys,
        id_,
        rank_,
        by=viewer.account_id,
        reason=data.reason,
        reason_code=data.reason_code,
        request=keyed_request,
    )
    async with app_state.pool.acquire() as conn:
        decision = await settlement_screen.get_decision(conn, id_)
    return Response(decision, status_code=202 if outcome == "recorded" else 200)


objections = Router("/", route_handlers=[list_objections, answer_objection, answer_objections, replace_winner])
