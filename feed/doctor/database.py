"""Checks of the database as the API uses it: writes, schema, effective timeouts, poolers, and keys."""

from collections.abc import AsyncIterator

import asyncpg

from feed import poolers, readiness
from feed.audit.checkpoint import CheckpointUnreadable
from feed.audit.outside import read_outside
from feed.audit.roles import list_changeable
from feed.audit.seal_store import find_last_seal, find_oldest_unsealed, find_seal
from feed.doctor.model import Finding
from feed.keys.checks import find_differences
from feed.keys.files import KeyStoreError
from feed.keys.fingerprints import explain
from feed.keys.signatures import canonical
from feed.keys.store import open_keys
from feed.postgres import STATEMENT_SECONDS, UNAVAILABLE, Pool, open_pool, transaction
from feed.readiness import FAULTS, find_fault
from feed.settings import Settings

_SHARED = (
    "连接经过事务模式的连接池，请另设 FEED_DATABASE_DIRECT_URL · goes through a pooler in transaction mode: migrations, the worker "
    "and its queue need the server itself; set FEED_DATABASE_DIRECT_URL"
)
_CHANGEABLE = (
    "应用所用的数据库角色可以改动审计记录，请另设 FEED_DATABASE_OWNER_URL · the role of FEED_DATABASE_URL can change the audit log: let the "
    "application use a role of its own, and set FEED_DATABASE_OWNER_URL for feed migrate"
)
_DIFFERS = "审计记录不含库外保存的检查点，请运行 feed audit verify · does not contain the checkpoint outside: run feed audit verify"
# Two minutes without a worker that seals.
_UNSEALED_SECONDS = 120
_STATEMENTS = (
    "连接池不保留预备语句 · the pooler loses prepared statements: use PgBouncer 1.21 or newer with max_prepared_statements, "
    "or set FEED_DATABASE_STATEMENT_CACHE=0"
)


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    """Checks through FEED_DATABASE_URL, as requests do, and the kind of connection that FEED_DATABASE_DIRECT_URL is."""
    try:
        pool = await open_pool(settings.database_url, size=2, statement_cache=settings.database_statement_cache)
    except asyncpg.TargetServerAttributeNotMatched:
        yield Finding("database", " · ".join(FAULTS["read_only"]), wrong=True)
        return
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        yield Finding("database", f"{' · '.join(FAULTS['down'])}: {type(error).__name__}", wrong=True)
        return
    try:
        async for finding in _check_writes(pool):
            yield finding
        async for finding in _check_pooler(pool, settings):
            yield finding
        async for finding in _check_fingerprints(pool, settings):
            yield finding
        async for finding in _check_audit(pool, settings):
            yield finding
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        yield Finding("database", f"{type(error).__name__}: {error}", wrong=True)
    finally:
        pool.terminate()


async def _check_writes(pool: Pool) -> AsyncIterator[Finding]:
    fault = await find_fault(pool)
    if fault is not None and fault != "schema":  # "migrations" names what is missing.
        yield Finding("database", " · ".join(FAULTS[fault]), wrong=True)
    elif fault is None:
        async with transaction(pool) as conn:
            limits = await readiness.list_limits(conn)
        seconds = int(STATEMENT_SECONDS)
        wrong = {name: value for name, value in limits.items() if value == "0"}
        says = ", ".join(f"{name} {value}" for name, value in (wrong or limits).items())
        yield Finding(
            "database",
            f"可写，事务限时 {seconds} 秒 · takes writes; a transaction has {seconds} s: {says}",
            wrong=bool(wrong),
        )


async def _check_pooler(pool: Pool, settings: Settings) -> AsyncIterator[Finding]:
    async with pool.acquire() as conn:
        session = await readiness.list_session_settings(conn)
    if await poolers.is_shared(settings.direct_url):
        yield Finding("direct url", _SHARED, wrong=True)
    if not await poolers.is_shared(settings.database_url):
        return
    missing = ", ".join(f"{name} = {value}" for name, value in session.items())
    yield Finding("pooler", f"事务模式，会话设置为 · transaction mode; the session has {missing}")
    if settings.database_statement_cache and not await poolers.keeps_statements(pool):
        yield Finding("pooler", _STATEMENTS, wrong=True)


async def _check_fingerprints(pool: Pool, settings: Settings) -> AsyncIterator[Finding]:
    try:
        keys = open_keys(settings.keys_dir, create=False)
        async with pool.acquire() as conn:
            differences = await find_differences(conn, keys)
    except (KeyStoreError, asyncpg.UndefinedTableError):
        return  # "keys" and "migrations" say so.
    for name, difference in differences.items():
        yield Finding("key store", explain(name, difference), wrong=True)
    if not differences:
        yield Finding("key store", "与数据库登记的一致 · the same keys as the database knows")


async def _check_audit(pool: Pool, settings: Settings) -> AsyncIterator[Finding]:
    """Whether the application could change the audit log, and whether what it writes is sealed."""
    try:
        async with pool.acquire() as conn:
            changeable = await list_changeable(conn)
            unsealed = await find_oldest_unsealed(conn)
            newest = await find_last_seal(conn)
            outside = read_outside(settings.audit_checkpoint_path)
            kept = [await find_seal(conn, each.number) for each in outside]
    except asyncpg.UndefinedTableError:
        return  # "migrations" says so.
    except (OSError, CheckpointUnreadable) as error:
        yield Finding("audit", f"{settings.audit_checkpoint_path}: {error}", wrong=True)
        return
    if changeable:
        # An embedded database has two roles; this one was given.
        yield Finding("audit", _CHANGEABLE, wrong=not settings.embedded)
    if any(seal is None or seal.document != canonical(each) for each, seal in zip(outside, kept, strict=True)):
        yield Finding("audit", _DIFFERS, wrong=True)
    number = 0 if newest is None else newest.number
    yield Finding(
        "audit",
        f"已封存 {number} 批，最久等待 {unsealed:.0f} 秒 · {number} batches are sealed, the oldest row waits for {unsealed:.0f} s",
        wrong=unsealed > _UNSEALED_SECONDS,
    )
