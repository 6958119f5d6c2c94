"""Ends a request that waits too long, for its client or for its handler, until the answer has begun.

One timer looks at all open requests twice a second: a timer for each would cost more than the rest of the shield.
"""

import asyncio
from typing import Any

from litestar.types import Message, Receive, Send

from feed.api.errors import BodyTooSlow, TookTooLong
from feed.errors import FeedError

# A handler's statements end by themselves after five seconds; who is not done by then waits for what does not come.
HANDLER_SECONDS = 15.0
# 256 KB in half a minute is the slowest network that still shows a page; nobody needs ten seconds for the next byte.
BODY_SECONDS = 30.0
BYTE_SECONDS = 10.0

_TICK_SECONDS = 0.5
_NEVER = float("inf")


async def _closed() -> Any:
    return {"type": "http.disconnect"}


async def _closed_send(_: Message) -> None:
    return None


class Patience:
    """One request, while it is open: `async with`, and its own `receive` and `send`."""

    __slots__ = ("_body_until", "_receive", "_receiving", "_send", "_task", "_watch", "lost", "until")

    def __init__(self, watch: "Watch", receive: Receive, send: Send) -> None:
        self._watch = watch
        self._receive = receive
        self._send = send
        self._task: asyncio.Task[Any] | None = None
        self._body_until = 0.0
        self._receiving = False
        self.until = _NEVER
        self.lost: FeedError | None = None

    async def __aenter__(self) -> "Patience":
        self._task = asyncio.current_task()
        self.until = self._watch.add(self) + HANDLER_SECONDS
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._watch.open.discard(self)
        # The server waits for the rest of a body until nobody holds these any more, and a request that was cancelled
        # hangs in a cycle with its exception until the collector comes by.
        self._receive, self._send = _closed, _closed_send
        if self.lost is None or self._task is None:
            return False
        # As asyncio.timeout does: a cancellation that is not ours goes on.
        return self._task.uncancel() <= 0 and kind is asyncio.CancelledError

    def end(self) -> None:
        """Cancels the request; `lost` says why."""
        self.until = _NEVER
        self.lost = BodyTooSlow() if self._receiving else TookTooLong(retry_after=2)
        if self._task is not None:
            self._task.cancel()

    async def receive(self) -> Any:
        """The next part of the body. A stream, whose answer has begun, only learns here that its client has gone."""
        if self.until == _NEVER:
            return await self._receive()
        now = self._watch.now()
        self._body_until = self._body_until or now + BODY_SECONDS
        self._receiving = True
        self.until = min(now + BYTE_SECONDS, self._body_until)
        message = await self._receive()
        self._receiving = False
        self.until = self._watch.now() + HANDLER_SECONDS
        return message

    async def send(self, message: Message) -> None:
        """Passes the answer on; with its first part the waiting ends."""
        self.until = _NEVER
        self.lost = None
        await self._send(message)


class Watch:
    """The open requests of one event loop, and the timer that looks at them."""

    def __init__(self) -> None:
        self.open: set[Patience] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> float:
        """The loop's clock."""
        return asyncio.get_running_loop().time()

    def add(self, request: Patience) -> float:
        """From now on it is watched. Returns the time."""
        loop = asyncio.get_running_loop()
        self.open.add(request)
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(_TICK_SECONDS, self._tick)
        return loop.time()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for request in [request for request in self.open if request.until <= now]:
            request.end()
        if self.open:
            loop.call_later(_TICK_SECONDS, self._tick)
        else:
            # The next request starts it again.
            self._loop = None
