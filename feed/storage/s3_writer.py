"""Writes objects of a bucket: each by one request, which is streamed to an address that the library signs.

The library that reads has two ways to write: the whole file in memory, or the multipart protocol, whose parts of five megabytes are in
memory, and stay in the bucket where no list shows them if the process is killed. One request needs a piece of memory, and is an object
or nothing.
"""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import obstore
from obstore.exceptions import BaseError, GenericError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

PIECE_BYTES = 256 * 1024
_CONNECT_SECONDS = 2
# For each wait; for all of a request there are as many again, and what a slow line needs for its bytes.
_REQUEST_SECONDS = 20
_SLOWEST_BYTES_PER_SECOND = 256 * 1024
_ATTEMPTS = 2
_PAUSE_SECONDS = 0.1
# What the same request may not meet a second time.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_ANSWER_CHARACTERS = 2_000


class BucketNotFound(BaseError):
    """There is no such bucket at the endpoint."""


class S3Writer:
    """Writes to one bucket. Holds no connection between two objects."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self._trusted = _trusted()

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        """Writes an object, complete or not at all. Raises BaseError as the library does, with the status of the answer if there is one."""
        length, md5 = await asyncio.to_thread(_measure, content)
        within = _REQUEST_SECONDS + length / _SLOWEST_BYTES_PER_SECOND
        # With a length, so that it is not sent in chunks, which some servers refuse; with a hash, so that what was damaged is.
        headers = {"content-type": content_type, "content-length": str(length), "content-md5": md5}
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(within):
                    answer = await self._send(name, content, within, headers)
            except (httpx.TransportError, TimeoutError) as error:
                if attempt == _ATTEMPTS:
                    raise GenericError(type(error).__name__) from error
            else:
                if answer.is_success:
                    return
                if attempt == _ATTEMPTS or answer.status_code not in _PASSING:
                    raise _refusal(answer)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(
        self, name: str, content: bytes | Path, within: float, headers: Mapping[str, str]
    ) -> httpx.Response:
        url = await obstore.sign_async(self._store, "PUT", name, timedelta(seconds=within))
        timeout = httpx.Timeout(_REQUEST_SECONDS, connect=_CONNECT_SECONDS)
        async with (
            httpx.AsyncClient(verify=self._trusted, timeout=timeout) as client,
            aclosing(_pieces(content)) as pieces,
        ):
            return await client.put(url, content=pieces, headers=headers)


def _trusted() -> ssl.SSLContext:
    """The certificates that the system trusts, as the library does that reads, and those of a package where the system has none."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _measure(content: bytes | Path) -> tuple[int, str]:
    """How many bytes there are, and their MD5 in Base64 (RFC 1864)."""
    if isinstance(content, bytes):
        return len(content), _in_base64(hashlib.md5(content, usedforsecurity=False).digest())
    with content.open("rb") as file:
        digest = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False))
        return file.tell(), _in_base64(digest.digest())


def _in_base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


async def _pieces(content: bytes | Path) -> AsyncGenerator[bytes, None]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece


def _refusal(answer: httpx.Response) -> BaseError:
    kinds: dict[int, type[BaseError]] = {
        401: UnauthenticatedError,
        403: PermissionDeniedError,
        404: BucketNotFound,
    }
    kind = kinds.get(answer.status_code, GenericError)
    return kind(f"status code: {answer.status_code} {answer.text[:_ANSWER_CHARACTERS]}")
