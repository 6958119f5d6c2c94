"""Requests to an installation of processes, and how long they take."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from tests.support.waiting import HANG_SECONDS

Ask = Callable[[], Awaitable[httpx.Response]]


async def publish(client: httpx.AsyncClient, text: str) -> str:
    answer = await client.post("/posts", json={"text": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def until_ok(ask: Ask, *, killed: bool = False) -> httpx.Response:
    """Repeats a request while the answer asks to wait: 503, or 409 while the server still works on an earlier attempt.

    `killed`: a process of the server has been killed, and the kernel may have given it the connection before. Without, a server that
    does not answer fails the test.
    """
    async with asyncio.timeout(HANG_SECONDS):
        while (answer := await _ask(ask, killed=killed)) is None or "retry-after" in answer.headers:
            await asyncio.sleep(0.1)
    assert answer.is_success, answer.text
    return answer


async def _ask(ask: Ask, *, killed: bool) -> httpx.Response | None:
    try:
        return await ask()
    except httpx.TransportError:
        if killed:
            return None
        raise
