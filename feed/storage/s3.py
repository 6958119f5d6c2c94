"""S3, and what speaks its protocol: OSS, COS, OBS, MinIO.

Bodies are sent as they are, each in one request: never in signed chunks with a trailer, which some of these
refuse. Objects are removed one by one for the same reason.
"""

import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from feed.storage.names import PROBES, require_name, require_prefix
from feed.storage.protocol import SignedRequest, StorageMisconfigured, StorageUnavailable, StoredObject
from feed.storage.s3_bucket import S3Bucket, server_address
from feed.storage.s3_writer import BucketNotFound, S3Writer

log = structlog.get_logger("feed.storage")

PIECE_BYTES = 1024 * 1024
_CONNECT_SECONDS = 2
_REQUEST_SECONDS = 20
_RETRIES = 1
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_PROBE = b"feed writes this to check its settings, and removes it"


class S3Storage:
    """A bucket. `close` has nothing to do: connections end with the process."""

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket
        self._store = _open(bucket, bucket.endpoint)
        self._writer = S3Writer(self._store)
        self._public = _open(bucket, bucket.public_endpoint) if bucket.public_endpoint else self._store

    def __repr__(self) -> str:
        return f"S3Storage({self._bucket!r})"

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        with _unavailable("put"):
            await self._writer.put(require_name(name), content, content_type=content_type)

    async def find(self, name: str) -> StoredObject | None:
        with _unavailable("find"):
            try:
                return _object(await obstore.head_async(self._store, require_name(name)))
            except FileNotFoundError:
                return None

    async def read(self, name: str, *, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """In requests of their own, so that a slow reader holds no connection; all pieces are of one version of the object.

        Raises FileNotFoundError, StorageUnavailable.
        """
        require_name(name)
        if length is None:
            with _unavailable("read"):
                found = await obstore.head_async(self._store, name)
            length = max(0, int(found["size"]) - start)
        end, etag = start + length, None
        while start < end:
            options: obstore.GetOptions = {"range": (start, min(end, start + PIECE_BYTES))}
            if etag is not None:
                options["if_match"] = etag
            with _unavailable("read"):
                result = await obstore.get_async(self._store, name, options=options)
                # Some servers do not look at the condition.
                if etag not in (None, result.meta["e_tag"]):
                    raise StorageUnavailable
                etag = result.meta["e_tag"]
                piece = bytes(await result.bytes_async())
            if not piece:
                return
            start += len(piece)
            yield piece

    async def remove(self, names: Sequence[str]) -> None:
        with _unavailable("remove"):
            for name in names:
                await self._remove(require_name(name))

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        require_prefix(prefix)
        pages = obstore.list(self._store, prefix, chunk_size=500)
        while True:
            with _unavailable("list"):
                page = await anext(pages, None)
            if page is None:
                return
            for each in page:
                yield _object(each)

    async def sign_put(self, name: str, *, byte_count: int, valid_for: timedelta) -> SignedRequest:
        """Signed for the public endpoint, and the host alone: a browser adds headers of its own."""
        with _unavailable("sign"):
            return SignedRequest(await obstore.sign_async(self._public, "PUT", require_name(name), valid_for), {})

    async def check(self) -> None:
        """Raises StorageMisconfigured with the setting to look at, StorageUnavailable."""
        name = f"{PROBES}{secrets.token_hex(8)}"
        with self._explained():
            await self._writer.put(name, _PROBE, content_type="text/plain")
            try:
                result = await obstore.get_async(self._store, name)
                if bytes(await result.bytes_async()) != _PROBE:
                    raise StorageMisconfigured(
                        f"FEED_MEDIA_S3_ENDPOINT: {self._bucket.endpoint} answers, but is no object storage"
                    )
                await self._check_public(name)
            finally:
                await self._remove(name)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _remove(self, name: str) -> None:
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return  # Some answer so for what does not exist.

    async def _check_public(self, name: str) -> None:
        """That what is signed for the public endpoint is accepted there. This machine may not reach it: clients do."""
        if self._public is self._store:
            return
        signed = await obstore.sign_async(self._public, "PUT", name, timedelta(minutes=1))
        try:
            async with httpx.AsyncClient(timeout=_CONNECT_SECONDS, trust_env=False) as client:
                answer = await client.put(signed, content=_PROBE, headers={"content-type": "image/jpeg"})
        except httpx.TransportError:
            log.warning("the public endpoint of the media storage cannot be reached from here")
            return
        if not answer.is_success and answer.status_code < 500:
            raise StorageMisconfigured(
                f"FEED_MEDIA_S3_PUBLIC_ENDPOINT: {self._bucket.public_endpoint} refuses what is signed for it: {_said(answer.text)}"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Sorts what a check meets into settings that cannot be right and a storage that may answer later."""
        bucket = self._bucket
        try:
            yield
        except (FileNotFoundError, BucketNotFound) as error:
            raise StorageMisconfigured(
                f"FEED_MEDIA_STORE or FEED_MEDIA_S3_ADDRESSING: there is no bucket {bucket.name!r} at {bucket.endpoint} "
                f"with {bucket.addressing} addressing: {_said(str(error))}"
            ) from None
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise StorageMisconfigured(
                f"FEED_MEDIA_S3_KEY_ID, FEED_MEDIA_S3_KEY_SECRET or FEED_MEDIA_S3_REGION: {bucket.endpoint} "
                f"does not let us write to the bucket {bucket.name!r}: {_said(str(error))}"
            ) from None
        except BaseError as error:
            status = _STATUS.search(str(error))
            if status is None or int(status[1]) in (408, 429, 500, 502, 503, 504):
                raise StorageUnavailable from error
            raise StorageMisconfigured(
                f"FEED_MEDIA_S3_ENDPOINT or FEED_MEDIA_S3_ADDRESSING: {bucket.endpoint} refuses our requests: {_said(str(error))}"
            ) from None


def _open(bucket: S3Bucket, endpoint: str) -> S3Store:
    address = server_address(bucket, endpoint)
    return S3Store(
        bucket.name,
        # By both names: one of them alone would give way to a variable of the environment.
        endpoint=address,
        aws_endpoint_url_s3=address,
        region=bucket.region,
        access_key_id=bucket.key_id,
        secret_access_key=bucket.key_secret,
        session_token="",
        skip_signature=False,
        virtual_hosted_style_request=bucket.addressing == "virtual",
        unsigned_payload=False,
        disable_bulk_delete=True,
        disable_tagging=True,
        client_options={
            "allow_http": address.startswith("http://"),
            "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
            "timeout": timedelta(seconds=_REQUEST_SECONDS),
        },
        retry_config={
            "max_retries": _RETRIES,
            "retry_timeout": timedelta(seconds=_REQUEST_SECONDS),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
        },
    )


@contextmanager
def _unavailable(operation: str) -> Iterator[None]:
    """A missing object stays a FileNotFoundError; everything else that the storage answers is an outage for the caller."""
    try:
        yield
    except BaseError as error:
        log.warning(
            "media storage unavailable", operation=operation, error=type(error).__name__, said=_said(str(error))
        )
        raise StorageUnavailable from error


def _object(meta: "obstore.ObjectMeta") -> StoredObject:
    return StoredObject(meta["path"], meta["size"], (meta["e_tag"] or "").strip('"'), meta["last_modified"])


def _said(text: str) -> str:
    """The code of an answer, or its status: never the whole text, which may be a page of a proxy."""
    code, status = _CODE.search(text), _STATUS.search(text)
    return code[1] if code else f"HTTP {status[1]}" if status else "no answer"
