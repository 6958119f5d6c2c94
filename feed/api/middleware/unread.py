"""Large responses, sent in pieces as the client reads them, and a limit for what all clients together have not read yet."""

import asyncio
from collections import Counter
from typing import Any

from litestar.types import HTTPResponseBodyEvent, HTTPScope, Send

from feed.api.client_address import address_group
from feed.api.connections import Client, Connections

# A smaller one is handed to the server at once, which holds what the client has not read; its request is over then, and frees as much as a
# wait in pieces would. Each piece costs as much time as some 30 KB. A page of twenty posts with nine photos each is below it.
LARGE_BYTES = 98_304
_PIECE_BYTES = 8_192
MAX_UNREAD_BYTES = 32_000_000


class _Unread:
    """A large response that is being sent."""

    __slots__ = ("address", "client", "ended", "size", "task")

    def __init__(self, task: "asyncio.Task[Any]", client: Client | None, size: int) -> None:
        self.task = task
        self.client = client
        # A network of IPv6 is assigned as a /64: its user has all addresses of it.
        self.address = address_group(client[0]) if client is not None else ""
        self.size = size
        self.ended = False


class UnreadResponses:
    """The large responses of a process that are being sent; first the one that has waited longest for its client."""

    def __init__(self, connections: Connections, *, max_bytes: int = MAX_UNREAD_BYTES) -> None:
        self._connections = connections
        self._max_bytes = max_bytes
        self._open: dict[_Unread, None] = {}
        self._bytes: Counter[str] = Counter()  # By address.

    async def send(self, scope: HTTPScope, message: HTTPResponseBodyEvent, send: Send) -> None:
        """Sends a body of more than LARGE_BYTES in pieces, each after the client has read most of those before.

        Where all responses would be too much, the address with the most bytes loses the one that waits longest for its client,
        and its connection.
        """
        body = message["body"]
        task = asyncio.current_task()
        assert task is not None
        response = _Unread(task, scope["client"], len(body))
        while self._open and self._bytes.total() + response.size > self._max_bytes:
            self._end(self._slowest())
        self._open[response] = None
        self._bytes[response.address] += response.size
        try:
            for start in range(0, len(body), _PIECE_BYTES):
                end = start + _PIECE_BYTES
                await send({**message, "body": body[start:end], "more_body": message["more_body"] or end < len(body)})
                if self._open.pop(response, response) is None:
                    self._open[response] = None
        except asyncio.CancelledError:
            if not response.ended or task.uncancel() > 0:
                raise
        finally:
            self._forget(response)

    def _slowest(self) -> _Unread:
        # Not the slowest of all: in a flood of new responses that would soon be one of any other address.
        address = max(self._bytes, key=self._bytes.__getitem__)
        return next(response for response in self._open if response.address == address)

    def _end(self, response: _Unread) -> None:
        response.ended = True
        self._forget(response)
        response.task.cancel()
        # The server still holds the pieces that it was given, until the connection is closed.
        self._connections.end(response.client)

    def _forget(self, response: _Unread) -> None:
        if self._open.pop(response, response) is None:
            self._bytes[response.address] -= response.size
            if not self._bytes[response.address]:
                del self._bytes[response.address]
