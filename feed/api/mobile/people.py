"""Endpoints of other users: profile, posts, block and mute."""

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.params import FromPath

from feed.accounts import actions, blocks
from feed.accounts.blocks import RelationKind
from feed.accounts.model import AccountId, AccountNotFound, OwnAccount, RelationsFull, Viewer
from feed.api.dependencies import Cursor, InjectedAppState, InjectedReader, InjectedViewer, Limit, path_id
from feed.api.responses import PRIVATE, PUBLIC, json_response, response_specs
from feed.api.state import AppState
from feed.pagination import Page, Position
from feed.postgres import Connection
from feed.screens.people import profiles as screen
from feed.screens.people.profiles import UserCard
from feed.screens.posts import feeds
from feed.screens.posts.cards import PostCard
from feed.screens.posts.feeds import Listed


class Relation(msgspec.Struct, frozen=True):
    """The viewer's relations to another user."""

    user_id: str
    blocked: bool
    muted: bool


@get("/{user_id:str}", errors=(AccountNotFound,), conditional=True)
async def get_user(user_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader) -> Response[UserCard]:
    """A user's public profile. 404 for viewers that the user has blocked."""
    viewer_id = reader.account_id if reader else None
    async with app_state.pool.acquire() as conn:
        card = await screen.get_user(conn, path_id(user_id, AccountNotFound), viewer_id)
    return Response(card, headers={"cache-control": PRIVATE if reader else PUBLIC})


@get("/{user_id:str}/posts", responses=response_specs(Page[PostCard]), errors=(AccountNotFound,), conditional=True)
async def list_user_posts(
    user_id: FromPath[str],
    app_state: InjectedAppState,
    reader: InjectedReader,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """A user's posts, newest first."""
    author_id = path_id(user_id, AccountNotFound)
    viewer_id = reader.account_id if reader else None
    async with app_state.pool.acquire() as conn:
        await screen.get_visible_account(conn, author_id, viewer_id)

    async def listed(conn: Connection, after: Position, most: int) -> list[Listed]:
        return await feeds.list_of_author(conn, author_id, after, most)

    body = await app_state.pages.page(
        f"user:{author_id}", listed, viewer_id=viewer_id, cursor=cursor, limit=limit, fresh=viewer_id == author_id
    )
    return json_response(body, public=reader is None)


@get("/{user_id:str}/relation", errors=(AccountNotFound,))
async def get_relation(
    user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[Relation]:
    """Whether the viewer blocks or mutes a user."""
    target_id = AccountId(path_id(user_id, AccountNotFound))
    async with app_state.pool.acquire() as conn:
        await screen.get_visible_account(conn, target_id, viewer.account_id)
        relation = await _relation(conn, viewer, target_id)
    return Response(relation, headers={"cache-control": PRIVATE})


@put("/{user_id:str}/block", errors=(AccountNotFound, OwnAccount, RelationsFull))
async def block_user(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Relation:
    """Block a user: neither sees the posts and comments of the other or replies to them. Repeating it changes nothing."""
    return await _relate(app_state, viewer, user_id, "block", active=True)


@delete("/{user_id:str}/block", status_code=200, errors=(AccountNotFound, OwnAccount))
async def unblock_user(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Relation:
    """Unblock a user. Repeating it changes nothing."""
    return await _relate(app_state, viewer, user_id, "block", active=False)


@put("/{user_id:str}/mute", errors=(AccountNotFound, OwnAccount, RelationsFull))
async def mute_user(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Relation:
    """Mute a user: leave the user out of the viewer's lists, without notifying the user. Repeating it changes nothing."""
    return await _relate(app_state, viewer, user_id, "mute", active=True)


@delete("/{user_id:str}/mute", status_code=200, errors=(AccountNotFound, OwnAccount))
async def unmute_user(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Relation:
    """Unmute a user. Repeating it changes nothing."""
    return await _relate(app_state, viewer, user_id, "mute", active=False)


async def _relate(app_state: AppState, viewer: Viewer, user_id: str, kind: RelationKind, *, active: bool) -> Relation:
    target_id = AccountId(path_id(user_id, AccountNotFound))
    change = actions.add_relation if active else actions.remove_relation
    await change(app_state.pool, viewer.account_id, target_id, kind)
    async with app_state.pool.acquire() as conn:
        return await _relation(conn, viewer, target_id)


async def _relation(conn: Connection, viewer: Viewer, target_id: AccountId) -> Relation:
    kinds = await blocks.list_relation_kinds(conn, viewer.account_id, target_id)
    return Relation(str(target_id), "block" in kinds, "mute" in kinds)


people = Router(
    "/users",
    route_handlers=[get_user, list_user_posts, get_relation, block_user, unblock_user, mute_user, unmute_user],
)
