"""Endpoints of topics and of their posts."""

from functools import partial
from typing import Annotated, Literal

from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feed.api.dependencies import Cursor, InjectedAppState, InjectedReader, Limit
from feed.api.responses import PUBLIC, json_response, response_specs
from feed.pagination import CursorExpired, Page, Position
from feed.postgres import Connection
from feed.screens.campaigns.topic_page import TopicPage, get_topic_page
from feed.screens.posts import feeds as screen
from feed.screens.posts import ranked_pages
from feed.screens.posts.cards import PostCard
from feed.screens.posts.feeds import Listed
from feed.screens.posts.topics import TopicCard
from feed.texts import require_text
from feed.topics.model import TOPIC_NAME, TopicNotFound
from feed.topics.parse import MARKS, lookup_key, shown_name, topic_key

Search = Annotated[
    str, QueryParameter(max_length=TOPIC_NAME.raw_longest, description="How the name begins, with or without a mark.")
]


@get("/topics", errors=(CursorExpired,))
async def list_topics(
    app_state: InjectedAppState,
    reader: InjectedReader,
    q: Search = "",
    sort: FromQuery[Literal["trending"]] = "trending",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[TopicCard]]:
    """Trending topics by recent authors. With `q` all topics whose names begin with it, trending ones first."""
    q = require_text("q", shown_name(q), TOPIC_NAME)
    page = await app_state.topics.page(topic_key(q.lstrip(MARKS)), cursor=cursor, limit=limit)
    return Response(page, headers={"cache-control": PUBLIC})


@get("/topics/{name:str}", errors=(TopicNotFound,), conditional=True)
async def read_topic(name: FromPath[str], app_state: InjectedAppState, reader: InjectedReader) -> Response[TopicPage]:
    """A topic by its name, without marks, with its open campaigns. An alias returns the topic that it resolves to."""
    key = lookup_key(name)
    async with app_state.pool.acquire() as conn:
        card = await get_topic_page(conn, key)
    return Response(card, headers={"cache-control": PUBLIC})


@get(
    "/topics/{name:str}/posts",
    responses=response_specs(Page[PostCard]),
    errors=(TopicNotFound, CursorExpired),
    conditional=True,
    fast_path=True,
)
async def list_topic_posts(
    name: FromPath[str],
    app_state: InjectedAppState,
    reader: InjectedReader,
    sort: FromQuery[Literal["latest", "hot"]] = "latest",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The posts of a topic and of its aliases, newest first or by hot score."""
    topic = await app_state.topics.resolve(lookup_key(name))
    viewer_id = reader.account_id if reader else None

    async def listed(conn: Connection, after: Position, most: int) -> list[Listed]:
        return await screen.list_under_topics(conn, topic.ids, after, most)

    if sort == "latest":
        body = await app_state.pages.page(f"topic:{topic.id}", listed, viewer_id=viewer_id, cursor=cursor, limit=limit)
    else:
        body = await ranked_pages.read_page(
            app_state.pages,
            app_state.redis,
            app_state.cursors,
            f"hot-topic:{topic.id}",
            partial(app_state.hot.rank_topics, topic.ids),
            viewer_id=viewer_id,
            cursor=cursor,
            limit=limit,
        )
    return json_response(body, public=reader is None)


topics = Router("/", route_handlers=[list_topics, read_topic, list_topic_posts])
