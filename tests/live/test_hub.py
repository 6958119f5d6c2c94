"""The hub of streams over readers of a test: what is sent, when, and to whom."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.live.events import encode_events, id_of, read_id, state_of
from feed.live.hub import MAX_PER_ACCOUNT, Hub
from feed.live.model import ANYONE, Access, TooManyStreams
from feed.live.readers import Reader
from feed.live.stream import Stream
from feed.live.topics import Topic, TopicKind
from tests.support.waiting import HANG_SECONDS

POST, OTHER = Topic("post", 1), Topic("post", 2)


class Counts:
    """The states of posts; `reads` has the keys of each read."""

    def __init__(self) -> None:
        self.likes = {1: 0, 2: 0}
        self.reads: list[list[int]] = []
        self.failing = False

    async def read(self, keys: Sequence[int]) -> Mapping[int, Any]:
        self.reads.append(list(keys))
        if self.failing:
            raise TimeoutError
        return {key: {"likes": self.likes[key]} for key in keys if key in self.likes}


class Client:
    """A client that takes what is sent, or nothing while it is `stalled`."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_open = True
        self.taking = asyncio.Event()
        self.taking.set()

    async def send(self, piece: bytes, more: bool) -> None:
        await self.taking.wait()
        self.pieces.append(piece)
        self.is_open = more

    @property
    def text(self) -> str:
        return b"".join(self.pieces).decode()


async def nothing_ended(_: Sequence[Access]) -> set[Access]:
    return set()


def hub_over(counts: Counts, *, most: int = 100, check: Callable[..., Awaitable[set[Access]]] = nothing_ended) -> Hub:
    kinds: dict[TopicKind, Reader] = {"post": Reader(counts.read, most)}
    return Hub(kinds, check)


def joined(hub: Hub, client: Client, *topics: Topic, access: Access = ANYONE, known: str = "") -> Stream:
    stream = hub.join(topics, access, None, known=read_id(known))
    stream.handler = None
    client.pieces.append(hub.begin(stream, client.send))
    return stream


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


async def test_all_streams_about_a_post_cost_one_read_and_get_its_state() -> None:
    counts, clients = Counts(), [Client() for _ in range(50)]
    hub = hub_over(counts)
    for client in clients:
        joined(hub, client, POST)
    await until(lambda: all('"likes":0' in client.text for client in clients))
    assert len(counts.reads) <= 3
    assert {tuple(keys) for keys in counts.reads if keys} == {(1,)}
    counts.likes[1] = 7
    await until(lambda: all('"likes":7' in client.text for client in clients))
    await hub.close()
    assert hub.size == 0


async def test_changes_while_a_piece_is_on_its_way_become_one_event() -> None:
    counts, client = Counts(), Client()
    hub = hub_over(counts)
    joined(hub, client, POST)
    await until(lambda: '"likes":0' in client.text)
    client.taking.clear()
    for likes in (1, 2, 3):
        counts.likes[1] = likes
        reads = len(counts.reads)
        await until(lambda before=reads: len(counts.reads) > before + 1)  # type: ignore[misc]
    client.taking.set()
    await until(lambda: '"likes":3' in client.text)
    assert '"likes":2' not in client.text
    await hub.close()


async def test_a_failing_read_keeps_streams_and_the_next_one_serves_them() -> None:
    counts, client = Counts(), Client()
    counts.failing = True
    hub = hub_over(counts)
    joined(hub, client, POST)
    await until(lambda: len(counts.reads) >= 2)
    assert client.is_open
    counts.failing = False
    await until(lambda: '"likes":0' in client.text)
    await hub.close()


async def test_an_unexpected_error_ends_streams_so_that_their_clients_come_back() -> None:
    async def broken(_: Sequence[int]) -> Mapping[int, Any]:
        raise ZeroDivisionError

    hub, client = Hub({"post": Reader(broken, 10)}, nothing_ended), Client()
    joined(hub, client, POST)
    await until(lambda: not client.is_open)
    assert "event: end" in client.text
    assert hub.size == 0


async def test_a_stream_that_joins_while_the_reading_ends_is_served() -> None:
    counts, first, second = Counts(), Client(), Client()
    hub = hub_over(counts)
    stream = joined(hub, first, POST)
    [reading] = [each for each in asyncio.all_tasks() if each.get_name() == "read the states of streams"]
    await until(lambda: '"likes":0' in first.text)
    hub.leave(stream)
    while not reading.done():
        await asyncio.sleep(0)
    joined(hub, second, OTHER)
    await until(lambda: '"likes":0' in second.text)
    counts.likes[2] = 4
    await until(lambda: '"likes":4' in second.text)
    await hub.close()
    assert hub.size == 0


async def test_of_very_many_topics_each_has_its_turn() -> None:
    counts, client = Counts(), Client()
    hub = hub_over(counts, most=1)
    joined(hub, client, POST, OTHER)
    await until(lambda: client.text.count("event: post") == 2)
    counts.likes |= {1: 1, 2: 1}
    await until(lambda: client.text.count('"likes":1') == 2)
    assert max(map(len, counts.reads)) == 1
    await hub.close()


async def test_a_stream_of_an_account_whose_access_has_ended_ends_alone() -> None:
    ended = Access(AccountId(1), token="a")

    async def check(_: Sequence[Access]) -> set[Access]:
        return {ended}

    hub, clients = hub_over(Counts(), check=check), [Client(), Client(), Client()]
    for client, access in zip(clients, (ended, Access(AccountId(1), token="b"), ANYONE), strict=True):
        joined(hub, client, POST, access=access)
    await until(lambda: not clients[0].is_open)
    assert "access_ended" in clients[0].text
    assert clients[1].is_open
    assert clients[2].is_open
    await hub.close()


async def test_places_of_an_account_are_free_again_when_streams_leave() -> None:
    hub, access = hub_over(Counts()), Access(AccountId(1), token="a")
    opened = [joined(hub, Client(), POST, access=access) for _ in range(MAX_PER_ACCOUNT)]
    with pytest.raises(TooManyStreams):
        joined(hub, Client(), POST, access=access)
    hub.leave(opened[0])
    hub.leave(opened[0])
    joined(hub, Client(), POST, access=access)
    await hub.close()


def test_an_id_names_states_and_not_their_places() -> None:
    states = [state_of(POST, {"likes": 1}), state_of(OTHER, {"likes": 1})]
    assert states[0].token != states[1].token
    events = encode_events(states, ())
    assert events.count(b"id: ") == 2
    last = id_of([each.token for each in states])
    assert f"id: {last}\n".encode() in events
    assert read_id(last) == {each.token for each in states}
    assert encode_events(states, [each.token for each in states]) == b""
    assert encode_events([None, states[1]], ()).count(b"event: ") == 1
    for unusable in (None, "", "x" * 10_000):
        assert read_id(unusable) == frozenset()
