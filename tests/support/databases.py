"""Migrated databases for tests that commit. A database is used again when a test left nothing but rows in it.

A copy with new connections costs about 50 ms of processor time, emptying a used one and keeping its connections 5 ms.
"""

import asyncio
import contextlib
import os
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
from asyncpg import Record

from feed.postgres import open_pool
from tests.support.waiting import HANG_SECONDS

TEMPLATE = "feed_template"
POOL_SIZE = 10
# Deleted rows stay in the files, because nothing vacuums here; then a new copy is cheaper.
_MOST_USES = 100
_MOST_GROWTH_BYTES = 4_000_000

_names = count(1)

# The catalogs' rows and their newest transactions: any CREATE, ALTER or DROP changes one of them.
_SCHEMA = """
SELECT (SELECT (count(*), max(xmin::text::bigint)) FROM pg_class)::text
    || (SELECT (count(*), max(xmin::text::bigint)) FROM pg_attribute)::text
    || (SELECT (count(*), max(xmin::text::bigint)) FROM pg_attrdef)::text
    || (SELECT (count(*), max(xmin::text::bigint)) FROM pg_constraint)::text
    || (SELECT (count(*), max(xmin::text::bigint)) FROM pg_proc)::text
    || (SELECT (count(*), max(xmin::text::bigint)) FROM pg_trigger)::text AS schema,
    (SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend') AS connections,
    pg_database_size(current_database()) AS size
"""


class _Look(msgspec.Struct, frozen=True):
    """What of a database a test may change beside its rows."""

    schema: str
    connections: int
    size: int


class Database:
    """One database, and the pool that its tests share one after the other."""

    def __init__(self, url: str, fresh: _Look) -> None:
        self.url = url
        self.uses = 0
        self.pool: asyncpg.Pool[Record] | None = None
        self.fresh = fresh

    @property
    def name(self) -> str:
        """As Postgres knows it."""
        return urlsplit(self.url).path.removeprefix("/")

    async def connect(self) -> "asyncpg.Pool[Record]":
        """The pool: a new one unless the test before left its own in order."""
        if self.pool is None:
            self.pool = await open_pool(self.url, size=POOL_SIZE)
        return self.pool


class Databases:
    """Lends databases of one server to one test at a time."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._emptying = ""
        self._fresh: _Look | None = None
        self._ready: list[Database] = []
        self._dropping: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[object]] = set()

    async def lend(self, *, without_connections: bool) -> Database:
        """A database with no rows but those of the migrations, for one test."""
        database = self._ready.pop() if self._ready and not without_connections else await self._copy()
        database.uses += 1
        self._tasks = asyncio.all_tasks()
        return database

    async def take_back(self, database: Database) -> None:
        """Empties the database for the next test, or drops it where the test left more than rows."""
        if await self._empty(database):
            self._ready.append(database)
            return
        if database.pool is not None:
            # Not close(), which waits for ever on a connection that a failed test still holds.
            database.pool.terminate()
        # Postgres looks ten times a second whether the last connection has gone: that is not to be waited for.
        task = asyncio.create_task(self._drop(database))
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)

    async def close(self) -> None:
        """Closes the pools and waits for what is being dropped."""
        for database in self._ready:
            if database.pool is not None:
                database.pool.terminate()
        await asyncio.gather(*self._dropping)

    async def _copy(self) -> Database:
        name = f"test_{os.getpid()}_{next(_names)}"
        await administer(self._server_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        url = url_of(self._server_url, name)
        if self._fresh is None:
            conn = await asyncpg.connect(url, timeout=HANG_SECONDS)
            self._emptying = await _emptying(conn)
            self._fresh = msgspec.convert(await conn.fetchrow(_SCHEMA), _Look)
            await conn.close()
        return Database(url, self._fresh)

    async def _drop(self, database: Database) -> None:
        await administer(self._server_url, f"DROP DATABASE {database.name} WITH (FORCE)")

    async def _empty(self, database: Database) -> bool:
        """Whether the database and its pool are as they were before the test."""
        pool = database.pool
        await asyncio.sleep(0)
        left = {task for task in asyncio.all_tasks() - self._tasks - self._dropping if not task.done()}
        left.discard(asyncio.current_task())
        if left or pool is None or database.uses >= _MOST_USES:
            return False
        if pool.is_closing() or pool.get_idle_size() != pool.get_size():
            return False
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            async with pool.acquire() as conn:
                look = msgspec.convert(await conn.fetchrow(_SCHEMA), _Look)
                if (
                    look.schema == database.fresh.schema
                    and look.connections == pool.get_size()
                    and look.size <= database.fresh.size + _MOST_GROWTH_BYTES
                ):
                    await conn.execute(self._emptying)
                    return True
        return False


async def _emptying(conn: "asyncpg.Connection[Record]") -> str:
    """The statements, one transaction, that bring tables and sequences back to what they are in a fresh copy."""
    tables = await conn.fetch(
        """
        SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
        ORDER BY name
        """
    )
    # Foreign keys are not checked meanwhile, so the order of tables does not matter.
    steps = ["SET LOCAL session_replication_role = replica", "SET LOCAL lock_timeout = '1s'"]
    for (name,) in tables:
        steps.append(f"DELETE FROM {name}")
        rows = await conn.fetchval(f"SELECT jsonb_agg(to_jsonb(rows))::text FROM {name} AS rows")
        if rows is not None:
            quoted = await conn.fetchval("SELECT quote_literal($1::text)", rows)
            steps.append(
                f"INSERT INTO {name} OVERRIDING SYSTEM VALUE "
                f"SELECT * FROM jsonb_populate_recordset(NULL::{name}, {quoted})"
            )
    sequences = await conn.fetch(
        """
        SELECT format('%I.%I', schemaname, sequencename) AS name, coalesce(last_value, start_value) AS value,
               last_value IS NOT NULL AS called
        FROM pg_sequences
        WHERE cache_size = 1  -- Of others each connection still holds some values, which must not come twice.
        """
    )
    steps += [f"SELECT setval('{each['name']}', {each['value']}, {each['called']})" for each in sequences]
    return "BEGIN;" + ";".join(steps) + ";COMMIT"


def url_of(server_url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def administer(server_url: str, statement: str) -> None:
    """Runs one statement that needs no database of its own."""
    opened = await asyncpg.connect(server_url, timeout=HANG_SECONDS)
    try:
        await opened.execute(statement)
    finally:
        await opened.close()


async def wait_for_transactions(url: str) -> None:
    """Waits until Postgres has ended the transactions of a killed process: their locks would be skipped by who comes next."""
    conn = await asyncpg.connect(url, timeout=HANG_SECONDS)
    try:
        async with asyncio.timeout(HANG_SECONDS):
            while await conn.fetchval(
                """
                SELECT EXISTS (
                    SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
                        AND backend_type = 'client backend'
                )
                """
            ):
                await asyncio.sleep(0.002)
    finally:
        await conn.close()
