"""Redis: the client, a circuit breaker that keeps requests fast while Redis is unavailable, and Lua scripts.

Correctness never depends on Redis: callers catch UNREACHABLE and continue without it.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

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


RedisFault = Literal["down", "denied", "loading", "replica", "cluster", "full", "failing", "rejecting"]

FAULTS: dict[RedisFault, tuple[str, str]] = {
    "down": ("无法连接", "cannot be reached"),
    "denied": ("密码或权限不对", "denies access: check password and permissions"),
    "loading": ("正在载入数据", "is loading its data"),
    "replica": ("是只读副本", "is a replica: FEED_REDIS_URL must be the primary"),
    "cluster": ("是集群节点", "is a node of a cluster: FEED_REDIS_URL must be a single server"),
    "full": ("内存已满", "has no memory left (maxmemory)"),
    "failing": ("无法保存到磁盘，已停止写入", "cannot save to disk and has stopped writes (MISCONF)"),
    "rejecting": ("拒绝写入", "rejects writes"),
}
_PROBE = "feed:probe"
# What a server's error begins with or contains.
_SIGNS: tuple[tuple[str, RedisFault], ...] = (
    ("cluster mode", "cluster"),
    ("MISCONF", "failing"),
    ("LOADING", "loading"),
    ("MASTERDOWN", "replica"),
    ("READONLY", "replica"),
    ("OOM", "full"),
    ("NOAUTH", "denied"),
    ("WRONGPASS", "denied"),
)


async def find_fault(redis_client: Redis) -> RedisFault | None:
    """Why this server cannot keep what is written to it; None if it can. It writes one key, in one round trip."""
    pipeline = redis_client.pipeline(transaction=False)
    pipeline.set(_PROBE, b"", px=60_000)
    # A permission for INFO may be missing, and then only the write decides.
    pipeline.info("replication")
    pipeline.info("cluster")
    try:
        written, replication, cluster = await pipeline.execute(raise_on_error=False)
    except UNREACHABLE as error:
        return _fault_of(error)
    if isinstance(cluster, dict) and cluster.get("cluster_enabled"):
        return "cluster"
    if isinstance(replication, dict) and replication.get("role") == "slave":
        return "replica"
    return _fault_of(written) if isinstance(written, Exception) else None


def _fault_of(error: BaseException) -> RedisFault:
    kinds: tuple[tuple[type[Exception], RedisFault], ...] = (
        (redis.exceptions.AuthenticationError, "denied"),
        (redis.exceptions.NoPermissionError, "denied"),
        (redis.exceptions.BusyLoadingError, "loading"),
        (redis.exceptions.ReadOnlyError, "replica"),
        (redis.exceptions.MasterDownError, "replica"),
        (redis.exceptions.ClusterError, "cluster"),
        (redis.exceptions.OutOfMemoryError, "full"),
    )
    for sign, fault in _SIGNS:
        if sign in str(error):
            return fault
    for kind, fault in kinds:
        if isinstance(error, kind):
            return fault
    return "rejecting" if isinstance(error, redis.exceptions.ResponseError) else "down"


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
