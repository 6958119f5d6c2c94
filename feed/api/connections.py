"""Ends connections of clients that do not read what they asked for, and those of one address beyond its share.

The server buffers what a client does not read and has no limit for it, so the kernel is asked: how much is unsent, and how much
was acknowledged since. Linux only.
"""

import asyncio
import fcntl
import os
import socket
import struct
import sys
import termios
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from typing import NamedTuple

import structlog

from feed.api.client_address import address_group
from feed.tasks import stop_tasks

log = structlog.get_logger("feed.api.connections")

Client = tuple[str, int]

# A response that is read steadily, however slowly, passes; a phone on a bad network reads faster than this.
SLOWEST_BYTES_PER_SECOND = 4_096
SLOW_SECONDS = 20.0
# Of the connections that a process serves, for one address or /64 of IPv6; with a trusted proxy all are the proxy's.
MAX_PER_ADDRESS = 512
_SCAN_SECONDS = 1.0
_SCAN_LOAD = 20

# The offset of tcpi_bytes_acked in Linux' struct tcp_info.
_ACKED_OFFSET = 120
_INFO_BYTES = 192
# Closing discards what is unsent instead of keeping it in the kernel.
_DISCARD = struct.pack("ii", 1, 0)


class _Progress(NamedTuple):
    """When a connection was first seen with unsent bytes, and how many were acknowledged then."""

    since: float
    acked: int


class Connections:
    """The connections that a process has accepted, looked at once a second in a thread."""

    def __init__(
        self,
        *,
        max_per_address: int | None,
        slow_seconds: float = SLOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_per_address` None: addresses are not counted, as all connections are those of a proxy."""
        self._max_per_address = max_per_address
        self._slow_seconds = slow_seconds
        self._clock = clock
        self._unread: dict[str, _Progress] = {}
        self._to_end: set[Client] = set()
        self._ports: set[int] = set()

    def end(self, client: Client | None) -> None:
        """Ends the connection of this peer with the next scan, whatever it has read."""
        if client is not None:
            self._to_end.add(client)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Scans once a second inside of the block."""
        watching = asyncio.create_task(self._watch(), name="watch connections") if sys.platform == "linux" else None
        try:
            yield
        finally:
            if watching is not None:
                await stop_tasks(watching)

    async def _watch(self) -> None:
        pause = _SCAN_SECONDS
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            ended = await asyncio.to_thread(self.scan)
            # Thousands of open streams take longer: scans take a twentieth of a processor at most.
            pause = max(_SCAN_SECONDS, _SCAN_LOAD * (time.monotonic() - began))
            if ended:
                log.info("connections ended", count=ended)

    def scan(self) -> int:
        """Looks at every connection once. Returns the number of those that were ended."""
        to_end, self._to_end = self._to_end, set()
        unread: dict[str, _Progress] = {}
        per_address: Counter[str] = Counter()
        now = self._clock()
        ended = 0
        for name, connection in _accepted(self._ports):
            with suppress(OSError):
                peer: Client = connection.getpeername()[:2]
                address = address_group(peer[0])
                per_address[address] += 1
                if peer in to_end or self._is_beyond_share(per_address[address]):
                    ended += _end(connection)
                    continue
                if not _unsent(connection):
                    continue
                acked = _acked(connection)
                progress = unread[name] = self._unread.get(name, _Progress(now, acked))
                seconds = now - progress.since
                if seconds > self._slow_seconds and acked - progress.acked < SLOWEST_BYTES_PER_SECOND * seconds:
                    ended += _end(connection)
        self._unread = unread
        return ended

    def _is_beyond_share(self, count: int) -> bool:
        return self._max_per_address is not None and count > self._max_per_address


def _accepted(ports: set[int]) -> Iterator[tuple[str, socket.socket]]:
    """A duplicate of each accepted TCP connection of this process, with a name that no other open socket has; it is closed after its
    turn, so that thousands of connections need no twice as many descriptors.

    `ports` are those that the process listens on as far as known; it is brought up to date.
    """
    if not ports:
        ports |= {each.getsockname()[1] for _, each in _sockets() if _listens(each)}
    listening = set()
    for name, each in _sockets():
        with suppress(OSError):
            port = each.getsockname()[1]
            if _listens(each):
                listening.add(port)
            elif port in ports:
                yield name, each
    ports &= listening
    ports |= listening


def _listens(each: socket.socket) -> bool:
    return bool(each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _sockets() -> Iterator[tuple[str, socket.socket]]:
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            name = os.readlink(f"/proc/self/fd/{descriptor}")
            if not name.startswith("socket:"):
                continue
            # The server may close its descriptor at any time; this one stays what it is.
            with closing(socket.socket(fileno=os.dup(int(descriptor)))) as duplicate:
                if duplicate.family in (socket.AF_INET, socket.AF_INET6) and duplicate.type == socket.SOCK_STREAM:
                    yield name, duplicate


def _unsent(connection: socket.socket) -> int:
    """The bytes in the kernel that the peer has not acknowledged."""
    return int.from_bytes(fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def _acked(connection: socket.socket) -> int:
    """The bytes that the peer has acknowledged so far."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    return int(struct.unpack_from("=Q", info, _ACKED_OFFSET)[0])


def _end(connection: socket.socket) -> int:
    """Ends the connection for the server too, which holds the same socket. Returns 1."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
    connection.shutdown(socket.SHUT_RDWR)
    return 1
