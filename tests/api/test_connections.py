import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from feed.api.connections import SLOWEST_BYTES_PER_SECOND, Connections
from tests.support.waiting import HANG_SECONDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux about its sockets")


class Listener:
    """A server's side: accepts connections and sends more than the buffers between both take."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._opened: list[socket.socket] = []

    def connect(self, *, source: str = "127.0.0.1") -> tuple[socket.socket, socket.socket]:
        """The client's and the server's end of a new connection with small buffers."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.bind((source, 0))
        client.connect(self._socket.getsockname())
        accepted, _ = self._socket.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        accepted.setblocking(False)
        self._opened += [client, accepted]
        return client, accepted

    def close(self) -> None:
        for each in [self._socket, *self._opened]:
            each.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    opened = Listener()
    yield opened
    opened.close()


def fill(accepted: socket.socket) -> None:
    """Sends until nothing more fits into the buffers."""
    with suppress(BlockingIOError):
        while True:
            accepted.send(b"x" * 65_536)


def is_open(accepted: socket.socket) -> bool:
    """Whether the server can still send on the connection, or could if the client read."""
    try:
        accepted.send(b"x")
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def test_a_client_that_never_reads_loses_its_connection(listener: Listener) -> None:
    now = [0.0]
    connections = Connections(max_per_address=None, slow_seconds=20, clock=lambda: now[0])
    _, unread = listener.connect()
    _, idle = listener.connect()
    fill(unread)
    assert connections.scan() == 0
    now[0] = 19
    assert connections.scan() == 0
    now[0] = 21
    assert connections.scan() == 1
    assert (is_open(unread), is_open(idle)) == (False, True)


@pytest.mark.parametrize("fast", [True, False])
def test_a_client_that_trickles_loses_its_connection_and_a_steady_one_does_not(listener: Listener, fast: bool) -> None:
    now = [0.0]
    connections = Connections(max_per_address=None, slow_seconds=20, clock=lambda: now[0])
    client, accepted = listener.connect()
    fill(accepted)
    connections.scan()
    client.settimeout(10)
    for second in range(1, 41):
        now[0] = second
        read = 0
        while read < (3 * SLOWEST_BYTES_PER_SECOND if fast else 10):
            read += len(client.recv(8_192 if fast else 10))
        try:
            accepted.send(b"x" * 65_536)
        except BlockingIOError:
            pass
        except OSError:
            break
        connections.scan()
    assert is_open(accepted) is fast


def test_an_address_has_a_share_of_the_connections(listener: Listener) -> None:
    connections = Connections(max_per_address=3)
    many = [listener.connect()[1] for _ in range(5)]
    other = listener.connect(source="127.0.0.2")[1]
    assert connections.scan() == 2
    assert sum(is_open(each) for each in many) == 3
    assert is_open(other)
    assert Connections(max_per_address=None).scan() == 0


def test_a_connection_is_ended_on_request_and_own_connections_to_servers_are_not(listener: Listener) -> None:
    connections = Connections(max_per_address=None)
    client, accepted = listener.connect()
    other = listener.connect()[1]
    connections.end(client.getsockname())
    connections.end(None)
    assert connections.scan() == 1
    assert (is_open(accepted), is_open(other)) == (False, True)
    # The client's ends are in this process too: they are no accepted connections.
    assert client.fileno() > 0
    assert connections.scan() == 0


async def test_connections_are_watched_inside_of_the_block_only(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feed.api.connections._SCAN_SECONDS", 0.01)
    connections = Connections(max_per_address=None)
    first, second = listener.connect(), listener.connect()
    async with connections.watched():
        connections.end(first[0].getsockname())
        async with asyncio.timeout(HANG_SECONDS):
            while is_open(first[1]):
                await asyncio.sleep(0.01)
    connections.end(second[0].getsockname())
    assert is_open(second[1])
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "watch connections"]
