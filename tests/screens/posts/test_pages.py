"""Pages that are being read while a post is removed, by a process or a Postgres that is paused meanwhile."""

import asyncio

import msgspec
import pytest

from feed.links import Links
from feed.pagination import Cursors, Position
from feed.postgres import Connection, Pool
from feed.screens.posts import pages as screen
from feed.screens.posts.feeds import Listed, list_latest
from feed.screens.posts.pages import Pages
from tests.support import make
from tests.support.waiting import HANG_SECONDS

CACHE_SECONDS = 0.05


class PausedList:
    """The latest posts; the first read has its rows and is paused."""

    def __init__(self) -> None:
        self.has_rows = asyncio.Event()
        self.resume = asyncio.Event()

    async def __call__(self, conn: Connection, after: Position, limit: int) -> list[Listed]:
        rows = await list_latest(conn, after, limit)
        if not self.has_rows.is_set():
            self.has_rows.set()
            await self.resume.wait()
        return rows


@pytest.fixture
def pages(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Pages:
    monkeypatch.setattr(screen, "CACHE_SECONDS", CACHE_SECONDS)
    return Pages(pool, Cursors(b"k" * 32), Links("http://feed.test/p/{post_id}"))


async def shown(pages: Pages, paused_list: PausedList) -> list[str]:
    page = await pages.page("latest", paused_list, viewer_id=None, cursor=None, limit=20)
    return [item["id"] for item in msgspec.json.decode(page.body)["items"]]


async def test_a_later_request_does_not_join_a_paused_read(pool: Pool, pages: Pages) -> None:
    post_id, paused_list = await make.post(pool), PausedList()
    first = asyncio.create_task(shown(pages, paused_list))
    await paused_list.has_rows.wait()
    newer_id = await make.post(pool)
    await asyncio.sleep(2 * CACHE_SECONDS)
    async with asyncio.timeout(HANG_SECONDS):
        assert await shown(pages, paused_list) == [str(newer_id), str(post_id)]
    paused_list.resume.set()
    assert await first == [str(post_id)]
    assert await shown(pages, paused_list) == [str(newer_id), str(post_id)]


async def test_a_page_expires_by_the_time_of_its_list_read(pool: Pool, pages: Pages) -> None:
    post_id, paused_list = await make.post(pool), PausedList()
    first = asyncio.create_task(shown(pages, paused_list))
    await paused_list.has_rows.wait()
    newer_id = await make.post(pool)
    await asyncio.sleep(2 * CACHE_SECONDS)
    paused_list.resume.set()
    assert await first == [str(post_id)]
    assert await shown(pages, paused_list) == [str(newer_id), str(post_id)]


async def test_what_is_removed_between_the_reads_of_list_and_posts_is_left_out(pool: Pool, pages: Pages) -> None:
    post_id, paused_list = await make.post(pool), PausedList()
    first = asyncio.create_task(shown(pages, paused_list))
    await paused_list.has_rows.wait()
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", post_id)
    paused_list.resume.set()
    assert await first == []
