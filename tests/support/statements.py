"""Which statements a call runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
from asyncpg import Record

from feed.pagination import Cursors

CURSORS = Cursors(b"k" * 32)


@asynccontextmanager
async def asked(pool: "asyncpg.Pool[Record]") -> AsyncIterator[list[str]]:
    """What the pool's connections are asked inside of the block."""
    said: list[str] = []

    def hear(query: Any) -> None:
        # What a type is like, a connection asks once in its life, with `jit` out of the way.
        if "typeinfo_tree" not in query.query and "current_setting('jit')" not in query.query:
            said.append(query.query)

    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_max_size())]
        for conn in held:
            conn.add_query_logger(hear)
    yield said


async def count(said: list[str]) -> int:
    """How many statements were heard; a logger hears them in the loop's next turn."""
    await asyncio.sleep(0)
    return len(said)
