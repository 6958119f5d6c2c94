"""A client of `/v1/events`, which reads events as browsers do."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import msgspec

from tests.support.waiting import HANG_SECONDS


class Event(NamedTuple):
    """An event as it came, with its data decoded."""

    kind: str
    id: str
    data: Any


class EventStream:
    """An open stream. `retry` is the last delay that the server asked for, in milliseconds."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.headers = response.headers
        self.retry = 0
        self.last_id = ""
        self.heartbeats = 0
        self._lines = response.aiter_lines()

    async def next(self, *, seconds: float = HANG_SECONDS) -> Event | None:
        """The next event; None when the stream has ended. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            fields: dict[str, str] = {}
            async for line in self._lines:
                if line.startswith(":"):
                    self.heartbeats += 1
                elif line.startswith("retry: "):
                    self.retry = int(line.removeprefix("retry: "))
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    self.last_id = fields.get("id", self.last_id)
                    return Event(fields["event"], fields.get("id", ""), msgspec.json.decode(fields["data"]))
        return None

    async def first(self, count: int) -> dict[str, Any]:
        """The data of the next `count` events by topic, without the name of the topic."""
        found: dict[str, Any] = {}
        for _ in range(count):
            event = await self.next()
            assert event is not None
            found[event.data.pop("topic")] = event.data
        return found

    async def silence(self, *, seconds: float) -> bool:
        """Whether no event comes for so long."""
        try:
            return await self.next(seconds=seconds) is None
        except TimeoutError:
            return True


@asynccontextmanager
async def open_stream(url: str, topics: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[EventStream]:
    """A stream of the server at this address. Fails unless it is accepted."""
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=HANG_SECONDS) as client,
        client.stream("GET", "/v1/events", params={"topics": topics}, headers=dict(headers or {})) as response,
    ):
        assert response.status_code == 200, (await response.aread()).decode()
        yield EventStream(response)
