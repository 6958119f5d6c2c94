"""Posts that must leave the kept pages at once: told to this process, and through Redis to all the others.

Nothing here is needed to be right: a page is kept for a second at most, told or not.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec
import structlog
from redis.asyncio import Redis

from feed.redis import UNREACHABLE

_CHANNEL = "feed:takedowns"
_LISTEN_SECONDS = 5.0
_AWAY_SECONDS = 1.0

log = structlog.get_logger("feed.screens")


class PageInvalidation:
    """Tells every process which posts its kept pages must no longer show as they were."""

    def __init__(self, redis: Redis, invalidate: Callable[[Iterable[int] | None], None]) -> None:
        """`forget(post_ids)` drops the pages that bear them; None: all pages, for something may have been missed."""
        self._redis = redis
        self._forget = invalidate
        self._told: set[int] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def tell(self, post_ids: Iterable[int]) -> None:
        """Says that a committed transaction has hidden or changed these posts."""
        ids = set(post_ids)
        self._forget(ids)
        self._told |= ids
        self._wake.set()

    def start(self) -> None:
        """Begins to speak and to listen."""
        self._tasks = [asyncio.create_task(self._speak()), asyncio.create_task(self._listen())]

    async def close(self) -> None:
        """Stops both."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _speak(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            told, self._told = self._told, set()
            # Lost, if Redis is away: by the time it is back, the pages have ended by themselves.
            with suppress(*UNREACHABLE):
                await self._redis.publish(_CHANNEL, msgspec.json.encode(sorted(told)))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as heard:
                    await heard.subscribe(_CHANNEL)
                    self._forget(None)
                    while True:
                        message = await heard.get_message(ignore_subscribe_messages=True, timeout=_LISTEN_SECONDS)
                        if message is not None:
                            self._forget(_read(message["data"]))
            except UNREACHABLE as error:
                log.info("takedowns not heard", error=type(error).__name__)
            await asyncio.sleep(_AWAY_SECONDS)


def _read(data: bytes) -> list[int] | None:
    try:
        return msgspec.json.decode(data, type=list[int])
    except msgspec.MsgspecError:
        return None
