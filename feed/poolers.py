"""Poolers in front of Postgres: whether a connection has a session of the server to itself, and keeps prepared statements."""

import asyncpg

from feed.postgres import Pool


class NoSession(Exception):
    """The URL leads through a pooler in transaction mode; the message is for the operator."""


async def require_session(url: str) -> None:
    """Raises NoSession unless a connection to this URL has a session of its own, for locks of a session and LISTEN."""
    if await is_shared(url):
        raise NoSession(
            "该地址经过事务模式的连接池，请把 FEED_DATABASE_DIRECT_URL 设为数据库本身的地址。\n"
            "This address leads through a pooler in transaction mode: set FEED_DATABASE_DIRECT_URL to the server itself."
        )


async def is_shared(url: str) -> bool:
    """Whether two connections to this URL are served by one session of the server: a pooler in transaction mode.

    Such a connection has no session of its own, which locks of migrations and LISTEN need. Raises an error of the connection.
    """
    one = await asyncpg.connect(url, timeout=5, command_timeout=5, statement_cache_size=0)
    try:
        other = await asyncpg.connect(url, timeout=5, command_timeout=5, statement_cache_size=0)
        try:
            # A pooler that turns through its sessions comes back to one of a few.
            pids = [{await conn.fetchval("SELECT pg_backend_pid()") for _ in range(8)} for conn in (one, other)]
        finally:
            await other.close(timeout=5)
    finally:
        await one.close(timeout=5)
    return len(pids[0]) > 1 or not pids[0].isdisjoint(pids[1])


async def keeps_statements(pool: Pool) -> bool:
    """Whether a prepared statement can be used on every session of the server behind a pooler."""
    async with pool.acquire() as one, pool.acquire() as other:
        await one.fetchval("SELECT $1::int", 1)
        # This takes the session that has the statement, so that the next one is run by another one.
        await other.execute("BEGIN")
        try:
            await one.fetchval("SELECT $1::int", 1)
        except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
            return False
        finally:
            await other.execute("ROLLBACK")
    return True
