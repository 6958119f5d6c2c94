"""The page of a campaign, and of its rules."""

from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.html.outlines import Hole
from feed.api.html.rendering import render_fragment
from feed.api.pages.calls import find, find_json, get_json, read, segment
from feed.api.pages.campaigns.course import (
    countdown_of,
    course_of,
    objections_run,
    percent,
    remaining,
    share,
    two_places,
)
from feed.api.pages.community.lists import render_cards
from feed.api.pages.page import page, page_language
from feed.api.pages.sessions import InjectedSession, Session

_BOARD_MOST = 10
_WHOLE_BOARD_MOST = 50
_ENTRIES_MOST = 10
_WITH_RESULT = ("announced", "final", "archived")
_SUMMARY_LONGEST = 120
# What the templates compute with.
_HELPERS: dict[str, Any] = {"percent": percent, "share": share, "two": two_places}


@get("/campaigns/{campaign_id:str}", fast_page=True)
async def show_campaign(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    sort: FromQuery[Literal["latest", "hot"]] = "latest",
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A campaign: what it is about, how to take part, where it stands, and what came of it."""
    path = f"/v1/campaigns/{segment(campaign_id)}"
    campaign = await get_json(request, session, path)
    countdown = countdown_of(campaign)
    now = datetime.now(UTC)
    by_post = campaign["entry_by"] == "post"
    mine = await get_json(request, session, f"{path}/me") if session and campaign["state"] != "scheduled" else None
    cards, next_cursor = await _cards(request, session, f"{path}/posts", sort, cursor) if by_post else (Hole(b""), None)
    return await page(
        request,
        session,
        "campaigns/campaign.html",
        cache="public",
        section="campaigns",
        campaign=campaign,
        course=course_of(campaign),
        countdown=countdown,
        now=now,
        objections_run=objections_run(campaign, now),
        left=None if countdown is None else remaining(countdown.until, now),
        board=await _board(request, session, path, _BOARD_MOST) if campaign["board"] != "hidden" else None,
        board_most=_BOARD_MOST,
        mine=mine,
        call_post=None if by_post else await _call_post(request, session, campaign["announcement_post_id"]),
        winners=await _winners(request, session, path) if campaign["state"] in _WITH_RESULT else None,
        draw=await _draw(request, session, path) if campaign["method"] == "draw" else None,
        sort=sort,
        cards=cards,
        more=next_cursor and f"/campaigns/{campaign['id']}?{urlencode({'sort': sort, 'cursor': next_cursor})}#entries",
        first=cursor is None,
        summary=_summary(campaign),
        **_HELPERS,
    )


@get("/campaigns/{campaign_id:str}/board")
async def show_board(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """More ranks of a campaign's board."""
    path = f"/v1/campaigns/{segment(campaign_id)}"
    campaign = await get_json(request, session, path)
    return await page(
        request,
        session,
        "campaigns/board_page.html",
        cache="public",
        section="campaigns",
        campaign=campaign,
        board=await _board(request, session, path, _WHOLE_BOARD_MOST) if campaign["board"] != "hidden" else None,
        board_most=_WHOLE_BOARD_MOST,
        **_HELPERS,
    )


@get("/campaigns/{campaign_id:str}/rules")
async def show_rules(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    version: FromQuery[int | None] = None,
) -> Response[bytes]:
    """The rules of a campaign as they were published, each version with the hash of its data."""
    path = f"/v1/campaigns/{segment(campaign_id)}"
    campaign = await get_json(request, session, path)
    rules = await get_json(request, session, f"{path}/rules", {"version": version})
    return await page(
        request,
        session,
        "campaigns/rules.html",
        cache="public",
        section="campaigns",
        campaign=campaign,
        rules=rules,
        versions=range(campaign["rules_version"], 0, -1),
    )


async def _cards(
    request: AnyRequest, session: Session | None, path: str, sort: str, cursor: str | None
) -> tuple[Hole, str | None]:
    """The entries as cards, and the cursor of the next page; from the beginning if the cursor has expired."""
    query = {"sort": sort, "limit": _ENTRIES_MOST}
    answer = await find(request, session, path, "cursor_expired", query={**query, "cursor": cursor})
    answer = answer or await read(request, session, path, query)
    found = render_cards(answer.body, page_language(request), signed_in=session is not None)
    return found.cards, found.next_cursor


async def _board(request: AnyRequest, session: Session | None, path: str, limit: int) -> Any:
    """The best entries; None while the rules hide them."""
    return await find_json(request, session, f"{path}/leaderboard", "board_hidden", query={"limit": limit})


async def _winners(request: AnyRequest, session: Session | None, path: str) -> Any:
    """The winners; None if the result was taken out of force in this moment."""
    return await find_json(request, session, f"{path}/winners", "result_not_found")


async def _draw(request: AnyRequest, session: Session | None, path: str) -> Any:
    """What the draw has committed itself to; None where nothing is committed."""
    return await find_json(request, session, f"{path}/draw", "draw_not_found")


async def _call_post(request: AnyRequest, session: Session | None, post_id: str) -> Any:
    """The announcement under which a draw is entered, as a card; None if it is not visible."""
    answer = await find(request, session, f"/v1/posts/{segment(post_id)}", "post_not_found")
    if answer is None:
        return None
    return render_fragment("community/card.html", page_language(request), answer.body, signed_in=session is not None)


def _summary(campaign: Any) -> str:
    """The beginning of the announcement, for link previews."""
    text = " ".join(campaign["body"].split())
    return text if len(text) <= _SUMMARY_LONGEST else text[: _SUMMARY_LONGEST - 1] + "…"
