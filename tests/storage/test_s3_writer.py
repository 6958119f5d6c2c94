"""Writing objects of a bucket: what is signed, and what is left of a request that does not end."""

import asyncio
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from feed.storage.protocol import StorageUnavailable
from feed.storage.s3_signature import signed_headers
from tests.support.s3_server import S3Server, until_asked
from tests.support.waiting import HANG_SECONDS

BUCKET = "feed-media"


def test_the_signature_is_that_of_the_published_example() -> None:
    """Amazon S3 API Reference, "Signature Calculations for the Authorization Header", example "PUT Object"."""
    headers = signed_headers(
        method="PUT",
        path="/test%24file.text",
        headers={
            "Host": "examplebucket.s3.amazonaws.com",
            "Date": "Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
        },
        sha256=sha256(b"Welcome to Amazon S3.").hexdigest(),
        at=datetime(2013, 5, 24, tzinfo=UTC),
        region="us-east-1",
        key_id="AKIAIOSFODNN7EXAMPLE",
        key_secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    )


@pytest.mark.parametrize("length", [5, 30_000_000])
async def test_a_failure_that_passes_is_tried_again_with_the_whole_body(
    s3_server: S3Server, tmp_path: Path, length: int
) -> None:
    storage, file = s3_server.storage(BUCKET), tmp_path / "file"
    content = os.urandom(length)
    file.write_bytes(content)
    for each in (content, file):
        s3_server.failures = 1
        await storage.put("media/w1/a", each, content_type="video/mp4")
        assert b"".join([piece async for piece in storage.read("media/w1/a")]) == content
    s3_server.failures = 2
    with pytest.raises(StorageUnavailable):
        await storage.put("media/w1/a", file, content_type="video/mp4")
    assert s3_server.failures == 0


async def test_what_cannot_succeed_is_not_tried_again(s3_server: S3Server) -> None:
    for changed in ({"key_id": "AKIDOTHEROTHER"}, {"name": "no-such-bucket"}):
        before = len(s3_server.requests)
        with pytest.raises(StorageUnavailable):
            await s3_server.storage(**({"name": BUCKET} | changed)).put("media/w2/a", b"x", content_type="image/webp")
        assert len(s3_server.requests) == before + 1


async def test_a_cancelled_write_leaves_nothing(s3_server: S3Server, tmp_path: Path) -> None:
    storage, file = s3_server.storage(BUCKET), tmp_path / "file"
    file.write_bytes(os.urandom(40_000_000))
    opened = len(os.listdir("/proc/self/fd"))
    before, s3_server.holding = len(s3_server.requests), True
    try:
        task = asyncio.create_task(storage.put("media/w3/a", file, content_type="video/mp4"))
        await until_asked(s3_server, before + 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        s3_server.holding = False
    # Nor a part of an upload in parts, which no list would show.
    assert [each.method for each in s3_server.requests[before:]] == ["PUT"]
    async with asyncio.timeout(HANG_SECONDS):
        # The server itself lists its temporary file until it has seen that the client has gone.
        while [each async for each in storage.list("media/w3/")]:
            await asyncio.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) <= opened + 5
    await storage.put("media/w3/a", file, content_type="video/mp4")
