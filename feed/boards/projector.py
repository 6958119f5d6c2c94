"""What an API process does for the boards after its commits: projects the posts it has touched, a few times a second."""

import asyncio
import time
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from feed import boards as actions  # type: ignore
from feed.postgres import DOWN, Pool

_EVERY_SECONDS = 0.2
# Projecting takes at most a fifth of the process's time, however expensive a post has become.
_REST = 4

log = structlog.get_logger()


class Projector:
    """Collects touched posts; one task projects them. What it does not live to do, the change log repairs."""

    def __init__(self, pool: Pool, redis: Redis) -> None:
        self._pool = pool
        self._redis = redis
        self._touched: set[int] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def touch(self, post_ids: Iterable[int]) -> None:
        """Says that a committed transaction has changed these posts."""
        self._touched.update(post_ids)
        self._wake.set()

    def start(self) -> None:
        """Begins to project."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stops; what is left is the change log's."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            touched, self._touched = self._touched, set()
            started = time.monotonic()
            try:
                await actions.project(self._pool, self._redis, sorted(touched))
            except (RedisError, *DOWN) as error:
                log.info("boards not written", error=type(error).__name__)
            await asyncio.sleep(max(_EVERY_SECONDS, _REST * (time.monotonic() - started)))
