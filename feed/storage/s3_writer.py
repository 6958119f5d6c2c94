"""Writes objects of a bucket: each by one request, which is streamed, with the signed SHA-256 of its body.

The library that reads has two ways to write: the whole file in memory, or the multipart protocol, whose parts of five megabytes are in
memory, and stay in the bucket where no list shows them if the process is killed. One request needs a piece of memory, and is an object
or nothing.
"""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import httpx
from obstore.exceptions import BaseError, GenericError, PermissionDeniedError, UnauthenticatedError

from feed.storage.s3_bucket import S3Bucket, object_address
from feed.storage.s3_signature import signed_headers

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

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket
        self._trusted = _trusted()

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        """Writes an object, complete or not at all. Raises BaseError as the library does, with the status of the answer if there is one."""
        length, sha256 = await asyncio.to_thread(_measure, content)
        within = _REQUEST_SECONDS + length / _SLOWEST_BYTES_PER_SECOND
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(within):
                    answer = await self._send(name, content, length, sha256, content_type)
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
        self, name: str, content: bytes | Path, length: int, sha256: str, content_type: str
    ) -> httpx.Response:
        url = httpx.URL(object_address(self._bucket, name))
        headers = signed_headers(
            method="PUT",
            path=url.raw_path.decode(),
            headers={"host": url.netloc.decode(), "content-type": content_type},
            sha256=sha256,
            at=datetime.now(UTC),
            region=self._bucket.region,
            key_id=self._bucket.key_id,
            key_secret=self._bucket.key_secret,
        )
        timeout = httpx.Timeout(_REQUEST_SECONDS, connect=_CONNECT_SECONDS)
        async with (
            httpx.AsyncClient(verify=self._trusted, timeout=timeout) as client,
            aclosing(_pieces(content)) as pieces,
        ):
            # With a length, so that it is not sent in chunks, which some servers refuse.
            return await client.put(url, content=pieces, headers=headers | {"content-length": str(length)})


def _trusted() -> ssl.SSLContext:
    """The certificates that the system trusts, as the library does that reads, and those of a package where the system has none."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _measure(content: bytes | Path) -> tuple[int, str]:
    """How many bytes there are, and their SHA-256."""
    if isinstance(content, bytes):
        return len(content), hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()


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
