"""The public number of a draw, which two people read from its publication."""

from datetime import datetime

import msgspec
from litestar import Response, Router, put
from litestar.params import FromPath, JSONBody

from feed.api.answers import PRIVATE, answers
from feed.api.inputs import GivenViewer, GivenWorld, id_of
from feed.campaigns.refusals import CampaignNotFound, SecondPersonRequired
from feed.prizes import drawing
from feed.prizes.model import BeaconMismatch, NoNumberWanted
from feed.screens import draws as screen
from feed.screens.draws import DrawCard


class NumberIn(msgspec.Struct, frozen=True):
    """The number as its publisher prints it: the issue, the digits in groups, and when it appeared."""

    round: str
    value: str
    appeared_at: datetime


@put(
    "/campaigns/{campaign_id:str}/draw/number",
    status_code=200,
    responses=answers(DrawCard, status=202, description="Recorded: a second person has to enter the same."),
    refuses=(CampaignNotFound, NoNumberWanted, SecondPersonRequired, BeaconMismatch),
)
async def enter_draw_number(
    campaign_id: FromPath[str], data: JSONBody[NumberIn], world: GivenWorld, viewer: GivenViewer
) -> Response[DrawCard]:
    """Enter the public number that decides. It takes the equal words of two people: 202 for the first, 200 for the second."""
    id_ = id_of(campaign_id, CampaignNotFound)
    said = await drawing.enter_number(
        world.pool, id_, by=viewer.account_id, round_=data.round, value=data.value, appeared_at=data.appeared_at
    )
    async with world.pool.acquire() as conn:
        card = await screen.get_draw(conn, id_)
    status = 202 if said == "recorded" else 200
    return Response(card, status_code=status, headers={"cache-control": PRIVATE})


draws = Router("/", route_handlers=[enter_draw_number])
