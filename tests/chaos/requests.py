"""Requests to an installation of processes, and how long they take."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

Ask = Callable[[], Awaitable[httpx.Response]]


async def publish(client: httpx.AsyncClient, text: str) -> str:
    answer = await client.post("/posts", json={"text": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def until_ok(ask: Ask) -> httpx.Response:
    """Repeats a request while the answer asks to wait: 503, or 409 while the server still works on an earlier attempt."""
    async with asyncio.timeout(20):
        while "retry-after" in (answer := await ask()).headers:
            await asyncio.sleep(0.1)
    assert answer.is_success, answer.text
    return answer
