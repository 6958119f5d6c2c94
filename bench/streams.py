"""Idle streams of live events: what one costs a worker in memory. `python -m bench.streams [streams]` measures an installation of its own.

The streams come from forty loopback addresses, with the headers that a phone's browser sends, and are about what a page of the newest posts
is about.
"""

import asyncio
import resource
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from bench.installation import scene
from bench.processes import descendants
from feed.seeding.model import sizes_of

_ADDRESSES = 40
_AT_ONCE = 50
_POSTS = 20
_SECONDS = 60
_SETTLED_SECONDS = 3.0
_REQUEST = """GET /v1/events?topics={topics} HTTP/1.1\r
Host: {host}\r
User-Agent: Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36\r
Accept: text/event-stream\r
Accept-Encoding: gzip, deflate, br\r
Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r
Cache-Control: no-cache\r
Referer: http://{host}/\r
Sec-Fetch-Dest: empty\r
Sec-Fetch-Mode: cors\r
Sec-Fetch-Site: same-origin\r
\r
"""


class IdleStreams:
    """Open streams whose events are read and thrown away."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._topics = ",".join(["latest", *(f"post:{10**16 + number}" for number in range(_POSTS))])
        self._numbers = count()
        self._opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._reading: list[asyncio.Task[None]] = []

    async def open(self, streams: int) -> None:
        """Opens further streams. Raises ConnectionError for one that is refused."""
        for start in range(0, streams, _AT_ONCE):
            await asyncio.gather(*(self._open_one() for _ in range(min(_AT_ONCE, streams - start))))

    async def _open_one(self) -> None:
        host, port = self._host.split(":")
        address = f"127.0.0.{2 + next(self._numbers) % _ADDRESSES}"
        reader, writer = await asyncio.open_connection(host, int(port), local_addr=(address, 0), limit=16_384)
        self._opened.append((reader, writer))
        writer.write(_REQUEST.format(topics=self._topics, host=self._host).encode())
        async with asyncio.timeout(_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(head.decode())
        self._reading.append(asyncio.create_task(_read_on(reader)))

    @property
    def alive(self) -> int:
        """The streams that have not ended."""
        return sum(not task.done() for task in self._reading)

    async def close(self) -> None:
        """Closes all."""
        for task in self._reading:
            task.cancel()
        for _, writer in self._opened:
            writer.close()
        await asyncio.gather(*self._reading, return_exceptions=True)


async def _read_on(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(16_384):
            pass


@asynccontextmanager
async def idle_streams(url: str) -> AsyncIterator[IdleStreams]:
    """No streams yet; those that are opened are closed at the end."""
    streams = IdleStreams(url)
    try:
        yield streams
    finally:
        await streams.close()


async def measure_streams(url: str, most: int) -> tuple[int, int]:
    """The resident bytes of the largest process of the API before and with so many idle streams."""
    async with idle_streams(url) as streams:
        # What the first ones load stays.
        await streams.open(_AT_ONCE)
        await asyncio.sleep(_SETTLED_SECONDS)
        before = _largest()
        await streams.open(most - _AT_ONCE)
        await asyncio.sleep(_SETTLED_SECONDS)
        if streams.alive < most:
            raise ConnectionError(f"{most - streams.alive} of {most} streams have ended")
        return before, _largest()


def _largest() -> int:
    pages = [
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid, kind in descendants().items() if kind == "api"
    ]
    return max(pages) * resource.getpagesize()


async def _main(streams: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, streams + 500)), hard))
    sizes = sizes_of(posts=1_000, likes=1_000, comments=1_000, accounts=100, topics=20, days=30)
    with tempfile.TemporaryDirectory() as directory:
        async with scene(Path(directory), sizes, tokens=10) as installed:
            before, after = await measure_streams(installed.place.base_url, streams)
    print(
        f"{streams} idle streams: {after / 1e6:.0f} MB, {before / 1e6:.0f} MB before, {(after - before) / streams / 1e3:.1f} KB each"
    )


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000))
