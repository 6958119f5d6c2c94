"""Postgres: the connection pool, transactions, retries, and conversion of rows to Structs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import msgspec
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

# Stores take a connection, plain or from the pool. The classes are generic in their stubs only.
if TYPE_CHECKING:
    Connection = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
    Pool = asyncpg.Pool[Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
    Pool = asyncpg.Pool

T = TypeVar("T")

# Errors after which the transaction can simply be repeated.
RETRYABLE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

# Errors when the database restarts or does not respond in time; the API returns 503 for them, not 500.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    # Raised by asyncpg when the server has just closed the connection.
    asyncpg.InternalClientError,
    # `statement_timeout`, on servers without `transaction_timeout`.
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)


async def prepare_connection(conn: "asyncpg.Connection[Record]") -> None:
    """Sets the codec of jsonb columns to Python values. Scores are stored as strings, so no decimals are needed."""
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
    """Opens a pool whose statements and transactions time out after `statement_seconds`.

    The settlement relies on it: no transaction with a time before a deadline is still running ten seconds later.
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
        reset=_reset,
        server_settings={
            "application_name": "feed",
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
            "jit": "off",
            # Statements are short: starting parallel workers costs more than it saves.
            "max_parallel_workers_per_gather": "0",
        },
    )
    assert pool is not None
    return pool


async def _reset(conn: "asyncpg.Connection[Record]") -> None:
    # The default reset costs a round trip per use. Our sessions have no state except an open transaction.
    if conn.is_in_transaction():
        await conn.execute("ROLLBACK")


@asynccontextmanager
async def transaction(pool: "asyncpg.Pool[Record]") -> AsyncIterator[Connection]:
    """A connection with a transaction, committed at the end of the block, rolled back on an exception."""
    async with pool.acquire() as conn, conn.transaction():
        yield conn


async def act_on_next(
    pool: "asyncpg.Pool[Record]",
    list_due: Callable[[Connection], Awaitable[Sequence[T]]],
    act: Callable[[Connection, T], Awaitable[bool]],
) -> bool:
    """Lists due items and calls `act` on one after the other, each in its own transaction, until one returns True.

    Returns False if none did. Workers run this concurrently, so `act` locks its item without waiting for another worker,
    checks again that it is due, and returns False if there is nothing to do; its writes are committed in any case.
    """
    async with pool.acquire() as conn:
        due = await list_due(conn)
    for item in due:
        async with transaction(pool) as conn:
            done = await act(conn, item)
        if done:
            return True
    return False


async def with_retries(work: Callable[[], Awaitable[T]], *, times: int = 5) -> T:
    """Returns the result of `work`, which is repeated after a deadlock or serialization failure, up to `times` times."""
    for attempt in range(times - 1):
        try:
            return await work()
        except RETRYABLE:
            await asyncio.sleep(0.01 * 2**attempt)
    return await work()


def one(row: Record | None, kind: type[T]) -> T | None:
    """The row as a Struct, None for None. Raises msgspec.ValidationError, which names a mismatching column."""
    return None if row is None else msgspec.convert(row, kind)


def many(rows: Iterable[Record], kind: type[T]) -> list[T]:
    """The rows as Structs. Raises msgspec.ValidationError."""
    return msgspec.convert(list(rows), list[kind])  # type: ignore[valid-type]


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Transposes rows to one array per column, as `unnest` takes them. `width` is the number of columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
