"""The memory of an API process while callers send what its caches are keyed by, read nothing, or send slowly."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from asyncpg import Record

from feed.api.connections import MAX_PER_ADDRESS
from feed.api.middleware.unread import LARGE_BYTES
from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.pagination import Cursors, Position
from feed.postgres import Pool
from feed.seeding.actions import fill
from feed.seeding.model import SUBJECT, Sizes
from tests.support.api_process import Server, server
from tests.support.raw_connection import RawConnection, request
from tests.support.waiting import HANG_SECONDS

__all__ = ["server"]

# 130 MB of a process without requests, and what a thousand clients may hold.
MOST_BYTES = 280_000_000
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


@contextmanager
def silent_clients(server: Server, count: int, sent: Sequence[bytes]) -> Iterator[list[socket.socket]]:
    """Connections from a few addresses that send these bytes, one part each in turn, and read nothing."""
    opened = []
    try:
        for number in range(count):
            client = socket.socket()
            opened.append(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.bind((f"127.0.1.{number // 200 + 1}", 0))
            client.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
            client.sendall(sent[number % len(sent)])
        yield opened
    finally:
        for client in opened:
            client.close()


# Pages that are handed to the server at once, as long as possible, and pages that are sent in pieces.
@pytest.mark.parametrize(("limit", "is_large"), [(14, False), (50, True)], ids=["whole", "in_pieces"])
async def test_clients_that_read_nothing_or_send_slowly_cost_little_and_others_are_answered(
    server: Server, posts: list[Record], tmp_path: Path, limit: int, is_large: bool
) -> None:
    cursors = Cursors(open_keys(tmp_path / "keys", create=False).cursor_key)
    pages = [
        request("GET", f"/v1/feeds/latest?limit={limit}&cursor={cursors.after('latest', Position(*post))}")
        for post in [(post["published_at"], post["id"]) for post in posts[:800]]
    ]
    async with RawConnection(server.url) as connection:
        length = len((await connection.exchange(pages[0])).body)
    assert length > LARGE_BYTES if is_large else 0.8 * LARGE_BYTES < length <= LARGE_BYTES
    # More than the kernel buffers for a connection.
    unread = [b"".join(pages[start : start + 12]) for start in range(0, 780, 12)]
    post = (
        b"POST /v1/auth/refresh HTTP/1.1\r\nHost: feed.test\r\nContent-Type: application/json\r\nContent-Length: 1000"
    )
    with (
        silent_clients(server, 700, unread),
        silent_clients(server, 300, [b"GET /v1/feeds/latest HTTP/1.1\r\nHost: feed.test\r\n", post + b"\r\n\r\n{"]),
    ):
        statuses = await send_all(server, [request("GET", "/health/live"), *pages[:200]])
        assert statuses == [200] * 201
        assert server.memory() < MOST_BYTES


async def test_one_address_cannot_take_all_connections(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(700)]
    reading = {asyncio.create_task(reader.read(1)) for reader, _ in opened}
    ended = 0
    async with asyncio.timeout(HANG_SECONDS):
        while ended < 700 - MAX_PER_ADDRESS:
            done, reading = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
            ended += len(done)
    assert len(reading) <= MAX_PER_ADDRESS
    for task in reading:
        task.cancel()
    for _, writer in opened:
        writer.transport.abort()
