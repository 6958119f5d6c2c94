"""What holds for every object storage: a folder, and a server that checks signatures, addressed in both ways."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feed.storage.grants import UploadGrants
from feed.storage.local import LocalStorage
from feed.storage.protocol import ObjectStorage, StorageUnavailable
from tests.support.s3_server import HOST, S3Server

MEGABYTE = 1024 * 1024


def local(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "media", UploadGrants("http://feed.test/media/uploads", b"key"))


@pytest.fixture(params=["folder", "s3 by path", "s3 by host"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStorage]:
    if request.param == "folder":
        yield local(tmp_path)
        return
    server: S3Server = request.getfixturevalue("s3_server")
    bucket = f"media-{os.urandom(4).hex()}"
    server.make_bucket(bucket)
    if request.param == "s3 by path":
        yield server.storage(bucket)
    else:
        # As no resolver knows the host.
        monkeypatch.setenv("http_proxy", server.url)
        yield server.storage(bucket, addressing="virtual", endpoint=f"http://{HOST}")
    assert server.refused == []


async def bytes_of(storage: ObjectStorage, name: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in storage.read(name, start=start, length=length)])


async def names_below(storage: ObjectStorage, prefix: str) -> list[str]:
    return sorted([each.name async for each in storage.list(prefix)])


async def test_an_object_is_what_was_put(storage: ObjectStorage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    await storage.put("media/k1/list.webp", b"picture", content_type="image/webp")
    found = await storage.find("media/k1/list.webp")
    assert found is not None
    assert (found.name, found.byte_count) == ("media/k1/list.webp", 7)
    assert found.etag
    assert '"' not in found.etag
    assert before <= found.written_at <= datetime.now(UTC) + timedelta(seconds=2)
    assert await bytes_of(storage, "media/k1/list.webp") == b"picture"


async def test_a_second_put_replaces_the_first(storage: ObjectStorage) -> None:
    await storage.put("media/k1/a", b"first", content_type="image/webp")
    before = await storage.find("media/k1/a")
    await storage.put("media/k1/a", b"second one", content_type="image/webp")
    after = await storage.find("media/k1/a")
    assert before is not None
    assert after is not None
    assert before.etag != after.etag
    assert await bytes_of(storage, "media/k1/a") == b"second one"


async def test_a_large_file_is_put_and_read_in_pieces(storage: ObjectStorage, tmp_path: Path) -> None:
    content = os.urandom(12 * MEGABYTE + 17)
    file = tmp_path / "original"
    file.write_bytes(content)
    await storage.put("media/k2/video.mp4", file, content_type="video/mp4")
    pieces = [piece async for piece in storage.read("media/k2/video.mp4")]
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= MEGABYTE
    for start, length in ((0, 1), (0, 2), (12 * MEGABYTE, 17), (MEGABYTE - 1, MEGABYTE + 2), (5, None)):
        end = None if length is None else start + length
        assert await bytes_of(storage, "media/k2/video.mp4", start, length) == content[start:end]


async def test_an_empty_object_is_an_object(storage: ObjectStorage) -> None:
    await storage.put("media/k1/empty", b"", content_type="image/webp")
    found = await storage.find("media/k1/empty")
    assert found is not None
    assert found.byte_count == 0
    assert await bytes_of(storage, "media/k1/empty") == b""


async def test_what_does_not_exist_is_not_found(storage: ObjectStorage) -> None:
    await storage.put("media/k1/a", b"x", content_type="image/webp")
    assert await storage.find("media/none/a") is None
    with pytest.raises(FileNotFoundError):
        await bytes_of(storage, "media/none/a")
    with pytest.raises(FileNotFoundError):
        await bytes_of(storage, "media/none/a", 0, 5)


async def test_a_folder_that_is_not_mounted_is_an_outage_and_no_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        await bytes_of(local(tmp_path), "media/k1/a")


async def test_removing_twice_is_removing_once(storage: ObjectStorage) -> None:
    for name in ("media/k3/a", "media/k3/b", "media/k4/a"):
        await storage.put(name, b"x", content_type="image/webp")
    await storage.remove(["media/k3/a", "media/k3/b", "media/none/a"])
    await storage.remove(["media/k3/a"])
    assert await storage.find("media/k3/a") is None
    assert await names_below(storage, "media/k3/") == []
    assert await names_below(storage, "media/") == ["media/k4/a"]


async def test_a_folder_lists_its_objects_and_no_neighbours(storage: ObjectStorage) -> None:
    for name in ("incoming/k1/1", "incoming/k1/2", "incoming/k10/1", "media/k1/list.webp"):
        await storage.put(name, b"xy", content_type="image/webp")
    assert await names_below(storage, "incoming/k1/") == ["incoming/k1/1", "incoming/k1/2"]
    assert await names_below(storage, "incoming/") == ["incoming/k1/1", "incoming/k1/2", "incoming/k10/1"]
    assert [each.byte_count async for each in storage.list("media/")] == [2]
    assert await names_below(storage, "probes/") == []


async def test_no_name_leads_out_of_the_storage_or_is_made_by_users(storage: ObjectStorage, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(b"secret")
    for name in (
        "../secret",
        "media/../../secret",
        "/etc/passwd",
        str(outside),
        "media//a",
        "media/./a",
        "media/.hidden",
        ".temporary/a",
        "media/a/",
        "",
        "media/照片.jpg",
        "media/a b",
        "media/a+b",
        "media/a?b",
        "media/a#b",
        "media/a%2e",
        "media/a\0",
        "media/a\n",
        "media\\a",
        "m" * 201,
    ):
        with pytest.raises(ValueError, match="name of an object"):
            await storage.put(name, b"x", content_type="image/webp")
        with pytest.raises(ValueError, match="name of an object"):
            await storage.find(name)
        with pytest.raises(ValueError, match="name of an object"):
            await bytes_of(storage, name)
        with pytest.raises(ValueError, match="name of an object"):
            await storage.remove([name])
        with pytest.raises(ValueError, match="name of an object"):
            await storage.sign_put(name, byte_count=1, valid_for=timedelta(minutes=1))
    for prefix in ("media", "../", "/", "", "media/../"):
        with pytest.raises(ValueError, match="object"):
            await names_below(storage, prefix)
    assert outside.read_bytes() == b"secret"


async def test_keys_of_our_making_are_the_same_in_urls_and_signatures(storage: ObjectStorage) -> None:
    for name in ("media/Ab-_9.x/list.webp", "incoming/-a/10", "media/a..b/c"):
        await storage.put(name, name.encode(), content_type="image/webp")
        assert await bytes_of(storage, name) == name.encode()
        signed = await storage.sign_put(name, byte_count=1, valid_for=timedelta(minutes=1))
        assert f"/{name}?" in signed.url


async def test_concurrent_writers_of_one_object_leave_one_whole_object(storage: ObjectStorage) -> None:
    contents = [bytes([number]) * (300_000 + number) for number in range(8)]
    await asyncio.gather(*(storage.put("media/k5/a", each, content_type="image/webp") for each in contents))
    assert await bytes_of(storage, "media/k5/a") in contents


async def test_a_storage_that_works_passes_its_check_and_keeps_nothing_of_it(storage: ObjectStorage) -> None:
    await storage.check()
    assert await names_below(storage, "probes/") == []
    await storage.close()


async def test_a_reader_that_leaves_early_holds_nothing(storage: ObjectStorage) -> None:
    await storage.put("media/k6/a", b"x" * (3 * MEGABYTE), content_type="image/webp")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        reading = storage.read("media/k6/a")
        assert await anext(reading)
        await reading.aclose()
    # Connections to a server may stay open, one for all of them.
    assert len(os.listdir("/proc/self/fd")) <= before + 10


async def test_an_outage_is_one_error(s3_server: S3Server, tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"a file where the folder should be")
    nowhere = s3_server.storage("feed-media", endpoint="http://127.0.0.1:1")
    for storage in (local(tmp_path), nowhere):
        with pytest.raises(StorageUnavailable):
            await storage.put("media/k/a", b"x", content_type="image/webp")
    for call in (nowhere.find("media/k/a"), bytes_of(nowhere, "media/k/a"), names_below(nowhere, "media/")):
        with pytest.raises(StorageUnavailable):
            await call
    with pytest.raises(StorageUnavailable):
        await nowhere.remove(["media/k/a"])
