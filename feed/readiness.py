"""Whether Postgres can be used: reachable, with the expected schema, and taking writes. For probes and `feed doctor`."""

from functools import cache
from typing import Literal

import asyncpg

from feed.migrations import list_migrations
from feed.postgres import Connection, Pool, transaction

PostgresFault = Literal["down", "schema", "read_only", "full"]

FAULTS: dict[PostgresFault, tuple[str, str]] = {
    "down": ("无法连接数据库", "cannot be reached"),
    "schema": ("数据库结构不是本版本所需", "has not the schema of this version; run: feed migrate"),
    "read_only": ("数据库只读（备库，或已设为只读）", "takes no writes: a standby, or set to read-only"),
    "full": ("数据库磁盘已满", "has no space left on its disk"),
}


async def find_fault(pool: Pool) -> PostgresFault | None:
    """What is wrong with the server; None if it can be used. Raises an error of the connection.

    A newer schema is fine: `feed migrate` of the next release runs while this one still serves.
    """
    try:
        async with transaction(pool) as conn:
            return await _find_fault(conn)
    except asyncpg.TargetServerAttributeNotMatched:
        return "read_only"
    except asyncpg.DiskFullError:
        return "full"
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError):
        return "schema"


async def _find_fault(conn: Connection) -> PostgresFault | None:
    names, digests = _expected()
    if await count_missing(conn, names, digests):
        return "schema"
    # More rows than the memory that it may use: on a full disk the temporary file fails, without any change of the database.
    await conn.execute("SET LOCAL work_mem = '64kB'; SELECT count(*) FROM generate_series(1, 4000)")
    if await conn.fetchval("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"):
        return "read_only"
    return None


async def count_missing(conn: Connection, names: list[str], digests: list[str]) -> int:
    """How many of the migrations, given by name and SHA-256, were not applied. Raises UndefinedTableError before the first."""
    missing: int = await conn.fetchval(
        """
        SELECT count(*)
        FROM unnest($1::text[], $2::text[]) AS expected (name, sha256)
        WHERE (name, sha256) NOT IN (SELECT name, sha256 FROM schema_migrations)
        """,
        names,
        digests,
    )
    return missing


@cache
def _expected() -> tuple[list[str], list[str]]:
    migrations = list_migrations()
    return [migration.name for migration in migrations], [migration.sha256 for migration in migrations]


async def list_limits(conn: Connection) -> dict[str, str]:
    """The timeouts of this transaction by name; `0` is none. Those that the server does not know are absent."""
    rows = await conn.fetch(
        """
        SELECT name, setting FROM pg_settings
        WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
        ORDER BY name
        """
    )
    return {row["name"]: row["setting"] for row in rows}


async def list_session_settings(conn: Connection) -> dict[str, str]:
    """The settings that a session asks for and a pooler drops."""
    rows = await conn.fetch(
        """
        SELECT name, setting FROM pg_settings
        WHERE name IN ('statement_timeout', 'jit', 'default_transaction_isolation', 'max_parallel_workers_per_gather')
        ORDER BY name
        """
    )
    return {row["name"]: row["setting"] for row in rows}
