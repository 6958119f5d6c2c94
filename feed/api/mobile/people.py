"""Who somebody is, and what somebody has posted."""

from litestar import Response, Router, get
from litestar.params import FromPath

from feed.accounts.model import AccountNotFound
from feed.api.answers import answers, encoded
from feed.api.inputs import Cursor, GivenReader, GivenWorld, Limit, id_of
from feed.paging import Page, Position
from feed.postgres import Connection
from feed.screens import feeds
from feed.screens import people as screen
from feed.screens.cards import PostCard
from feed.screens.feeds import Listed
from feed.screens.people import UserCard


@get("/{user_id:str}", refuses=(AccountNotFound,))
async def get_user(user_id: FromPath[str], world: GivenWorld) -> UserCard:
    """A person's public profile."""
    async with world.pool.acquire() as conn:
        return await screen.get_user(conn, id_of(user_id, AccountNotFound))


@get("/{user_id:str}/posts", responses=answers(Page[PostCard]), refuses=(AccountNotFound,))
async def list_user_posts(
    user_id: FromPath[str], world: GivenWorld, reader: GivenReader, limit: Limit = 20, cursor: Cursor = None
) -> Response[bytes]:
    """A person's posts, newest first."""
    author_id = id_of(user_id, AccountNotFound)
    async with world.pool.acquire() as conn:
        await screen.get_user(conn, author_id)

    async def listed(conn: Connection, after: Position, most: int) -> list[Listed]:
        return await feeds.list_of_author(conn, author_id, after, most)

    viewer_id = reader.account_id if reader else None
    body = await world.pages.page(
        f"user:{author_id}", listed, viewer_id=viewer_id, cursor=cursor, limit=limit, fresh=viewer_id == author_id
    )
    return encoded(body, public=reader is None)


people = Router("/users", route_handlers=[get_user, list_user_posts])
