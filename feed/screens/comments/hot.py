"""The hot order of a post's root comments: a ranking snapshot, so that paging repeats and skips none.

A reply weighs as much as two likes; ties are broken by id, newest first.
"""

from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from feed import ranking_snapshots as snapshots
from feed.cases.chain import ALWAYS, OfficeHours
from feed.pagination import Cursors, Page
from feed.postgres import Connection, Pool
from feed.ranking_snapshots import MAX_RANKED, SnapshotPosition
from feed.screens.comments import cards as comments
from feed.screens.comments.cards import CommentCard
from feed.screens.posts.viewer import ViewerState


class Ranking(msgspec.Struct, frozen=True):
    """Comment ids in their order, those of them that are the viewer's own, and the database clock in seconds."""

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
    hours: OfficeHours = ALWAYS,
) -> Page[CommentCard]:
    """One page of the ranking with present texts and counts. Comments removed since are left out: a page may be short.

    Without Redis, later pages follow the current ranking. Raises CursorInvalid, CursorExpired.
    """
    name = f"comments:{post_id}:hot"
    bookmark = cursors.read(name, cursor, SnapshotPosition) if cursor else SnapshotPosition()
    ids = await snapshots.find(redis, _snapshot_key(post_id), bookmark.name)
    if ids is None:
        async with pool.acquire() as conn:
            ranking = await rank(conn, post_id, viewer_state.viewer_id)
        bookmark, ids = await _begin(redis, post_id, ranking, limit) if not cursor else (bookmark, ranking.ids)
    end = bookmark.start + limit
    async with pool.acquire() as conn:
        rows = await comments.list_comments(conn, ids[bookmark.start : end], viewer_state.viewer_id)
        items = await comments.list_cards(conn, [row for row in rows if row.is_shown], viewer_state, hours)
    return Page(items, cursors.write(name, SnapshotPosition(bookmark.name, end)) if len(ids) > end else None)


async def rank(conn: Connection, post_id: int, viewer_id: int | None) -> Ranking:
    """The hottest root comments of a post, including unpublished ones with replies, which keep their place."""
    row = await conn.fetchrow(
        """
        SELECT coalesce(array_agg(id ORDER BY is_featured DESC, score DESC, id DESC), '{}') AS ids,
               coalesce(array_agg(id) FILTER (WHERE author_id = $2), '{}') AS own,
               extract(epoch FROM clock_timestamp())::bigint AS second
        FROM (
            SELECT id, author_id, like_count + 2 * reply_count AS score,
                   featured_at IS NOT NULL AND is_listed(state, holds, 0) AS is_featured
            FROM comments
            WHERE post_id = $1 AND root_id IS NULL AND is_listed(state, holds, reply_count)
            ORDER BY like_count + 2 * reply_count DESC, id DESC
            LIMIT $3
        ) AS hottest
        """,
        post_id,
        viewer_id,
        MAX_RANKED,
    )
    return msgspec.convert(row, Ranking)


async def _begin(redis: Redis, post_id: int, ranking: Ranking, limit: int) -> tuple[SnapshotPosition, Sequence[int]]:
    """The bookmark of a first page, and its ranking; a ranking of one page needs no snapshot."""
    if len(ranking.ids) <= limit:
        return SnapshotPosition(), ranking.ids
    name, ids = await snapshots.save(redis, _snapshot_key(post_id), ranking.ids, own=ranking.own, second=ranking.second)
    return SnapshotPosition(name), ids


def _snapshot_key(post_id: int) -> str:
    return f"comments:{post_id}"
