"""An HTTP connection whose bytes a test writes itself."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple


class RawResponse(NamedTuple):
    status: int
    headers: dict[str, str]  # By lower-case name.
    body: bytes


def request(method: str, target: str, headers: Sequence[tuple[str, str]] = (), *, host: str = "feed.test") -> bytes:
    """The bytes of a request without a body."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode()


class RawConnection:
    """One kept-alive connection; requests one after the other."""

    def __init__(self, url: str) -> None:
        self._host, _, port = url.removeprefix("http://").rpartition(":")
        self._port = int(port)

    async def __aenter__(self) -> "RawConnection":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.transport.abort()

    async def exchange(self, sent: bytes) -> RawResponse:
        """The response to the request."""
        self._writer.write(sent)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        status = int(head[0].split()[1])
        length = 0 if status in (204, 304) else int(headers.get("content-length", "0"))
        return RawResponse(status, headers, await self._reader.readexactly(length))
