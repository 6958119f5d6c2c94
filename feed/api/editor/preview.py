"""The endpoint that previews a campaign before it is published."""

from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.params import FromPath

from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.api.errors import ProblemField, language_of, problem_fields
from feed.campaigns.errors import CampaignNotFound
from feed.screens.campaigns import preview as screen
from feed.screens.campaigns.preview import Worth


class CampaignPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as it would be published. `problems` prevent the publication, `advice` does not."""

    publishable: bool
    worth: list[Worth]
    text: str
    problems: list[ProblemField]
    advice: list[ProblemField]


@get("/campaigns/{campaign_id:str}/preview", errors=(CampaignNotFound,))
async def preview_campaign(
    campaign_id: FromPath[str], request: Request[Any, Any, Any], app_state: InjectedAppState, viewer: InjectedViewer
) -> CampaignPreview:
    """The score of 10, 50 and 200 likes and commenters, the rules text, and the problems that prevent the publication."""
    async with app_state.pool.acquire() as conn:
        found = await screen.preview_campaign(conn, path_id(campaign_id, CampaignNotFound), app_state.site_terms)
    language = language_of(request)

    return CampaignPreview(
        publishable=not found.problems,
        worth=found.worth,
        text=found.text,
        problems=problem_fields(found.problems, language),
        advice=problem_fields(found.advice, language),
    )


preview = Router("/", route_handlers=[preview_campaign])
