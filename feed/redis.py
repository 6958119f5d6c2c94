"""Redis: the client, and a circuit that keeps a dead Redis from slowing everybody down.

Nothing here is needed to be right: whoever asks catches UNREACHABLE and goes on without.
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

# Every way in which Redis fails to answer: away, hanging, loading, read-only, out of memory.
UNREACHABLE = (redis.exceptions.RedisError, OSError, TimeoutError)

_CONNECT_SECONDS = 0.25
_ANSWER_SECONDS = 0.5
_REST_SECONDS = 1.0


class Resting(redis.exceptions.ConnectionError):
    """A moment ago Redis could not be reached; nobody tries again yet."""


class RestingPool(BlockingConnectionPool):
    """Remembers for a second that no connection could be made; then one caller tries while the others go on without."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    _rests_until = 0.0

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        if connection.is_connected:
            await super().ensure_connection(connection)
            return
        now = self.clock()
        if now < self._rests_until:
            raise Resting
        if self._rests_until:
            self._rests_until = now + _REST_SECONDS
        try:
            await super().ensure_connection(connection)
        except UNREACHABLE:
            self._rests_until = self.clock() + _REST_SECONDS
            raise
        self._rests_until = 0.0


def connect(url: str, *, size: int = 32) -> Redis:
    """A client that opens its connections when they are needed. It never repeats a command by itself."""
    return Redis.from_pool(
        RestingPool.from_url(
            url,
            max_connections=size,
            timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    )


class Script:
    """A Lua script by its digest. Its keys share one hash tag, so that a cluster can run it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis_client: Redis, keys: list[str], args: list[Any]) -> Any:
        """What the script returns; a server that does not know it yet gets the source."""
        try:
            return await redis_client.evalsha(self._digest, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            return await redis_client.eval(self.source, len(keys), *keys, *args)

    async def run_each(self, redis_client: Redis, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """What the script returns for each key with its arguments, in one round trip; None for a call that failed.

        Each call has a key of its own, so the keys need not share a slot.
        """
        answers = await self._pipe(redis_client, calls)
        if any(isinstance(answer, redis.exceptions.NoScriptError) for answer in answers):
            # None of them ran: the server knows a script or does not.
            await redis_client.script_load(self.source)
            answers = await self._pipe(redis_client, calls)
        return [None if isinstance(answer, Exception) else answer for answer in answers]

    async def _pipe(self, redis_client: Redis, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        pipeline = redis_client.pipeline(transaction=False)
        for key, args in calls:
            pipeline.evalsha(self._digest, 1, key, *args)
        return await pipeline.execute(raise_on_error=False)
