"""Records the executed plans of the statements that the code runs, by auto_explain, with their actual parameters."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import asyncpg
import msgspec

from feed.postgres import Connection, Pool, prepare_connection

# Postgres plans a prepared statement for its parameters a few times, and may then cache one plan for all parameters.
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
        """The indexes that were read, or checked for a conflicting row."""
        read = {node["Index Name"] for node in self.nodes() if "Index Name" in node}
        return read | {name for node in self.nodes() for name in node.get("Conflict Arbiter Indexes", [])}

    @property
    def scanned(self) -> set[str]:
        """The tables that were read by a sequential scan."""
        return {
            node["Relation Name"] for node in self.nodes() if node["Node Type"] == "Seq Scan" and node["Actual Loops"]
        }

    @property
    def is_about_types(self) -> bool:
        """Whether it is a statement of asyncpg, which reads type definitions once per connection."""
        tables = {node["Relation Name"] for node in self.nodes() if "Relation Name" in node}
        return "set_config('jit'" in self.text or (bool(tables) and all(table.startswith("pg_") for table in tables))

    @property
    def buffers(self) -> int:
        """The number of accessed pages, cached or not."""
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])


class SingleConnectionPool:
    """A pool of the one connection whose plans are recorded."""

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


class PlanRecorder:
    """A connection in a transaction that is rolled back at the end, and the plans of its statements."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.pool = cast(Pool, SingleConnectionPool(conn))
        self._messages: list[str] = []
        conn.add_log_listener(self._record)

    async def plans(self) -> list[Plan]:
        """The plans of the statements since the last call."""
        # In a transaction, a statement's plan is logged when the next one begins, and listeners run in the loop's next iteration.
        await self.conn.fetch(_NOTHING)
        await asyncio.sleep(0)
        logged = [msgspec.json.decode(each) for each in self._messages]
        self._messages.clear()
        plans = [Plan(each["Query Text"], each["Plan"]) for each in logged if each["Query Text"] != _NOTHING]
        return [plan for plan in plans if not plan.is_about_types]

    def _record(self, _: Any, message: Any) -> None:
        head, brace, rest = message.message.partition("{")
        if "plan:" in head:
            self._messages.append(brace + rest)


@asynccontextmanager
async def record_plans(url: str, mode: Mode) -> AsyncIterator[PlanRecorder]:
    """A recorder on a database, whose changes are rolled back."""
    conn = await asyncpg.connect(
        url,
        # The settings of the pool, and those of auto_explain.
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
        yield PlanRecorder(conn)
        await transaction.rollback()
    finally:
        conn.terminate()
