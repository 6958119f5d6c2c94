"""Endpoints of editors for the public number of a draw, which two people enter."""

import msgspec
from litestar import Response, Router, get, put
from litestar.params import FromPath, JSONBody

from feed.accounts.model import SecondPersonRequired
from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.api.responses import PRIVATE, response_specs
from feed.campaigns.errors import CampaignNotFound
from feed.prizes.draw import actions as draw_actions
from feed.prizes.draw import correction_actions
from feed.prizes.draw.beacon import NumberText, RoundText
from feed.prizes.draw.model import (
    BeaconMismatch,
    CorrectionReason,
    DrawNotFound,
    NoNumberToCorrect,
    NoNumberWanted,
    ThirdPersonRequired,
)
from feed.screens.prizes import draws as screen
from feed.screens.prizes.draws import DrawCard, NumberCard
from feed.texts import Reason
from feed.times import Instant


class NumberIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number as published: the issue, the digits in groups, and when it appeared."""

    round: RoundText
    value: NumberText
    appeared_at: Instant


class CorrectionIn(NumberIn, frozen=True, forbid_unknown_fields=True):
    """The correct number. The reason code is published, the reason is recorded in the audit log."""

    reason_code: CorrectionReason
    reason: Reason


@get("/campaigns/{campaign_id:str}/draw/number", errors=(DrawNotFound,))
async def get_draw_number(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[NumberCard]:
    """Whether a number is missing, and by which accounts one is entered. The value is shown once two people have entered the same."""
    async with app_state.pool.acquire() as conn:
        card = await screen.get_number(conn, path_id(campaign_id, DrawNotFound))
    return Response(card, headers={"cache-control": PRIVATE})


@put(
    "/campaigns/{campaign_id:str}/draw/number",
    status_code=200,
    responses=response_specs(DrawCard, status=202, description="Recorded: a second person has to enter the same."),
    errors=(CampaignNotFound, NoNumberWanted, SecondPersonRequired, BeaconMismatch),
)
async def enter_draw_number(
    campaign_id: FromPath[str], data: JSONBody[NumberIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[DrawCard]:
    """Enter the public number that decides a draw. Two people must enter the same number: 202 for the first, 200 for the second."""
    id_ = path_id(campaign_id, CampaignNotFound)
    outcome = await draw_actions.enter_number(
        app_state.pool, id_, by=viewer.account_id, round_=data.round, value=data.value, appeared_at=data.appeared_at
    )
    async with app_state.pool.acquire() as conn:
        card = await screen.get_draw(conn, id_)
    status = 202 if outcome == "recorded" else 200
    return Response(card, status_code=status, headers={"cache-control": PRIVATE})


@put(
    "/campaigns/{campaign_id:str}/draw/correction",
    status_code=200,
    responses=response_specs(DrawCard, status=202, description="Recorded: a second person has to enter the same."),
    errors=(CampaignNotFound, NoNumberToCorrect, SecondPersonRequired, ThirdPersonRequired, BeaconMismatch),
)
async def correct_draw_number(
    campaign_id: FromPath[str], data: JSONBody[CorrectionIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[DrawCard]:
    """Correct a public number that was entered wrongly, after its settlement was undone: 202 for the first, 200 for the second.

    At least one of the two people must not have entered the wrong number. The result contains both numbers; the next settlement
    draws the lots again.
    """
    id_ = path_id(campaign_id, CampaignNotFound)
    outcome = await correction_actions.correct_number(
        app_state.pool,
        id_,
        by=viewer.account_id,
        round_=data.round,
        value=data.value,
        appeared_at=data.appeared_at,
        reason_code=data.reason_code,
        reason=data.reason,
    )
    async with app_state.pool.acquire() as conn:
        card = await screen.get_draw(conn, id_)
    status = 202 if outcome == "recorded" else 200
    return Response(card, status_code=status, headers={"cache-control": PRIVATE})


draws = Router("/", route_handlers=[get_draw_number, enter_draw_number, correct_draw_number])
