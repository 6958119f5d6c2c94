"""The public number of a draw, which two people read from its publication."""

from datetime import datetime

import msgspec
from litestar import Response, Router, get, put
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.api.responses import PRIVATE, response_specs
from feed.campaigns.errors import CampaignNotFound, SecondPersonRequired
from feed.prizes.draw import actions as draw_actions
from feed.prizes.draw import correction_actions
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


class NumberIn(msgspec.Struct, frozen=True):
    """The number as its publisher prints it: the issue, the digits in groups, and when it appeared."""

    round: str
    value: str
    appeared_at: datetime


class CorrectionIn(NumberIn, frozen=True):
    """The number as it should have been entered. The code is published, the reason is kept in the audit."""

    reason_code: CorrectionReason
    reason: str


@get("/campaigns/{campaign_id:str}/draw/number", errors=(DrawNotFound,))
async def get_draw_number(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[NumberCard]:
    """Whether a number is waited for, and who has entered one. Its value is not shown before two people agree."""
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
    """Enter the public number that decides. It takes the equal words of two people: 202 for the first, 200 for the second."""
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

    One of the two is somebody who has not entered the wrong one. The result names both numbers; lots are drawn anew when somebody settles.
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
