"""The memory of an API process while callers send what its caches are keyed by: cursors, tokens, hosts, queries, headers."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from asyncpg import Record

from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.pagination import Cursors, Position
from feed.postgres import Pool
from feed.seeding.actions import fill
from feed.seeding.model import SUBJECT, Sizes
from tests.support.api_process import Server, server
from tests.support.raw_connection import RawConnection, request

__all__ = ["server"]

MOST_BYTES = 250_000_000
CONNECTIONS = 16


async def send_all(server: Server, requests: Sequence[bytes]) -> list[int]:
    """The statuses of the responses, in no order."""
    waiting = list(requests)
    statuses = []

    async def send() -> None:
        async with RawConnection(server.url) as connection:
            while waiting:
                statuses.append((await connection.exchange(waiting.pop())).status)

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return statuses


def long_query(number: int) -> str:
    """Some seven kilobytes of parameters that no other request has."""
    return "&".join(f"{number}_{each}=" for each in range(700))


@pytest.fixture
async def posts(database: str, pool: Pool) -> list[Record]:
    await fill(pool, Sizes(posts=1_500, likes=0, comments=0, accounts=500, topics=50), lambda _: None)
    await pool.execute("UPDATE post_revisions SET text = repeat('字', 2000)")
    return await pool.fetch("SELECT id, published_at FROM posts ORDER BY published_at DESC, id DESC")


async def test_memory_is_bounded_whatever_callers_ask_for(server: Server, posts: list[Record], tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", create=False)
    cursors = Cursors(keys.cursor_key)
    latest = [cursors.after("latest", Position(post["published_at"], post["id"])) for post in posts[:900]]
    tokens = [
        issue_token(keys.token_key, sub=f"{SUBJECT}{number % 500}", name=f"{number}" + "😀" * 700)
        for number in range(2_000)
    ]
    attacks = {
        "cursors and limits": [
            request("GET", f"/v1/feeds/latest?limit={50 - number % 3}&cursor={cursor}")
            for number, cursor in enumerate(latest)
        ],
        "tokens": [request("GET", "/v1/me", [("Authorization", f"Bearer {token}")]) for token in tokens],
        "hosts": [request("GET", "/v1/feeds/hot", host=f"h{number}" + "x" * 6_000) for number in range(800)],
        "paths": [request("GET", f"/v1/posts/{number}" + "x" * 7_000) for number in range(800)],
        "queries": [request("GET", f"/v1/topics?{long_query(number)}") for number in range(800)],
        "prefixes": [request("GET", f"/v1/topics?q={number}") for number in range(500)],
        "headers": [
            request(
                "GET",
                "/v1/feeds/latest?limit=1",
                [
                    ("Accept", f"text/x{number}{'x' * 3_000}, */*"),
                    ("Accept-Language", f"x{number}" + "x" * 3_000),
                    ("Cookie", f"a{number}=" + "x" * 3_000),
                    ("Origin", f"https://o{number}.test"),
                    ("If-None-Match", f'"{number}' + "x" * 3_000 + '"'),
                ],
            )
            for number in range(800)
        ],
    }
    before = server.memory()
    for name, requests in attacks.items():
        statuses = await send_all(server, requests)
        assert not [status for status in statuses if status >= 500], name
        print(name, server.memory() // 1000000, set(statuses))
        assert server.memory() < MOST_BYTES, (name, before, server.memory())
