"""Timed lists: the latest posts, a topic's, a campaign's."""

from litestar import Response, Router, get
from litestar.params import FromPath

from feed.api.answers import PUBLIC, answers, encoded
from feed.api.inputs import Cursor, GivenReader, GivenWorld, Limit
from feed.paging import Page, Position
from feed.postgres import Connection
from feed.screens import feeds as screen
from feed.screens.cards import PostCard
from feed.screens.feeds import Listed
from feed.screens.topics import TopicCard, get_topic
from feed.topics import store as topics
from feed.topics.model import TopicNotFound
from feed.topics.parse import topic_key


@get("/feeds/latest", responses=answers(Page[PostCard]), conditional=True, express=True)
async def list_latest(
    world: GivenWorld, reader: GivenReader, limit: Limit = 20, cursor: Cursor = None
) -> Response[bytes]:
    """The newest posts of everybody."""
    viewer_id = reader.account_id if reader else None
    body = await world.pages.page("latest", screen.list_latest, viewer_id=viewer_id, cursor=cursor, limit=limit)
    return encoded(body, public=reader is None)


@get("/topics/{name:str}", refuses=(TopicNotFound,), conditional=True)
async def read_topic(name: FromPath[str], world: GivenWorld, reader: GivenReader) -> Response[TopicCard]:
    """A topic by its name, without marks."""
    async with world.pool.acquire() as conn:
        card = await get_topic(conn, topic_key(name))
    return Response(card, headers={"cache-control": PUBLIC, "vary": "Authorization"})


@get(
    "/topics/{name:str}/posts",
    responses=answers(Page[PostCard]),
    refuses=(TopicNotFound,),
    conditional=True,
    express=True,
)
async def list_topic_posts(
    name: FromPath[str], world: GivenWorld, reader: GivenReader, limit: Limit = 20, cursor: Cursor = None
) -> Response[bytes]:
    """The newest posts that bear a topic."""
    async with world.pool.acquire() as conn:
        topic = await topics.find_by_key(conn, topic_key(name))
    if topic is None or topic.state == "hidden":
        raise TopicNotFound
    topic_id = topic.id

    async def listed(conn: Connection, after: Position, most: int) -> list[Listed]:
        return await screen.list_under_topic(conn, topic_id, after, most)

    viewer_id = reader.account_id if reader else None
    body = await world.pages.page(f"topic:{topic_id}", listed, viewer_id=viewer_id, cursor=cursor, limit=limit)
    return encoded(body, public=reader is None)


feeds = Router("/", route_handlers=[list_latest, read_topic, list_topic_posts])
