"""A new word is in force in every process of an installation, without a restart."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from tests.support.api_process import Server, environment_of
from tests.support.ports import free_port
from tests.support.waiting import HANG_SECONDS, becomes

WORDS = {"words": [{"term": "赌博", "level": "block", "label": "illegal"}]}


@pytest.fixture
async def clients(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    """An editor's clients of two processes that share a database."""
    environ = environment_of(database, redis_url, tmp_path)
    keys = open_keys(tmp_path / "keys", create=False)
    token = issue_token(
        keys.token_key, sub="编辑", name="编辑", phone="+8613900008888", roles=("editor",), seconds=3600
    )
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(2):
            server = Server(environ, free_port())
            await server.start()
            stack.push_async_callback(server.kill)
            client = httpx.AsyncClient(
                base_url=f"{server.url}/v1",
                headers={"authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=HANG_SECONDS,
            )
            opened.append(await stack.enter_async_context(client))
        yield opened


async def test_a_new_word_works_in_every_process_and_a_removed_one_works_no_more(
    clients: list[httpx.AsyncClient],
) -> None:
    one, other = clients

    async def state(client: httpx.AsyncClient) -> str:
        return str((await client.post("/posts", json={"text": "聚众赌博"})).json()["state"])

    assert [await state(client) for client in clients] == ["published", "published"]
    assert (await one.put("/moderation/words", json=WORDS)).status_code == 200
    assert await state(one) == "rejected"

    async def blocks() -> bool:
        return await state(other) == "rejected"

    await becomes(blocks)
    assert (await other.delete("/moderation/words", params={"term": "赌博"})).status_code == 200

    async def passes() -> bool:
        return await state(one) == "published"

    await becomes(passes)
