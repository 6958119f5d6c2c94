"""The endpoint of a campaign's numbers over time."""

from litestar import Response, Router, get
from litestar.params import FromPath

from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.api.responses import PRIVATE
from feed.campaigns.errors import CampaignNotFound
from feed.screens.campaigns import numbers as screen
from feed.screens.campaigns.numbers import CampaignNumbers


@get("/campaigns/{campaign_id:str}/numbers", errors=(CampaignNotFound,), weight=10)
async def get_numbers(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[CampaignNumbers]:
    """Entries, likes and comments over time, and how many entries come how far."""
    async with app_state.pool.acquire() as conn:
        found = await screen.get_numbers(conn, path_id(campaign_id, CampaignNotFound))
    return Response(found, headers={"cache-control": PRIVATE})


numbers = Router("/", route_handlers=[get_numbers])
