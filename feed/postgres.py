"""Postgres: the pool, the transaction, and rows that become Structs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import msgspec
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

# What a store takes: a connection of its own or one lent by the pool. The classes are generic in their stubs only.
if TYPE_CHECKING:
    Connection = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
    Pool = asyncpg.Pool[Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
    Pool = asyncpg.Pool

T = TypeVar("T")

# Postgres ends one of two transactions that wait for each other; the loser may simply be repeated.
RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

# What a client sees when the database restarts under it, or does not answer in time; answered with 503, never with 500.
DOWN = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    # The library's word for a question to a server that has just said farewell without being asked.
    asyncpg.InternalClientError,
    # `statement_timeout`, where the server is too old for the timeout of a whole transaction.
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)


async def prepare_connection(conn: "asyncpg.Connection[Record]") -> None:
    """Makes jsonb columns read and take Python values (numbers as decimals would be strings: scores are strings)."""
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
    )


async def open_pool(
    url: str, *, size: int, statement_seconds: float = 5.0, min_size: int = 1
) -> "asyncpg.Pool[Record]":
    """A pool whose statements and transactions end by themselves within `statement_seconds`.

    The settlement relies on this bound: nothing stamped before a deadline is still in flight ten seconds later.
    """
    milliseconds = str(int(statement_seconds * 1000))

    async def prepare(conn: "asyncpg.Connection[Record]") -> None:
        await prepare_connection(conn)
        if conn.get_server_version().major >= 17:
            await conn.execute("SELECT set_config('transaction_timeout', $1, false)", milliseconds)

    pool = await asyncpg.create_pool(
        url,
        min_size=min_size,
        max_size=size,
        command_timeout=statement_seconds + 1,
        init=prepare,
        reset=_leave,
        server_settings={
            "application_name": "feed",
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
            "jit": "off",
            # Statements here are short: to start other processes for one costs more than it saves.
            "max_parallel_workers_per_gather": "0",
        },
    )
    assert pool is not None
    return pool


async def _leave(conn: "asyncpg.Connection[Record]") -> None:
    # The pool's own reset is a round trip per use; sessions of ours hold no state, so only an open transaction matters.
    if conn.is_in_transaction():
        await conn.execute("ROLLBACK")


@asynccontextmanager
async def transaction(pool: "asyncpg.Pool[Record]") -> AsyncIterator[Connection]:
    """One connection with an open transaction: committed at the block's end, rolled back when it raises."""
    async with pool.acquire() as conn, conn.transaction():
        yield conn


async def act_on_next(
    pool: "asyncpg.Pool[Record]",
    list_due: Callable[[Connection], Awaitable[Sequence[T]]],
    act: Callable[[Connection, T], Awaitable[bool]],
) -> bool:
    """Lists what is due and acts on the first item that is left to do, each in a transaction of its own. False for none.

    Workers run this side by side. So `act` locks its item without waiting for another worker, looks again whether it is
    due, and returns False where there is nothing to do; what it has written by then is committed all the same.
    """
    async with pool.acquire() as conn:
        due = await list_due(conn)
    for item in due:
        async with transaction(pool) as conn:
            done = await act(conn, item)
        if done:
            return True
    return False


async def retried(work: Callable[[], Awaitable[T]], *, times: int = 5) -> T:
    """What `work` returns, repeated when Postgres chose it as the victim of a deadlock or of a serialization failure."""
    for attempt in range(times - 1):
        try:
            return await work()
        except RETRIED:
            await asyncio.sleep(0.01 * 2**attempt)
    return await work()


def one(row: Record | None, kind: type[T]) -> T | None:
    """The row as a Struct. Raises msgspec.ValidationError naming a column that has drifted."""
    return None if row is None else msgspec.convert(row, kind)


def many(rows: Iterable[Record], kind: type[T]) -> list[T]:
    """Each row as a Struct."""
    return msgspec.convert(list(rows), list[kind])  # type: ignore[valid-type]


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows turned on their side: one array per column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
