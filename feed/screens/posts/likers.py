"""The likers of a post, for its author and for staff."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.accounts import store as accounts
from feed.likes.model import LikesPrivate
from feed.pagination import Position
from feed.postgres import Connection, many
from feed.posts import store as posts
from feed.screens.posts.cards import AuthorCard
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from feed.screens.posts.viewer_store import require_visible_post
from feed.screens.posts.visibility import is_author_hidden


class LikerItem(msgspec.Struct, frozen=True):
    """An account that likes the post, and since when."""

    user: AuthorCard
    liked_at: datetime


class LikerRow(msgspec.Struct, frozen=True):
    """A row of the list."""

    account_id: int
    name: str
    avatar_url: str | None
    badge: str | None
    liked_at: datetime

    @property
    def position(self) -> Position:
        """The list position of this like, for the next page's cursor."""
        return Position(self.liked_at, self.account_id)


def item(row: LikerRow) -> LikerItem:
    """The like on the wire."""
    return LikerItem(AuthorCard(str(row.account_id), row.name, row.avatar_url, row.badge), row.liked_at)


async def require_visible_likers(conn: Connection, post_id: int, viewer_id: int) -> ViewerState:
    """The viewer's blocks and mutes; none for staff, who see all likers.

    Raises PostNotFound for a post that the viewer does not see, LikesPrivate unless the viewer is its author or staff.
    """
    viewer_state = await require_visible_post(conn, post_id, viewer_id)
    if await accounts.list_rights(conn, viewer_id):
        return ANONYMOUS
    post = await posts.find_post(conn, post_id)
    if post is not None and post.author_id != viewer_id:
        raise LikesPrivate
    return viewer_state


def without_hidden(rows: Sequence[LikerRow], viewer_state: ViewerState) -> list[LikerRow]:
    """The likes without those of accounts hidden from the viewer."""
    return [row for row in rows if not is_author_hidden(row.account_id, viewer_state)]


async def list_likers(conn: Connection, post_id: int, after: Position, limit: int) -> list[LikerRow]:
    """The likes of a post, newest first, without those by accounts that are taken down."""
    rows = await conn.fetch(
        """
        SELECT likes.account_id, accounts.name, avatar_address(accounts.avatar_url) AS avatar_url, accounts.badge, likes.liked_at
        FROM likes JOIN accounts ON accounts.id = likes.account_id
        WHERE likes.post_id = $1 AND likes.liked_at > '-infinity' AND (likes.liked_at, likes.account_id) < ($2, $3)
          AND NOT EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = likes.account_id)
        ORDER BY likes.liked_at DESC, likes.account_id DESC
        LIMIT $4
        """,
        post_id,
        after.at,
        after.id,
        limit,
    )
    return many(rows, LikerRow)
