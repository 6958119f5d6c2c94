"""Redis: the client, a circuit breaker that keeps requests fast while Redis is unavailable, and Lua scripts.

Correctness never depends on Redis: callers catch UNREACHABLE and continue without it.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis.exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# Every error of an unavailable Redis: down, hanging, loading, read-only, out of memory.
UNREACHABLE = (redis.exceptions.RedisError, OSError, TimeoutError)

_CONNECT_SECONDS = 0.25
_RESPONSE_SECONDS = 0.5
_OPEN_SECONDS = 1.0


class CircuitOpen(redis.exceptions.ConnectionError):
    """Redis was unreachable a moment ago; no connection is attempted yet."""


class CircuitBreakerPool(BlockingConnectionPool):
    """A circuit breaker: after a failed connect no other is attempted for a second; then one caller tries again."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    _open_until = 0.0

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        if connection.is_connected:
            await super().ensure_connection(connection)
            return
        now = self.clock()
        if now < self._open_until:
            raise CircuitOpen
        if self._open_until:
            self._open_until = now + _OPEN_SECONDS
        try:
            await super().ensure_connection(connection)
        except UNREACHABLE:
            self._open_until = self.clock() + _OPEN_SECONDS
            raise
        self._open_until = 0.0


def connect(url: str, *, size: int = 32) -> Redis:
    """A client that connects lazily and does not retry commands."""
    return Redis.from_pool(
        CircuitBreakerPool.from_url(
            url,
            max_connections=size,
            timeout=_RESPONSE_SECONDS,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_RESPONSE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    )


class Script:
    """A Lua script, called by its digest. All keys of a call must share a hash tag, for Redis Cluster."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis_client: Redis, keys: list[str], args: list[Any]) -> Any:
        """The result of the script. The source is sent if the server does not know the digest."""
        try:
            return await redis_client.evalsha(self._digest, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            return await redis_client.eval(self.source, len(keys), *keys, *args)

    async def run_each(self, redis_client: Redis, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """The result of the script for each key with its arguments, in one round trip; None for a failed call.

        Each call has a single key, so the keys need not share a hash slot.
        """
        answers = await self._pipe(redis_client, calls)
        if any(isinstance(answer, redis.exceptions.NoScriptError) for answer in answers):
            # Then none of the calls ran, so all can be repeated.
            await redis_client.script_load(self.source)
            answers = await self._pipe(redis_client, calls)
        return [None if isinstance(answer, Exception) else answer for answer in answers]

    async def _pipe(self, redis_client: Redis, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        pipeline = redis_client.pipeline(transaction=False)
        for key, args in calls:
            pipeline.evalsha(self._digest, 1, key, *args)
        return await pipeline.execute(raise_on_error=False)
