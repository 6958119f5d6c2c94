"""Invalidation of cached pages in all processes, published through Redis.

Correctness does not depend on it: a page is cached for a second at most.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec
import structlog
from redis.asyncio import Redis

from feed.redis import UNREACHABLE
from feed.tasks import stop_tasks

_CHANNEL = "feed:takedowns"
_POLL_SECONDS = 5.0
_RECONNECT_SECONDS = 1.0

log = structlog.get_logger("feed.screens")


class PageInvalidation:
    """Invalidates cached pages by post, in this process and in the others."""

    def __init__(self, redis: Redis, drop: Callable[[Iterable[int] | None], None]) -> None:
        """`drop(post_ids)` drops this process's cached pages that contain one of the posts; None: all pages."""
        self._redis = redis
        self._drop = drop
        self._pending: set[int] = set()
        self._has_pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def invalidate(self, post_ids: Iterable[int]) -> None:
        """To call after the commit that has hidden or changed these posts."""
        ids = set(post_ids)
        self._drop(ids)
        self._pending |= ids
        self._has_pending.set()

    def start(self) -> None:
        """Starts publishing and the subscription."""
        self._tasks = [
            asyncio.create_task(self._publish(), name="publish invalidated pages"),
            asyncio.create_task(self._subscribe(), name="subscribe to invalidated pages"),
        ]

    async def close(self) -> None:
        """Stops both."""
        await stop_tasks(*self._tasks)

    async def _publish(self) -> None:
        while True:
            await self._has_pending.wait()
            self._has_pending.clear()
            post_ids, self._pending = self._pending, set()
            # Not retried while Redis is unreachable: by the time it is back, the cached pages have expired.
            with suppress(*UNREACHABLE):
                await self._redis.publish(_CHANNEL, msgspec.json.encode(sorted(post_ids)))

    async def _subscribe(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(_CHANNEL)
                    # Messages may have been missed before the subscription.
                    self._drop(None)
                    while True:
                        message = await subscription.get_message(ignore_subscribe_messages=True, timeout=_POLL_SECONDS)
                        if message is not None:
                            self._drop(_decode(message["data"]))
            except UNREACHABLE as error:
                log.info("page invalidation subscription lost", error=type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)


def _decode(data: bytes) -> list[int] | None:
    try:
        return msgspec.json.decode(data, type=list[int])
    except msgspec.MsgspecError:
        return None
