"""The endpoint of the fairness report."""

from litestar import Response, Router, get
from litestar.params import FromPath

from feed.api.dependencies import InjectedAppState, path_id
from feed.api.responses import PRIVATE
from feed.prizes.model import SheetNotFound
from feed.screens.prizes.fairness import FairnessCard


@get("/campaigns/{campaign_id:str}/fairness", errors=(SheetNotFound,), weight=20)
async def get_fairness(campaign_id: FromPath[str], app_state: InjectedAppState) -> Response[FairnessCard]:
    """The fairness report: margins, rankings under other rules, and entries that share unusually many likers."""
    card = await app_state.fairness.get(path_id(campaign_id, SheetNotFound))
    return Response(card, headers={"cache-control": PRIVATE})


fairness = Router("/", route_handlers=[get_fairness])
