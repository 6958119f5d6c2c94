"""Writing objects of a bucket: what is tried again, and what is left of a request that does not end."""

import asyncio
import os
from pathlib import Path

import pytest

from feed.storage.protocol import StorageUnavailable
from tests.support.s3_server import S3Server, until_asked
from tests.support.waiting import HANG_SECONDS

BUCKET = "feed-media"


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
