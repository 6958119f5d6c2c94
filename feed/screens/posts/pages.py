"""Pages of posts: a base that each process caches for at most a second, and the viewer state merged into it."""

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence

from feed.batching import Batcher
from feed.cases.chain import ALWAYS, OfficeHours
from feed.ids import MAX_ID
from feed.links import Links
from feed.media.addresses import MediaAddresses
from feed.pagination import Cursors, Position
from feed.postgres import Connection, Pool
from feed.posts.model import PostNotFound
from feed.screens.cache import TimedCache
from feed.screens.posts import cards, feeds
from feed.screens.posts.cards import Fragment
from feed.screens.posts.feeds import Listed
from feed.screens.posts.media import MediaEncoder
from feed.screens.posts.page_render import PageBase, Rendered, build_base, list_frame, protected_authors, render_for
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from feed.screens.posts.viewer_store import ViewerQuery, list_viewer_states
from feed.screens.posts.visibility import may_see

# A takedown must be effective within 2 s.
CACHE_SECONDS = 1.0
# Of a second: a few hundred pages. A caller who walks through more of them makes the first ones be read again.
_MAX_BYTES = 32_000_000

ReadList = Callable[[Connection, Position, int], Awaitable[list[Listed]]]


class Pages:
    """Reads pages of posts: one refresh per page at a time, and viewer states and single posts in batches."""

    def __init__(
        self,
        pool: Pool,
        cursors: Cursors,
        links: Links,
        hours: OfficeHours = ALWAYS,
        media: MediaAddresses | None = None,
    ) -> None:
        self._pool = pool
        self._cursors = cursors
        self._links = links
        self._hours = hours
        self._media = MediaEncoder(media or MediaAddresses())
        self._bases: TimedCache[PageBase] = TimedCache(seconds=CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of)
        self._viewer_states: Batcher[ViewerQuery, ViewerState] = Batcher(self._read_viewer_states)
        self._singles: Batcher[int, Fragment | None] = Batcher(self._read_singles)

    async def page(
        self,
        name: str,
        read_list: ReadList,
        *,
        viewer_id: int | None,
        cursor: str | None,
        limit: int,
        fresh: bool = False,
    ) -> Rendered:
        """The JSON of one page of the list `name`, read by `read_list(conn, after, limit)`.

        `fresh` bypasses the cache, so that viewers see their own writes at once. Raises CursorInvalid.
        """
        position = self._cursors.position(name, cursor)

        async def read() -> PageBase:
            # Taken before the read: a post that is removed during it is served until a second after this time only.
            read_at = time.monotonic()
            async with self._pool.acquire() as conn:
                rows = await read_list(conn, position, limit + 1)
            next_cursor = self._cursors.after(name, rows[limit - 1].position) if len(rows) > limit else None
            return await self.base([row.id for row in rows[:limit]], next_cursor, read_at=read_at)

        base = await read() if fresh else await self.cached((name, position, limit), read)
        return await self.render(base, viewer_id)

    async def render(self, base: PageBase, viewer_id: int | None) -> Rendered:
        """The page for one viewer."""
        if viewer_id is None:
            return base.anonymous
        if not base.fragments:
            return base.signed_in
        return render_for(
            base,
            await self._viewer_states.submit(
                ViewerQuery(viewer_id, base.post_ids, base.author_ids, base.protected_ids)
            ),
        )

    async def get_viewer_state(self, viewer_id: int | None, parts: Sequence[Fragment]) -> ViewerState:
        """The viewer's present state for these posts, read in a batch with other viewers'."""
        if viewer_id is None:
            return ANONYMOUS
        if not parts:
            return ViewerState(viewer_id)
        query = ViewerQuery(
            viewer_id,
            tuple(part.post_id for part in parts),
            tuple(part.author_id for part in parts),
            protected_authors(parts),
        )
        return await self._viewer_states.submit(query)

    async def posts(self, post_ids: Sequence[int], viewer_id: int | None) -> bytes:
        """A page of the given posts that the viewer may see, in the given order."""
        found = await self.fragments(post_ids)
        viewer_state = await self.get_viewer_state(viewer_id, found)
        return cards.page([cards.card(part, viewer_state) for part in found if may_see(part, viewer_state)], None)

    async def post(self, post_id: int, viewer_id: int | None) -> bytes:
        """The post as the viewer sees it now; read in a batch with other requests. Raises PostNotFound."""
        found = await self._singles.submit(post_id)
        if found is None:
            raise PostNotFound
        viewer_state = await self.get_viewer_state(viewer_id, [found])
        if not may_see(found, viewer_state):
            raise PostNotFound
        return cards.card(found, viewer_state)

    async def own(self, viewer_id: int, states: Sequence[str], *, cursor: str | None, limit: int) -> bytes:
        """A page of the viewer's own posts in these states, not cached. Raises CursorInvalid."""
        name = f"own:{viewer_id}:{','.join(states)}"
        before_id = self._cursors.read(name, cursor, int) if cursor else MAX_ID
        async with self._pool.acquire() as conn:
            ids = await feeds.list_own(conn, viewer_id, states, before_id, limit + 1)
        next_cursor = self._cursors.write(name, ids[limit - 1]) if len(ids) > limit else None
        found = await self.fragments(ids[:limit])
        viewer_state = await self.get_viewer_state(viewer_id, found)
        return cards.page([cards.card(part, viewer_state) for part in found], next_cursor)

    async def base(self, post_ids: Sequence[int], next_cursor: str | None, *, read_at: float | None = None) -> PageBase:
        """The page of these posts; `read_at`: the monotonic time before their list was read."""
        read_at = time.monotonic() if read_at is None else read_at
        # What is taken down between both reads is left out.
        found = [part for part in await self.fragments(post_ids) if part.is_visible]
        return build_base(found, list_frame(next_cursor), read_at=read_at)

    async def fragments(self, post_ids: Sequence[int], *, in_list: bool = True) -> list[Fragment]:
        """The posts' fragments in this order, not cached, whatever the posts' states: the caller decides who may see them.

        `in_list`: short ones, as lists of posts have them.
        """
        if not post_ids:
            return []
        async with self._pool.acquire() as conn:
            rows = await cards.list_posts(conn, post_ids)
            media = await self._media.encode(conn, rows, in_list=in_list)
        return [cards.fragment(row, each, self._links, self._hours) for row, each in zip(rows, media, strict=True)]

    async def cached(self, key: Hashable, read: Callable[[], Awaitable[PageBase]]) -> PageBase:
        """The cached base, or a new one where it is older than a second. Raises what `read` raises."""
        return await self._bases.get(key, read, seconds=CACHE_SECONDS)

    def invalidate(self, post_ids: Iterable[int] | None) -> None:
        """Drops the cached pages that contain one of these posts; None: all pages."""
        ids = None if post_ids is None else set(post_ids)
        self._bases.invalidate(lambda base: ids is None or not ids.isdisjoint(base.post_ids))

    async def _read_viewer_states(self, queries: Sequence[ViewerQuery]) -> list[ViewerState]:
        async with self._pool.acquire() as conn:
            return await list_viewer_states(conn, queries)

    async def _read_singles(self, post_ids: Sequence[int]) -> list[Fragment | None]:
        found = {part.post_id: part for part in await self.fragments(list(dict.fromkeys(post_ids)), in_list=False)}
        return [found.get(post_id) for post_id in post_ids]


def _size_of(_: Hashable, base: PageBase) -> int:
    # The text is in the fragments, in the cards, and in both bodies.
    return 4 * len(base.anonymous.body) + 600 * len(base.post_ids)
