"""Thousands of idle streams on one worker: what they cost in memory, without a phone that is asleep."""

import asyncio
import resource

import httpx

from bench.streams import idle_streams
from tests.support.api_process import Server, server
from tests.support.waiting import HANG_SECONDS

__all__ = ["server"]

# What each adds: with 5,000 of them a worker stays below 250 MB, which `bench.streams` measures as a whole.
MOST_BYTES = 22_000
# The first ones fill what the process has free; what each later one adds is that of all that follow.
FIRST, MEASURED = 1_000, 1_000


async def test_an_idle_stream_costs_little_memory(server: Server) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, FIRST + MEASURED + 500)), hard))
    async with idle_streams(server.url) as streams:
        await streams.open(FIRST)
        before = await _settled(server)
        await streams.open(MEASURED)
        after = await _settled(server)
        # Each waits for the next event, and the worker answers others at once.
        assert streams.alive == FIRST + MEASURED
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as api:
            assert (await api.get("/v1/config")).status_code == 200
    each = (after - before) / MEASURED
    assert each <= MOST_BYTES, f"{each / 1e3:.1f} KB each"


async def _settled(server: Server) -> int:
    """The memory, once it has stopped to change: the first states of the streams are written."""
    before = 0
    async with asyncio.timeout(HANG_SECONDS):
        while abs((now := server.memory()) - before) > now / 100:
            before = now
            await asyncio.sleep(1)
    return now
