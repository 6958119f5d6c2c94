"""A connection that cannot be trusted: sometimes the request never arrives, sometimes its answer does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random


class Dropping:
    """What a proxy did to the requests that came by."""

    def __init__(self, port: int, chance: Random) -> None:
        self.port = 0
        self.lost_requests = 0
        self.lost_answers = 0
        self._to = port
        self._chance = chance

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request per connection: carried there and back, or lost on either way."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            fate = self._chance.random()
            request = await _message(reader)
            if fate < 0.15:
                self.lost_requests += 1
            else:
                there, back = await asyncio.open_connection("127.0.0.1", self._to)
                back.write(request)
                if fate < 0.25:
                    # Gone before the server has answered, perhaps before it has committed.
                    self.lost_answers += 1
                    await asyncio.sleep(self._chance.random() * 0.01)
                else:
                    answer = await _message(there)
                    if fate < 0.45:
                        self.lost_answers += 1
                    else:
                        writer.write(answer)
                        await writer.drain()
                back.close()
        writer.close()


@asynccontextmanager
async def dropping(port: int, seed: int) -> AsyncIterator[Dropping]:
    """A proxy before `port` while the block runs."""
    proxy = Dropping(port, Random(seed))
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
    )
    return head + await reader.readexactly(length)
