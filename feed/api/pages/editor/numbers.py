"""The overview of a campaign: its numbers, their course over time, and how many entries come how far."""

from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.html.formats import SHANGHAI
from feed.api.html.rendering import words
from feed.api.pages.calls import checked_id, get_json
from feed.api.pages.editor.charts import Series, time_chart
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.page import page_language
from feed.api.pages.sessions import InjectedSession, signed_in
from feed.screens.campaigns.numbers import STEPS, CampaignNumbers

# What a page of the console has done before it led here.
_DONE: Final[frozenset[str]] = frozenset({"published", "cancelled", "cancel_asked"})


class Stage(msgspec.Struct, frozen=True):
    """A stage of the funnel, and its part of the first stage in percent."""

    words: str
    count: int
    share: int


class Chart(msgspec.Struct, frozen=True):
    """A chart with its heading and its total."""

    id: str
    words: str
    total: int
    picture: Any


@get("/console/campaigns/{campaign_id:str}")
async def show_overview(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """A campaign at a glance."""
    own = signed_in(session)
    campaign = await get_json(request, own, admin_path(campaign_id))
    numbers = msgspec.convert(await get_json(request, own, admin_path(campaign_id, "/numbers")), CampaignNumbers)
    language = page_language(request)
    done = request.query_params.get("done")
    return await campaign_page(
        request,
        own,
        checked_id(campaign_id),
        "editor/overview.html",
        tab="overview",
        campaign=campaign,
        numbers=numbers,
        version=_version(numbers),
        charts=_charts(numbers, language),
        stages=_stages(numbers, campaign, language),
        shown_points=[each for each in numbers.points if each.entries or each.likes or each.comments],
        done=done if done in _DONE else None,
    )


def _version(numbers: CampaignNumbers) -> str:
    """What the numbers follow from, as live.js compares it with live events."""
    funnel = numbers.funnel
    counts = (funnel.entered, funnel.visible or 0, funnel.shortlisted or 0, numbers.likes, numbers.comments)
    return ":".join(map(str, counts))


def _charts(numbers: CampaignNumbers, language: str) -> list[Chart]:
    t = words(language)
    times = [each.at.astimezone(SHANGHAI) for each in numbers.points]
    found = []
    for id_, title, tone, values in (
        ("entries", t("作品", "Entries"), "tone-1", [each.entries for each in numbers.points]),
        ("likes", t("点赞", "Likes"), "tone-2", [each.likes for each in numbers.points]),
        ("comments", t("评论", "Comments"), "tone-3", [each.comments for each in numbers.points]),
    ):
        most = max(values, default=0)
        summary = t(f"共 {sum(values)}，最多一格 {most}", f"{sum(values)} in all, {most} at most in one step")
        series, step = Series(title, tone, values), STEPS[numbers.step]
        picture = time_chart(times, series, step=step, title=title, summary=summary, language=language)
        found.append(Chart(id_, title, sum(values), picture))
    return found


def _stages(numbers: CampaignNumbers, campaign: Any, language: str) -> list[Stage]:
    t, funnel = words(language), numbers.funnel
    entered = funnel.entered if funnel.visible is not None else campaign["entry_count"]
    given = (
        (t("进入活动", "Entered"), entered),
        (t("公开可见", "Visible"), funnel.visible),
        (t("符合评选条件", "Competing"), funnel.competing),
        (t("入围", "Shortlisted"), funnel.shortlisted),
        (t("获奖", "Winners"), funnel.winners),
    )
    return [
        Stage(name, count, min(100, round(100 * count / entered)) if entered else 0)
        for name, count in given
        if count is not None
    ]


ROUTES: Final[tuple[Any, ...]] = (show_overview,)
