"""A page of a ranked list: the ranking as it stood when its reader began, its posts as they are now."""

import time
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from feed import ranking_snapshots as snapshots
from feed.pagination import Cursors
from feed.ranking_snapshots import Bookmark
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
    """The JSON of one page of the ranked list `name`. What others no longer see is left out: a page may be short.

    Without Redis the pages go on through the ranking of the moment. Raises CursorInvalid, CursorExpired.
    """
    mark = cursors.read(name, cursor, Bookmark) if cursor else Bookmark()

    async def read() -> PageBase:
        read_at = time.monotonic()
        here = mark.name
        ids = await snapshots.find(redis, name, here)
        if ids is None:
            ranking = await rank()
            ids, read_at = ranking.ids, ranking.read_at
            # A list of one page needs to be kept by nobody.
            if not cursor and len(ids) > limit:
                here, ids = await snapshots.share(redis, name, ids, second=ranking.second)
        end = mark.start + limit
        found = await pages.fragments(ids[mark.start : end])
        more = cursors.write(name, Bookmark(here, end)) if len(ids) > end else None
        return build_base([part for part in found if part.state == "published"], list_frame(more), read_at=read_at)

    # Whether there is a cursor belongs to the key: the first page has a snapshot made, the page at place 0 of none does not.
    base = await pages.cached((name, not cursor, mark, limit), read)
    return await pages.render(base, viewer_id)
