"""Timeouts of requests: for the next bytes of a body, for the whole body, and for the handler until its response begins.

One timer checks all open requests twice a second: a timer per request would cost more than the rest of the middleware.
"""

import asyncio
from typing import Any

from litestar.types import Message, Receive, Send

from feed.api.errors import BodyTooSlow, TookTooLong
from feed.errors import FeedError

# Statements time out after five seconds; a handler that takes three times as long is stuck.
HANDLER_SECONDS = 15.0
# 256 KB in 30 seconds is the slowest usable network; ten seconds without a byte is a stalled connection.
BODY_SECONDS = 30.0
BYTE_SECONDS = 10.0
AGAIN_SECONDS = 5.0

# In the request's state: its RequestTimeout.
REQUEST_TIMEOUT = "request_timeout"

_TICK_SECONDS = 0.5
_NEVER = float("inf")


async def _closed_receive() -> Any:
    return {"type": "http.disconnect"}


async def _closed_send(_: Message) -> None:
    return None


class RequestTimeout:
    """The timeouts of one request: an async context manager with the request's `receive` and `send`.

    After the block `error` is BodyTooSlow or TookTooLong if the request was cancelled, else None.
    """

    __slots__ = (
        "_body_deadline",
        "_cancellations",
        "_receive",
        "_receiving",
        "_scheduler",
        "_send",
        "_task",
        "deadline",
        "error",
    )

    def __init__(self, scheduler: "TimeoutScheduler", receive: Receive, send: Send) -> None:
        self._scheduler = scheduler
        self._receive = receive
        self._send = send
        self._task: asyncio.Task[Any] | None = None
        self._body_deadline = 0.0
        self._receiving = False
        self._cancellations = 0
        self.deadline = _NEVER
        self.error: FeedError | None = None

    async def __aenter__(self) -> "RequestTimeout":
        self._task = asyncio.current_task()
        self.deadline = self._scheduler.add(self) + HANDLER_SECONDS
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._scheduler.open.discard(self)
        # The server waits for the rest of a body until these are released, and a cancelled request is in a reference
        # cycle with its exception until the garbage collector runs.
        self._receive, self._send = _closed_receive, _closed_send
        if self._task is None:
            return False
        left = 0
        while self._cancellations > 0:
            self._cancellations -= 1
            left = self._task.uncancel()
        # As asyncio.timeout does: a cancellation by other code propagates.
        return self.error is not None and left <= 0 and kind is asyncio.CancelledError

    def expire(self) -> None:
        """Cancels the request; `error` says why. A cancellation that gets lost, or cleaning up that is stuck, is followed by another."""
        self.deadline = self._scheduler.now() + AGAIN_SECONDS
        self.error = self.error or (BodyTooSlow() if self._receiving else TookTooLong(retry_after=2))
        if self._task is not None:
            self._cancellations += 1
            self._task.cancel()

    async def receive(self) -> Any:
        """The next message of the client. Without a timeout once the response has begun: streams only wait for a disconnect."""
        if self.deadline == _NEVER:
            return await self._receive()
        now = self._scheduler.now()
        self._body_deadline = self._body_deadline or now + BODY_SECONDS
        self._receiving = True
        self.deadline = min(now + BYTE_SECONDS, self._body_deadline)
        message = await self._receive()
        self._receiving = False
        self.deadline = self._scheduler.now() + HANDLER_SECONDS
        return message

    def allow_body(self, seconds: float) -> None:
        """Gives the whole body more time than others have, from now on; ten seconds without a byte still end it."""
        self._body_deadline = self._scheduler.now() + seconds

    async def send(self, message: Message) -> None:
        """Sends a part of the response; the first part ends the timeouts."""
        self.deadline = _NEVER
        self.error = None
        await self._send(message)


class TimeoutScheduler:
    """The open requests of one event loop, and the timer that checks their deadlines."""

    def __init__(self) -> None:
        self.open: set[RequestTimeout] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> float:
        """The time of the running event loop, in seconds."""
        return asyncio.get_running_loop().time()

    def add(self, request: RequestTimeout) -> float:
        """Starts checking the deadline of a request. Returns the current time of the event loop, in seconds."""
        loop = asyncio.get_running_loop()
        self.open.add(request)
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(_TICK_SECONDS, self._tick)
        return loop.time()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for request in [request for request in self.open if request.deadline <= now]:
            request.expire()
        if self.open:
            loop.call_later(_TICK_SECONDS, self._tick)
        else:
            # The next request starts the timer again.
            self._loop = None
