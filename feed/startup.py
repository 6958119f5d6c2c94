"""Opening the database when a process starts: it waits for a server that can be used, and refuses another installation's keys."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from feed.keys.checks import compare_keys, record_and_compare, require_own_keys
from feed.keys.fingerprints import explain
from feed.keys.store import Keys, open_keys
from feed.postgres import UNAVAILABLE, Pool, open_pool
from feed.readiness import FAULTS, PostgresFault, find_fault
from feed.settings import Settings

log = structlog.get_logger("feed.startup")

# Called with what the process waits for.
Waiting = Callable[[PostgresFault], None]


async def open_database(
    url: str,
    keys: Keys,
    *,
    size: int,
    statement_seconds: float,
    statement_cache: int,
    waiting: Waiting,
    pause: Callable[[], Awaitable[bool]],
) -> Pool | None:
    """Opens a pool as soon as Postgres can be reached and has the schema. None if `pause`, called between attempts, returns False.

    A server that takes no writes for now is used: it serves reads. Raises KeyStoreError if the key store is another one than
    that of this database.
    """
    while True:
        fault: PostgresFault | None = "down"
        pool: Pool | None = None
        try:
            pool = await open_pool(url, size=size, statement_seconds=statement_seconds, statement_cache=statement_cache)
            fault = await find_fault(pool)
            if fault in (None, "read_only", "full"):
                await _check_keys(pool, keys, takes_writes=fault is None)
                opened, pool = pool, None
                return opened
        except UNAVAILABLE as error:
            if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
                fault = "read_only"
            log.warning("postgres unavailable", error=type(error).__name__)
        finally:
            if pool is not None:
                pool.terminate()
        assert fault is not None
        log.warning("waiting for postgres", why=FAULTS[fault][1])
        waiting(fault)
        if not await pause():
            return None


async def _check_keys(pool: Pool, keys: Keys, *, takes_writes: bool) -> None:
    # Reading the key files is blocking work, but a few small files, once.
    differences = await record_and_compare(pool, keys, record=takes_writes)
    require_own_keys(differences)
    for name, found in differences.items():
        log.error("key store differs from the database", key=explain(name, found))


async def record_keys(settings: Settings, keys: Keys) -> None:
    """Records the keys of this store that the database does not know. Raises KeyStoreError for the store of another installation."""
    pool = await open_pool(settings.direct_url, size=1)
    try:
        await _check_keys(pool, keys, takes_writes=True)
    finally:
        await pool.close()


async def check_key_store(settings: Settings) -> None:
    """Raises KeyStoreError for the store of another installation; does nothing while Postgres cannot tell."""
    keys = open_keys(settings.keys_dir, create=settings.embedded)
    try:
        async with asyncio.timeout(2):
            pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
            try:
                require_own_keys(await compare_keys(pool, keys))
            finally:
                pool.terminate()
    except (*UNAVAILABLE, asyncpg.PostgresError):
        return


def pausing(seconds: float = 1.0) -> Callable[[], Awaitable[bool]]:
    """A pause that never ends the attempts."""

    async def pause() -> bool:
        await asyncio.sleep(seconds)
        return True

    return pause
