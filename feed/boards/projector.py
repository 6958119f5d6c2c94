"""The projector of an API process: it writes the posts that the process has changed to the boards after their commits."""

import asyncio
import contextlib
import time
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis

from feed.boards import actions
from feed.postgres import UNAVAILABLE, Pool
from feed.redis import UNREACHABLE
from feed.tasks import stop_tasks

# Hot lists are ranked once a second. The first post after an idle time is projected at once.
_INTERVAL_SECONDS = 1.0
# Projecting takes at most a fifth of the time, also when posts are expensive.
_REST_FACTOR = 4
_EPOCH_SECONDS = 2.0
_RETRY_SECONDS = 1.0
_CLOSE_TIMEOUT_SECONDS = 1.0

log = structlog.get_logger("feed.boards")


class Projector:
    """Collects changed posts, which one task projects. Posts that are lost in a crash are repaired along the change log."""

    def __init__(self, pool: Pool, redis: Redis) -> None:
        self.epoch: str | None = None  # The epoch for reads of the boards; None until it is read from Postgres.
        self._pool = pool
        self._redis = redis
        self._touched: set[int] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def touch(self, post_ids: Iterable[int]) -> None:
        """Schedules posts that a committed transaction has changed."""
        self._touched.update(post_ids)
        if self._touched:
            self._wake.set()

    def start(self) -> None:
        """Starts the task, which also refreshes the epoch."""
        self._task = asyncio.create_task(self.run(), name="project changed posts")

    async def close(self) -> None:
        """Stops the task and writes the remaining posts, with a timeout of one second."""
        if self._task is not None:
            await stop_tasks(self._task)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_SECONDS):
                    await self._project()

    async def run(self) -> None:
        """Projects until it is cancelled."""
        while True:
            started = time.monotonic()
            written = await self._project()
            elapsed = time.monotonic() - started
            await asyncio.sleep(max(_INTERVAL_SECONDS, _REST_FACTOR * elapsed) if written else _RETRY_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EPOCH_SECONDS):
                    await self._wake.wait()

    async def _project(self) -> bool:
        touched, self._touched = self._touched, set()
        self._wake.clear()
        try:
            self.epoch = await actions.project_posts(self._pool, self._redis, sorted(touched))
        except (*UNREACHABLE, *UNAVAILABLE) as error:
            log.info("boards not written", error=type(error).__name__)
            return False
        return True
