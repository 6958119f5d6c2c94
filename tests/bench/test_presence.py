"""A line of the benchmark waits for what it measures, or fails."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bench import presence
from bench.presence import NothingToMeasure, Presence, require_answers, until_pages
from feed.postgres import Pool
from tests.support import make

PAGE = json.dumps({"items": [{}] * presence.ITEMS}).encode()
SHORT = json.dumps({"items": [{}] * (presence.ITEMS - 1)}).encode()


@asynccontextmanager
async def serving(answers: Sequence[tuple[int, bytes]]) -> AsyncIterator[str]:
    """A server that answers with each of these in turn, and then with the last one for ever. Yields its URL."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        status, body = left.pop(0) if len(left) > 1 else left[0]
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_page_that_fills_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_PAUSE_SECONDS", 0.0)
    async with serving([(200, b'{"items":[]}'), (503, b"{}"), (200, SHORT), (200, PAGE)]) as url:
        assert await until_pages(url, {"hot": "/hot"}, "token") == {"hot": len(PAGE)}


@pytest.mark.parametrize("answer", [(200, b'{"items":[]}'), (200, SHORT), (404, b"{}")])
async def test_a_page_that_stays_incomplete_fails_and_is_named(answer: tuple[int, bytes]) -> None:
    async with serving([answer]) as url:
        with pytest.raises(NothingToMeasure, match="/hot"):
            await until_pages(url, {"hot": "/hot"}, "token", seconds=0)


async def test_a_page_that_empties_during_a_line_fails(pool: Pool) -> None:
    async with serving([(200, PAGE), (200, PAGE), (200, SHORT)]) as url:
        looked_at = Presence(url, pool, paths={"latest": "/latest"}, token="token", post_ids=[])
        for key in ("latest", "anonymous"):
            assert await looked_at.before(key) == 0
        with pytest.raises(NothingToMeasure, match="/latest has 19 items"):
            await looked_at.after("memory", 0, requests=100, failed=0)


async def test_writes_without_an_effect_fail(pool: Pool) -> None:
    post_id = await make.post(pool)
    looked_at = Presence("http://127.0.0.1:1", pool, paths={"latest": ""}, token="", post_ids=[post_id])
    before = {key: await looked_at.before(key) for key in ("like", "viral", "comment", "post")}
    for key, rows in before.items():
        with pytest.raises(NothingToMeasure, match=f"{key}: 10 requests have written 0 rows"):
            await looked_at.after(key, rows, requests=10, failed=0)
    for _ in range(10):
        await make.post(pool)
    await pool.execute("UPDATE post_stats SET like_count = 10, comment_count = 9 WHERE post_id = $1", post_id)
    for key, rows in before.items():
        await looked_at.after(key, rows, requests=10, failed=0)


def test_failed_and_missing_answers_fail() -> None:
    require_answers("hello", requests=1000, failed=10)
    for requests, failed in ((0, 0), (1000, 11)):
        with pytest.raises(NothingToMeasure, match="hello"):
            require_answers("hello", requests=requests, failed=failed)
