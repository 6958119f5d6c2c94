"""A whole installation of processes, for tests of specific faults."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from feed.auth.tokens import issue_token
from tests.chaos.place import Place
from tests.support.waiting import HANG_SECONDS


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    with tempfile.TemporaryDirectory(prefix="feed-place-", ignore_cleanup_errors=True) as directory:
        opened = Place(Path(directory) / "data")
        try:
            await opened.start()
            yield opened
        finally:
            await opened.stop()


@pytest.fixture
async def client(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A signed-in user with a new connection for each request, so that any worker may respond."""
    token = issue_token(place.keys.token_key, sub="chaos:0", name="0", phone="+8613900000000")
    async with httpx.AsyncClient(
        base_url=f"{place.base_url}/v1",
        trust_env=False,
        timeout=HANG_SECONDS,
        headers={"authorization": f"Bearer {token}"},
        limits=httpx.Limits(max_keepalive_connections=0),
    ) as opened:
        yield opened
