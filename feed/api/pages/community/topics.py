"""The pages of topics, and of the posts of one."""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.html.formats import topic_path
from feed.api.html.outlines import Encoded
from feed.api.html.rendering import words
from feed.api.pages.calls import OperationFailed, call, segment
from feed.api.pages.community.lists import next_href, read_cards, read_list
from feed.api.pages.page import page, page_language
from feed.api.pages.sessions import InjectedSession


@get("/topics", fast_page=True)
async def show_topics(
    request: AnyRequest, session: InjectedSession, q: FromQuery[str] = "", cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Trending topics; with `q` those whose names begin with it."""
    found: Any = {"items": [], "next_cursor": None}
    is_restarted, message = False, None
    try:
        answer, is_restarted = await read_list(request, session, "/v1/topics", query={"q": q or None}, cursor=cursor)
        found = answer.json()
    except OperationFailed as error:
        message = error.of_field("q")
        if message is None:
            raise
    return await page(
        request,
        session,
        "community/topics.html",
        status=200 if message is None else 422,
        cache="public",
        section="topics",
        q=q,
        message=message,
        topics=found["items"],
        is_restarted=is_restarted,
        next_href=next_href("/topics", found["next_cursor"], q=q),
    )


@get("/topics/{name:str}", fast_page=True)
async def show_topic(
    name: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    sort: FromQuery[str] = "latest",
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The posts of a topic, newest first or by hot score."""
    language = page_language(request)
    t = words(language)
    sort = "hot" if sort == "hot" else "latest"
    operation = f"/v1/topics/{segment(name)}"
    viewer = session.viewer if session else None
    answer = await call(request, viewer, "GET", operation)
    topic = answer.json()
    found = await read_cards(request, session, f"{operation}/posts", query={"sort": sort}, cursor=cursor)
    return await page(
        request,
        session,
        "community/topic.html",
        cache="public",
        section="topics",
        title=f"#{topic['name']}#",
        description=t(f"大家在话题 #{topic['name']}# 里分享的图文和视频。", f"What people share on #{topic['name']}#."),
        nothing=t("这个话题下还没有能看到的动态。", "There are no posts on it that you may see."),
        topic=Encoded(answer.body),
        sort=sort,
        **found.context(topic_path(topic["name"]), sort="hot" if sort == "hot" else None),
    )
