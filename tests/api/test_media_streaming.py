"""Files of media from a real server: memory stays flat, and nothing is held for clients that leave."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import pytest
from asyncpg import Record

from feed.media.model import folder_of
from tests.support import make, make_media
from tests.support.api_process import Server, server
from tests.support.waiting import HANG_SECONDS

__all__ = ["server"]

MEGABYTE = 1024 * 1024
LARGE = 100 * MEGABYTE


@pytest.fixture
async def video(pool: "asyncpg.Pool[Record]", tmp_path: Path) -> str:
    """The path of a file of 100 MB, in a visible post."""
    author = await make.account(pool)
    media_id = await make_media.medium(pool, author, kind="video", post_id=await make.post(pool, author))
    file = {"name": "video", "file": "video.mp4", "content_type": "video/mp4"}
    key = await pool.fetchval(
        "UPDATE media SET renditions = $2 WHERE id = $1 RETURNING key",
        media_id,
        [{**file, "width": 1280, "height": 720, "byte_count": LARGE}],
    )
    path = tmp_path / "media" / folder_of(key) / "video.mp4"
    path.parent.mkdir(parents=True)
    with path.open("wb") as written:
        written.truncate(LARGE)
    return f"/media/{key}/video.mp4"


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_SECONDS):
        while not holds():
            await asyncio.sleep(0.05)


async def count_bytes(client: httpx.AsyncClient, path: str) -> int:
    async with client.stream("GET", path) as response:
        assert response.status_code == 200
        return sum([len(piece) async for piece in response.aiter_raw()])


async def test_large_files_are_sent_with_flat_memory(server: Server, video: str) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        await client.get(video, headers={"range": "bytes=0-1"})
        before = server.memory()
        assert await asyncio.gather(*(count_bytes(client, video) for _ in range(3))) == [LARGE] * 3
        assert server.memory() - before < 30 * MEGABYTE
    await until(lambda: not [name for name in server.open_files() if name.endswith(".mp4")])


async def test_a_client_that_leaves_holds_no_file(server: Server, video: str) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        for _ in range(10):
            async with client.stream("GET", video) as response:
                async for _piece in response.aiter_raw():
                    break
    await until(lambda: not [name for name in server.open_files() if name.endswith(".mp4")])


async def test_a_player_seeks_and_asks_for_what_it_has(server: Server, video: str) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        probe = await client.get(video, headers={"range": "bytes=0-1"})
        assert (probe.status_code, probe.content, probe.headers["content-range"]) == (
            206,
            b"\0\0",
            f"bytes 0-1/{LARGE}",
        )
        end = await client.get(video, headers={"range": f"bytes={LARGE - 5}-"})
        assert (end.status_code, len(end.content)) == (206, 5)
        head = await client.head(video)
        assert (head.status_code, head.headers["content-length"]) == (200, str(LARGE))
        known = await client.get(video, headers={"if-none-match": head.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")
        assert "content-length" not in known.headers or known.headers["content-length"] == "0"
        # The connection is in order after all of these.
        assert (await client.get("/health/ready")).status_code == 200


async def test_a_file_that_is_shorter_than_its_row_says_ends_the_connection(
    server: Server, video: str, tmp_path: Path
) -> None:
    os.truncate(next((tmp_path / "media").rglob("video.mp4")), 3 * MEGABYTE)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await count_bytes(client, video)
        assert (await client.get("/health/ready")).status_code == 200
