"""Pages of a ranked list: the ranking of the first page's time, the posts as they are now."""

import time
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from feed import ranking_snapshots as snapshots
from feed.pagination import Cursors
from feed.ranking_snapshots import SnapshotPosition
from feed.screens.posts.hot_lists import Ranking
from feed.screens.posts.page_render import PageBase, Rendered, build_base, list_frame
from feed.screens.posts.pages import Pages


async def read_page(
    pages: Pages,
    redis: Redis,
    cursors: Cursors,
    name: str,
    rank: Callable[[], Awaitable[Ranking]],
    *,
    viewer_id: int | None,
    cursor: str | None,
    limit: int,
) -> Rendered:
    """The JSON of one page of the ranked list `name`. Posts that are no longer public are left out: a page may be short.

    Without Redis, later pages follow the current ranking. Raises CursorInvalid, CursorExpired.
    """
    bookmark = cursors.read(name, cursor, SnapshotPosition) if cursor else SnapshotPosition()

    async def read() -> PageBase:
        read_at = time.monotonic()
        snapshot = bookmark.name
        ids = await snapshots.find(redis, name, snapshot)
        if ids is None:
            ranking = await rank()
            ids, read_at = ranking.ids, ranking.read_at
            # A list of one page needs no snapshot.
            if not cursor and len(ids) > limit:
                snapshot, ids = await snapshots.save(redis, name, ids, second=ranking.second)
        end = bookmark.start + limit
        found = await pages.fragments(ids[bookmark.start : end])
        next_cursor = cursors.write(name, SnapshotPosition(snapshot, end)) if len(ids) > end else None
        return build_base([part for part in found if part.is_visible], list_frame(next_cursor), read_at=read_at)

    # The key tells a first page, which creates a snapshot, from a cursor to position 0 without one, which does not.
    base = await pages.cached((name, not cursor, bookmark, limit), read)
    return await pages.render(base, viewer_id)
