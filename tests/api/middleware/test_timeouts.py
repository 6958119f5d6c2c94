"""Slow and oversized requests over raw sockets to a real server."""

import asyncio
import time

import httpx

from tests.support.api_process import Server, server
from tests.support.waiting import HANG_SECONDS

_POST = b"POST /v1/auth/refresh HTTP/1.1\r\nHost: feed.test\r\nContent-Type: application/json\r\n"
_LIKE = b"PUT /v1/posts/1/like HTTP/1.1\r\nHost: feed.test\r\n"


__all__ = ["server"]


async def exchange(
    server: Server, first: bytes, *, then: bytes = b"", every: float = 0.5, within: float = 60
) -> tuple[bytes, float]:
    """What the server sends until it closes the connection, and the seconds until then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    began = time.monotonic()

    async def trickle() -> None:
        while then:
            await asyncio.sleep(every)
            writer.write(then)
            await writer.drain()

    sender = asyncio.create_task(trickle())
    received = b""
    try:
        writer.write(first)
        async with asyncio.timeout(within):
            while part := await reader.read(65_536):
                received += part
    except (ConnectionError, TimeoutError):
        pass
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        writer.close()
    return received, time.monotonic() - began


async def test_slow_clients_lose_their_connection(server: Server) -> None:
    silent, slow_headers, idle, stalled = await asyncio.gather(
        exchange(server, b""),
        exchange(server, b"GET / HTTP/1.1\r\n", then=b"x"),
        exchange(server, b"GET /health/live HTTP/1.1\r\nHost: feed.test\r\n\r\n"),
        exchange(server, _POST + b"Content-Length: 100\r\n\r\n{"),
    )
    for received, seconds in (silent, slow_headers):
        assert received == b""
        assert 8 < seconds < 40
    assert idle[0].startswith(b"HTTP/1.1 200")
    assert 8 < idle[1] < 40
    assert stalled[0].startswith(b"HTTP/1.1 408")
    assert b"body_too_slow" in stalled[0]
    assert 8 < stalled[1] < 40


async def test_a_thousand_slow_connections_do_not_block_other_requests(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    writers = []
    for _ in range(1200):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        writers.append(writer)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        assert (await client.get("/health/ready")).status_code == 200
    for writer in writers:
        writer.transport.abort()


TOO_MUCH = [
    (_POST + b"Content-Length: 1000000000\r\n\r\n", b"", b"413"),
    (_LIKE + b"Content-Length: 1000000000\r\n\r\n", b"x" * 1000, b"413"),
    (_POST + b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b" " * 0x8000 + b"\r\n", b"413"),
    (b"GET / HTTP/1.1\r\nHost: feed.test\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", b"", b"431"),
    (_POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b"", b"400"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n", b"", b"400"),
]


async def test_too_large_requests_are_rejected_at_once(server: Server) -> None:
    answers = await asyncio.gather(*(exchange(server, first, then=then, every=0.05) for first, then, _ in TOO_MUCH))
    for (received, seconds), (first, _, status) in zip(answers, TOO_MUCH, strict=True):
        assert received.startswith(b"HTTP/1.1 " + status), (first[:80], received[:200])
        assert seconds < 20


async def test_a_long_uri_is_rejected_by_the_application(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        answer = await client.get("/v1/" + "x" * 9000)
    assert (answer.status_code, answer.json()["code"]) == (414, "uri_too_long")


async def test_a_smuggled_request_gets_no_response(server: Server) -> None:
    """Contradicting lengths: the rest of the body is not handled as another request."""
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: feed.test\r\n\r\n"
    received, _ = await exchange(
        server, _POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, within=60
    )
    assert received.count(b"HTTP/1.1 ") == 1 or b'"live"' not in received
