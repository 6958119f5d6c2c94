"""What Postgres did for statements that the code ran: told by the server itself, for the statements and the values that it got."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import asyncpg
import msgspec

from feed.postgres import Connection, Pool, prepare_connection

# Postgres plans a prepared statement for its values a few times, and may then keep one plan for all values.
Mode = Literal["force_custom_plan", "force_generic_plan"]


_NOTHING = "SELECT 'nothing'"


class Plan(msgspec.Struct, frozen=True):
    """The plan of one statement as it was executed."""

    text: str
    root: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        """Every node of the plan."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])

    @property
    def indexes(self) -> set[str]:
        """The indexes that were read, or asked whether a row conflicts."""
        read = {node["Index Name"] for node in self.nodes() if "Index Name" in node}
        return read | {name for node in self.nodes() for name in node.get("Conflict Arbiter Indexes", [])}

    @property
    def scanned(self) -> set[str]:
        """The tables that were read from end to end."""
        return {
            node["Relation Name"] for node in self.nodes() if node["Node Type"] == "Seq Scan" and node["Actual Loops"]
        }

    @property
    def is_about_types(self) -> bool:
        """Whether asyncpg asked it, who learns once in each connection what types there are."""
        tables = {node["Relation Name"] for node in self.nodes() if "Relation Name" in node}
        return "set_config('jit'" in self.text or (bool(tables) and all(table.startswith("pg_") for table in tables))

    @property
    def buffers(self) -> int:
        """How many pages were asked for, in memory or not."""
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])


class Lent:
    """A pool of the one connection whose plans are heard: who acquires it waits for it."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._free = asyncio.Lock()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        async with self._free:
            yield self._conn

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        async with self.acquire() as conn:
            return await conn.fetch(query, *args)


class Stage:
    """A connection inside of a transaction that nobody commits, and the plans of what it was asked."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.pool = cast(Pool, Lent(conn))
        self._told: list[str] = []
        conn.add_log_listener(self._hear)

    async def plans(self) -> list[Plan]:
        """The plans of the statements since the last time."""
        # Inside of a transaction a statement ends, and tells, when the next one begins; the listener hears in the loop's next turn.
        await self.conn.fetch(_NOTHING)
        await asyncio.sleep(0)
        told = [msgspec.json.decode(each) for each in self._told]
        self._told.clear()
        plans = [Plan(each["Query Text"], each["Plan"]) for each in told if each["Query Text"] != _NOTHING]
        return [plan for plan in plans if not plan.is_about_types]

    def _hear(self, _: Any, message: Any) -> None:
        head, brace, rest = message.message.partition("{")
        if "plan:" in head:
            self._told.append(brace + rest)


@asynccontextmanager
async def stage(url: str, mode: Mode) -> AsyncIterator[Stage]:
    """A stage on a database that stays as it was."""
    conn = await asyncpg.connect(
        url,
        # What the pool sets, and what tells.
        server_settings={
            "jit": "off",
            "max_parallel_workers_per_gather": "0",
            "plan_cache_mode": mode,
            "session_preload_libraries": "auto_explain",
            "auto_explain.log_min_duration": "0",
            "auto_explain.log_analyze": "on",
            "auto_explain.log_buffers": "on",
            "auto_explain.log_timing": "off",
            "auto_explain.log_format": "json",
            "auto_explain.log_level": "notice",
            "auto_explain.log_parameter_max_length": "0",
        },
    )
    try:
        await prepare_connection(conn)
        transaction = conn.transaction()
        await transaction.start()
        yield Stage(conn)
        await transaction.rollback()
    finally:
        conn.terminate()
