"""A whole installation of processes, for tests that hurt one of them in a certain way."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from feed.auth.tokens import issue_token
from tests.chaos.place import Place

# More than the server's own limit for a request: who waits longer was not answered within it.
ANSWER_SECONDS = 18.0


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
    """Somebody who is signed in, with a connection for each request, so that any worker may answer."""
    token = issue_token(place.keys.token_key, sub="chaos:0", name="0", phone="+8613900000000")
    async with httpx.AsyncClient(
        base_url=f"{place.base_url}/v1",
        trust_env=False,
        timeout=ANSWER_SECONDS,
        headers={"authorization": f"Bearer {token}"},
        limits=httpx.Limits(max_keepalive_connections=0),
    ) as opened:
        yield opened
