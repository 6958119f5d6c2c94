"""Postgres: the connection pool, transactions, retries, and conversion of rows to Structs."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
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

# The one table of errors that are no fault of the statement: the server restarts, is full, takes no writes, or does not
# respond in time. The API returns 503 for them and 500 for all others, also for class XX (damaged data), which no retry mends.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,  # 08; PgBouncer reports all its own errors as 08P01.
    asyncpg.ReadOnlySQLTransactionError,  # 25006: a standby, a demoted primary, or a server set to read-only.
    asyncpg.IdleInTransactionSessionTimeoutError,  # 25P03
    asyncpg.TransactionTimeoutError,  # 25P04
    asyncpg.InvalidSQLStatementNameError,  # 26000 and 42P05: a pooler that does not keep prepared statements.
    asyncpg.DuplicatePreparedStatementError,
    asyncpg.InvalidAuthorizationSpecificationError,  # 28: a password that has been changed.
    asyncpg.InvalidCatalogNameError,  # 3D000
    asyncpg.StatementCompletionUnknownError,  # 40003
    *RETRYABLE,  # 40001 and 40P01, when no further repetition is due.
    asyncpg.InsufficientResourcesError,  # 53: a full disk, no memory, no connections.
    asyncpg.LockNotAvailableError,  # 55P03
    asyncpg.OperatorInterventionError,  # 57: shutdown, crash, start, and cancelled statements.
    asyncpg.PostgresSystemError,  # 58: input or output.
    asyncpg.InterfaceError,
    # Raised by asyncpg when the server has just closed the connection, or is a standby.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)

STATEMENT_SECONDS = 5.0
CLOSE_SECONDS = 1.0
_CONNECT_SECONDS = 10.0
# Statements that asyncpg keeps prepared per connection, as it does by default.
STATEMENT_CACHE = 100


class _TimedPool(Pool):
    """A pool with the timeout of its transactions, and the time at which its connections were last expired."""

    statement_seconds = STATEMENT_SECONDS
    expired_at = 0.0


class _Attempt:
    """One run of repeatable work, and whether it has committed anything."""

    __slots__ = ("committed",)

    def __init__(self) -> None:
        self.committed = False


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


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
    url: str,
    *,
    size: int,
    statement_seconds: float = STATEMENT_SECONDS,
    min_size: int = 1,
    statement_cache: int = STATEMENT_CACHE,
) -> "asyncpg.Pool[Record]":
    """Opens a pool whose statements and transactions time out after `statement_seconds`.

    The timeouts of transactions are set by `transaction`. Those of single statements, and settings of performance, belong to
    the session: a pooler in transaction mode drops them, and then the timeout of the client ends a statement a second later.
    """
    milliseconds = str(int(statement_seconds * 1000))
    session = {
        "application_name": "feed",
        "default_transaction_isolation": "read committed",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
        "jit": "off",
        # Statements are short: starting parallel workers costs more than it saves.
        "max_parallel_workers_per_gather": "0",
    }
    accepted = session

    async def connect(*args: Any, **kwargs: Any) -> Any:
        nonlocal accepted
        try:
            return await asyncpg.connect(*args, **kwargs, server_settings=accepted)
        except asyncpg.ProtocolViolationError as error:
            # PgBouncer rejects what it does not know and is not configured to ignore.
            if accepted is not session or "startup parameter" not in str(error):
                raise
        accepted = {"application_name": session["application_name"]}
        return await asyncpg.connect(*args, **kwargs, server_settings=accepted)

    # A demoted primary is left, and of several hosts the primary is chosen.
    target: dict[str, Any] = {} if "target_session_attrs=" in url else {"target_session_attrs": "primary"}
    pool = _TimedPool(
        url,
        min_size=min_size,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        timeout=_CONNECT_SECONDS,
        command_timeout=statement_seconds + 1,
        statement_cache_size=statement_cache,
        connect=connect,
        init=prepare_connection,
        reset=_reset,
        setup=None,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=Record,
        **target,
    )
    pool.statement_seconds = statement_seconds
    await pool
    return pool


async def close_pool(pool: "asyncpg.Pool[Record]", *, within: float = CLOSE_SECONDS) -> None:
    """Closes a pool when its connections are free, after `within` seconds as they are: a server may never respond."""
    try:
        async with asyncio.timeout(within):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _reset(conn: "asyncpg.Connection[Record]") -> None:
    # The default reset costs a round trip per use. Our sessions have no state except an open transaction.
    if conn.is_in_transaction():
        await conn.execute("ROLLBACK")


@asynccontextmanager
async def transaction(pool: "asyncpg.Pool[Record]") -> AsyncIterator[Connection]:
    """A connection with a transaction, committed at the end of the block, rolled back on an exception.

    It reads what is committed, whatever the default of the database is. The timeouts are part of the transaction: no transaction
    with a time before a deadline is still running ten seconds later, on which the settlement relies.
    """
    async with writing(pool) as conn:
        if conn.is_in_transaction():
            async with conn.transaction():
                yield conn
            return
        begin, commit = transaction_statements(
            getattr(pool, "statement_seconds", STATEMENT_SECONDS), conn.get_server_version().major
        )
        try:
            await conn.execute(begin)
            yield conn
            await conn.execute(commit)
        except BaseException:
            # A connection that was lost is with the pool already.
            with suppress(asyncpg.InterfaceError):
                if conn.is_in_transaction():
                    await conn.execute("ROLLBACK")
            raise
        note_commit()


@asynccontextmanager
async def writing(pool: "asyncpg.Pool[Record]") -> AsyncIterator[Connection]:
    """A connection for single statements that write. Connections to a server that takes no writes are replaced."""
    try:
        async with pool.acquire() as conn:
            yield conn
    except asyncpg.ReadOnlySQLTransactionError:
        now = time.monotonic()
        # Once a second: a server that is meant to be read-only must not be asked for a connection by each request.
        if isinstance(pool, _TimedPool) and now - pool.expired_at > 1:
            pool.expired_at = now
            await pool.expire_connections()
        raise


@lru_cache
def transaction_statements(seconds: float, version: int) -> tuple[str, str]:
    """The statements that begin and commit a transaction, each in one round trip.

    Before version 17, which has `transaction_timeout`, the transaction's age is checked with the commit.
    """
    milliseconds = int(seconds * 1000)
    limit = "transaction_timeout" if version >= 17 else "feed.transaction_timeout"
    begin = "; ".join(
        [
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            f"SET LOCAL statement_timeout = {milliseconds}",
            # Shorter, because the end of the transaction's time also ends the connection.
            f"SET LOCAL lock_timeout = {milliseconds * 4 // 5}",
            f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds}",
            f"SET LOCAL {limit} = {milliseconds}",
        ]
    )
    return begin, "COMMIT" if version >= 17 else "SELECT require_transaction_in_time(); COMMIT"


def note_commit() -> None:
    """Records that the current request or job has changed something, so that it is not repeated as a whole."""
    attempt = _attempt.get()
    if attempt is not None:
        attempt.committed = True


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
    """Returns the result of `work`, which is repeated after a deadlock or serialization failure, up to `times` times.

    Work that has committed a transaction before is not repeated, as it might act twice.
    """
    for number in range(times):
        attempt = _Attempt()
        token = _attempt.set(attempt)
        try:
            return await work()
        except RETRYABLE:
            if attempt.committed or number == times - 1:
                raise
        finally:
            _attempt.reset(token)
        await asyncio.sleep(0.01 * 2**number * random.uniform(0.5, 1.5))  # noqa: S311
    raise AssertionError


def one(row: Record | None, kind: type[T]) -> T | None:
    """The row as a Struct, None for None. Raises msgspec.ValidationError, which names a mismatching column."""
    return None if row is None else msgspec.convert(row, kind)


def many(rows: Iterable[Record], kind: type[T]) -> list[T]:
    """The rows as Structs. Raises msgspec.ValidationError."""
    return msgspec.convert(list(rows), list[kind])  # type: ignore[valid-type]


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Transposes rows to one array per column, as `unnest` takes them. `width` is the number of columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
