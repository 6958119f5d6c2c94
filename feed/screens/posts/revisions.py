"""The versions of a post, for its author and for staff: what others see, what waits, and what was refused."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.accounts import store as accounts
from feed.postgres import Connection, many
from feed.posts import store as posts
from feed.posts.model import NotYourPost, PostNotFound
from feed.screens.media.cards import AddressOf, MediaCard
from feed.screens.media.gallery import RemovedMedium, read_gallery

# The newest ones.
LISTED_MOST = 100


class RevisionItem(msgspec.Struct, frozen=True):
    """One version of the post. `written_by`: the author, or a reviewer. `state`: of this version; the newest `published` one is what others see."""

    revision: int
    text: str
    media: list[MediaCard]
    removed_media: list[RemovedMedium]
    written_by: Literal["author", "staff"]
    state: Literal["published", "pending", "rejected"]
    created_at: datetime


class _Row(msgspec.Struct, frozen=True):
    revision: int
    text: str
    media_ids: list[int]
    written_by: Literal["author", "staff"]
    state: Literal["published", "pending", "rejected"]
    created_at: datetime


async def list_revisions(conn: Connection, post_id: int, viewer_id: int, address: AddressOf) -> list[RevisionItem]:
    """The versions of the post, the newest first. `address`: granted ones. Raises PostNotFound, NotYourPost unless the viewer is its author or staff."""
    post = await posts.find_post(conn, post_id)
    if post is None or post.state == "deleted":
        raise PostNotFound
    if post.author_id != viewer_id and not await accounts.list_rights(conn, viewer_id):
        raise NotYourPost if post.is_visible else PostNotFound
    rows = await conn.fetch(
        """
        SELECT revision, text, media_ids, CASE WHEN author_id = $2 THEN 'author' ELSE 'staff' END AS written_by,
               CASE WHEN approved_at IS NOT NULL THEN 'published' WHEN refused_at IS NOT NULL THEN 'rejected' ELSE 'pending' END AS state,
               created_at
        FROM post_revisions
        WHERE post_id = $1
        ORDER BY revision DESC
        LIMIT $3
        """,
        post_id,
        post.author_id,
        LISTED_MOST,
    )
    found = many(rows, _Row)
    gallery = await read_gallery(conn, [each for row in found for each in row.media_ids], address)
    return [
        RevisionItem(
            row.revision,
            row.text,
            gallery.media(row.media_ids),
            gallery.removed(row.media_ids),
            row.written_by,
            row.state,
            row.created_at,
        )
        for row in found
    ]
