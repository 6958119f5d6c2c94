"""The roots of a post by what they stirred: ranked once, then paged through as they stood, so that moves repeat and skip nothing.

A reply weighs as much as two likes. Where two are level the newer one comes first.
"""

from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from feed import ranking_snapshots as snapshots
from feed.pagination import Cursors, Page
from feed.postgres import Connection, Pool
from feed.ranking_snapshots import LONGEST, Bookmark
from feed.screens.comments import cards as comments
from feed.screens.comments.cards import CommentCard
from feed.screens.posts.viewer import ViewerState


class Ranking(msgspec.Struct, frozen=True):
    """A ranking, which of it are the viewer's own comments, and when it was made by the database clock."""

    ids: list[int]
    own: list[int]
    second: int


async def read_page(
    pool: Pool,
    redis: Redis,
    cursors: Cursors,
    post_id: int,
    *,
    viewer_state: ViewerState,
    cursor: str | None,
    limit: int,
) -> Page[CommentCard]:
    """One page, its words and counts as they are now. What has vanished since the ranking is left out: a page may be short.

    Without Redis the pages go on through the ranking of the moment. Raises CursorInvalid, CursorExpired.
    """
    name = f"comments:{post_id}:hot"
    mark = cursors.read(name, cursor, Bookmark) if cursor else Bookmark()
    ids = await snapshots.find(redis, _place(post_id), mark.name)
    if ids is None:
        async with pool.acquire() as conn:
            fresh = await rank(conn, post_id, viewer_state.viewer_id)
        mark, ids = await _begin(redis, post_id, fresh, limit) if not cursor else (mark, fresh.ids)
    end = mark.start + limit
    async with pool.acquire() as conn:
        found = await comments.list_comments(conn, ids[mark.start : end], viewer_state.viewer_id)
        items = await comments.list_cards(conn, [row for row in found if row.is_shown], viewer_state)
    return Page(items, cursors.write(name, Bookmark(mark.name, end)) if len(ids) > end else None)


async def rank(conn: Connection, post_id: int, viewer_id: int | None) -> Ranking:
    """The hottest roots of a post, with their places kept for those that were taken away and had been answered."""
    row = await conn.fetchrow(
        """
        SELECT coalesce(array_agg(id ORDER BY score DESC, id DESC), '{}') AS ids,
               coalesce(array_agg(id) FILTER (WHERE author_id = $2), '{}') AS own,
               extract(epoch FROM clock_timestamp())::bigint AS second
        FROM (
            SELECT id, author_id, like_count + 2 * reply_count AS score
            FROM comments
            WHERE post_id = $1 AND root_id IS NULL AND (state = 'published' OR reply_count > 0)
            ORDER BY like_count + 2 * reply_count DESC, id DESC
            LIMIT $3
        ) AS hottest
        """,
        post_id,
        viewer_id,
        LONGEST,
    )
    return msgspec.convert(row, Ranking)


async def _begin(redis: Redis, post_id: int, fresh: Ranking, limit: int) -> tuple[Bookmark, Sequence[int]]:
    """Where a first page stands; a list of one page needs to be kept by nobody."""
    if len(fresh.ids) <= limit:
        return Bookmark(), fresh.ids
    name, ids = await snapshots.share(redis, _place(post_id), fresh.ids, own=fresh.own, second=fresh.second)
    return Bookmark(name), ids


def _place(post_id: int) -> str:
    return f"comments:{post_id}"
