import asyncio
from typing import Any

from feed.api.connections import Connections
from feed.api.middleware.unread import LARGE_BYTES, UnreadResponses
from tests.support.waiting import HANG_SECONDS

BODY = bytes(range(256)) * 1000


class Reader:
    """A client that reads nothing until it may."""

    def __init__(self) -> None:
        self.received = b""
        self.pieces: list[bool] = []
        self.may_read = asyncio.Event()

    async def take(self, message: Any) -> None:
        await self.may_read.wait()
        await asyncio.sleep(0)
        self.received += message["body"]
        self.pieces.append(message["more_body"])


class Ending(Connections):
    def __init__(self) -> None:
        super().__init__(max_per_address=None)
        self.ended: list[Any] = []

    def end(self, client: Any) -> None:
        self.ended.append(client)


def start(responses: UnreadResponses, reader: Reader, port: int, *, address: str = "127.0.0.1") -> "asyncio.Task[None]":
    scope: Any = {"client": (address, port)}
    message: Any = {"type": "http.response.body", "body": BODY, "more_body": False}
    return asyncio.create_task(responses.send(scope, message, reader.take))


async def test_a_large_body_is_sent_in_pieces_that_end_once() -> None:
    reader = Reader()
    reader.may_read.set()
    await start(UnreadResponses(Ending()), reader, 1)
    assert reader.received == BODY
    assert reader.pieces == [True] * (len(reader.pieces) - 1) + [False]
    assert len(reader.pieces) > len(BODY) / LARGE_BYTES


async def test_the_slowest_clients_lose_their_response_when_all_together_are_too_much() -> None:
    connections = Ending()
    responses = UnreadResponses(connections, max_bytes=3 * len(BODY))
    readers = [Reader() for _ in range(5)]
    sending = []
    for port, reader in enumerate(readers):
        sending.append(start(responses, reader, port))
        await asyncio.sleep(0)
    done, waiting = await asyncio.wait(sending, timeout=0)
    assert done == set(sending[:2])
    assert waiting == set(sending[2:])
    assert connections.ended == [("127.0.0.1", 0), ("127.0.0.1", 1)]
    for reader in readers:
        reader.may_read.set()
    # Neither those that were ended nor those that ended by themselves raise or still count.
    await asyncio.gather(*sending)
    assert [reader.received == BODY for reader in readers] == [False, False, True, True, True]
    assert not responses._bytes


async def test_a_client_that_reads_does_not_count_as_slow_however_long_it_takes() -> None:
    connections = Ending()
    responses = UnreadResponses(connections, max_bytes=2 * len(BODY))
    steady, stalled, new = Reader(), Reader(), Reader()
    first = start(responses, steady, 0)
    await asyncio.sleep(0)
    second = start(responses, stalled, 1)
    await asyncio.sleep(0)
    steady.may_read.set()
    async with asyncio.timeout(HANG_SECONDS):
        while not steady.pieces:
            await asyncio.sleep(0)
    third = start(responses, new, 2)
    await asyncio.wait([first, second])
    assert connections.ended == [("127.0.0.1", 1)]
    assert steady.received == BODY
    new.may_read.set()
    await third


async def test_the_address_with_the_most_unread_bytes_loses_a_response_first() -> None:
    connections = Ending()
    responses = UnreadResponses(connections, max_bytes=4 * len(BODY))
    sending = [start(responses, Reader(), 1, address="127.0.0.9")]
    await asyncio.sleep(0)
    for port in range(2, 6):
        sending.append(start(responses, Reader(), port, address="127.0.0.2"))
        await asyncio.sleep(0)
    assert connections.ended == [("127.0.0.2", 2)]
    for task in sending:
        task.cancel()
    await asyncio.wait(sending)
    assert not responses._bytes


async def test_the_addresses_of_one_network_count_together() -> None:
    connections = Ending()
    responses = UnreadResponses(connections, max_bytes=6 * len(BODY))
    sending = []
    for address in ("2001:db8:1::1", "127.0.0.9", "127.0.0.9", *(f"2001:db8:2::{host}" for host in range(1, 5))):
        sending.append(start(responses, Reader(), 1, address=address))
        await asyncio.sleep(0)
    assert connections.ended == [("2001:db8:2::1", 1)]
    for task in sending:
        task.cancel()
    await asyncio.wait(sending)


async def test_one_response_larger_than_the_limit_is_sent() -> None:
    responses = UnreadResponses(Ending(), max_bytes=len(BODY) - 1)
    reader = Reader()
    reader.may_read.set()
    await start(responses, reader, 1)
    assert reader.received == BODY


async def test_another_cancellation_is_not_swallowed() -> None:
    responses = UnreadResponses(Ending())
    task = start(responses, Reader(), 1)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not responses._bytes
