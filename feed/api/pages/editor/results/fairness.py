"""The fairness report of a campaign, for editors to read: margins, other ways of counting, likers in common, voids."""

import asyncio
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import find_json, get_json
from feed.api.pages.editor.answers import names_of, posts_of
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.sessions import InjectedSession, signed_in

# Voids that the page lists; the entries' page has all of them.
_VOIDS = 30


@get("/console/campaigns/{campaign_id:str}/fairness")
async def show_fairness(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """Whether the winners would be the same otherwise, and what looks unusual."""
    own = signed_in(session)
    report, voids = await asyncio.gather(
        find_json(request, own, admin_path(campaign_id, "/fairness")),
        get_json(request, own, admin_path(campaign_id, "/voids")),
    )
    shown = voids["items"][:_VOIDS]
    people = [each["made_by"] for each in shown] + [each["user_id"] for each in shown]
    return await campaign_page(
        request,
        own,
        campaign_id,
        "editor/fairness.html",
        tab="fairness",
        report=report,
        voids=shown,
        void_count=len(voids["items"]),
        names=await names_of(request, own, people),
        posts=await posts_of(request, own, [] if report is None else _entries_of(report)),
    )


def _entries_of(report: Any) -> list[str | None]:
    """The entries that the page names, the winners first."""
    found = [each["post_id"] for each in report["winners"]]
    for way in report["other_ways"]:
        found += [each["post_id"] for each in (*way["enters"], *way["leaves"])]
    for cluster in report["clusters"]:
        found += [post_id for pair in cluster["pairs"] for post_id in pair["post_ids"]]
    return found


ROUTES: Final[tuple[Any, ...]] = (show_fairness,)
