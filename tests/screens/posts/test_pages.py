"""A page that was being read when a post was removed, by a process or a Postgres that stood still meanwhile."""

import asyncio

import msgspec
import pytest

from feed.pagination import Cursors, Position
from feed.postgres import Connection, Pool
from feed.screens.posts import pages as screen
from feed.screens.posts.feeds import Listed, list_latest
from feed.screens.posts.pages import Pages
from tests.support import make

KEPT = 0.05


class HeldUp:
    """The latest posts; the first reading of them has its rows and stands still."""

    def __init__(self) -> None:
        self.has_read = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def __call__(self, conn: Connection, after: Position, limit: int) -> list[Listed]:
        found = await list_latest(conn, after, limit)
        if not self.has_read.is_set():
            self.has_read.set()
            await self.goes_on.wait()
        return found


@pytest.fixture
def pages(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Pages:
    monkeypatch.setattr(screen, "CACHE_SECONDS", KEPT)
    return Pages(pool, Cursors(b"k" * 32), "http://feed.test")


async def shown(pages: Pages, listed: HeldUp) -> list[str]:
    page = await pages.page("latest", listed, viewer_id=None, cursor=None, limit=20)
    return [item["id"] for item in msgspec.json.decode(page.body)["items"]]


async def test_who_comes_later_does_not_join_a_reading_that_is_held_up(pool: Pool, pages: Pages) -> None:
    post_id, listed = await make.post(pool), HeldUp()
    first = asyncio.create_task(shown(pages, listed))
    await listed.has_read.wait()
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", post_id)
    await asyncio.sleep(2 * KEPT)
    async with asyncio.timeout(10):
        assert await shown(pages, listed) == []
    listed.goes_on.set()
    assert await first == [str(post_id)]
    assert await shown(pages, listed) == []


async def test_a_page_is_as_old_as_its_list(pool: Pool, pages: Pages) -> None:
    post_id, listed = await make.post(pool), HeldUp()
    first = asyncio.create_task(shown(pages, listed))
    await listed.has_read.wait()
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", post_id)
    await asyncio.sleep(2 * KEPT)
    listed.goes_on.set()
    assert await first == [str(post_id)]
    assert await shown(pages, listed) == []
