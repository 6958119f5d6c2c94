"""The pages of the site-wide lists: latest, hot, videos."""

from litestar import Response, get
from litestar.params import FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.html.rendering import words
from feed.api.pages.community.lists import read_cards
from feed.api.pages.page import page, page_language
from feed.api.pages.sessions import InjectedSession


@get("/", fast_page=True)
async def show_latest(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The newest posts."""
    t = words(page_language(request))
    found = await read_cards(request, session, "/v1/feeds/latest", cursor=cursor)
    return await page(
        request,
        session,
        "community/list.html",
        cache="public",
        section="latest",
        title=t("最新动态", "Latest posts"),
        nothing=t("还没有动态，来发第一条吧。", "No posts yet: write the first one."),
        next_step=("/write", t("发动态", "Write a post")),
        is_first=not cursor,
        **found.context("/"),
    )


@get("/hot", fast_page=True)
async def show_hot(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The hot list."""
    t = words(page_language(request))
    found = await read_cards(request, session, "/v1/feeds/hot", cursor=cursor)
    return await page(
        request,
        session,
        "community/list.html",
        cache="public",
        section="hot",
        title=t("热门动态", "Hot posts"),
        nothing=t("现在还没有热门动态。", "Nothing is hot yet."),
        next_step=("/", t("看看最新动态", "See the latest posts")),
        **found.context("/hot"),
    )


@get("/videos", fast_page=True)
async def show_videos(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The newest posts with a video."""
    t = words(page_language(request))
    found = await read_cards(request, session, "/v1/feeds/videos", cursor=cursor)
    return await page(
        request,
        session,
        "community/list.html",
        cache="public",
        section="videos",
        title=t("视频", "Videos"),
        nothing=t("还没有视频。", "No videos yet."),
        next_step=("/write", t("发一个视频", "Post a video")),
        **found.context("/videos"),
    )
