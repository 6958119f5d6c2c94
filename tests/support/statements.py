"""Records the statements that a call runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
from asyncpg import Record

from feed.pagination import Cursors

CURSORS = Cursors(b"k" * 32)


@asynccontextmanager
async def record_statements(pool: "asyncpg.Pool[Record]") -> AsyncIterator[list[str]]:
    """The list to which the statements of the pool's connections are appended."""
    recorded: list[str] = []

    def record(query: Any) -> None:
        # asyncpg reads the definition of each type once per connection, with `jit` switched off meanwhile.
        if "typeinfo_tree" not in query.query and "current_setting('jit')" not in query.query:
            recorded.append(query.query)

    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_max_size())]
        for conn in connections:
            conn.add_query_logger(record)
    yield recorded


async def count_statements(recorded: list[str]) -> int:
    """The number of recorded statements; query loggers are called in the event loop's next iteration."""
    await asyncio.sleep(0)
    return len(recorded)
