"""What is special about a folder: files appear whole, and clients write them through the API."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from feed.storage.grants import UploadGrants, upload_key_of
from feed.storage.local import LocalStorage
from feed.storage.protocol import StorageMisconfigured, WrongSize

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
GRANTS = UploadGrants("http://feed.test/media/uploads", upload_key_of(b"secret"))


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "media", GRANTS)


def files(tmp_path: Path) -> list[str]:
    """All files of the storage, with those that are being written."""
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for each in given:
        yield each


async def test_a_file_is_received_as_it_arrives(storage: LocalStorage, tmp_path: Path) -> None:
    content = [os.urandom(100_000) for _ in range(12)]
    await storage.receive("incoming/k1/1", pieces(*content), byte_count=1_200_000)
    assert (tmp_path / "media/incoming/k1/1").read_bytes() == b"".join(content)
    assert files(tmp_path) == ["media/incoming/k1/1"]


@pytest.mark.parametrize("given", [(b"1234",), (b"123456",), (b"123", b"456"), (), (b"12345", b"")])
async def test_only_what_was_announced_is_kept(storage: LocalStorage, tmp_path: Path, given: tuple[bytes, ...]) -> None:
    if len(b"".join(given)) == 5:
        await storage.receive("incoming/k1/1", pieces(*given), byte_count=5)
        assert files(tmp_path) == ["media/incoming/k1/1"]
        return
    with pytest.raises(WrongSize):
        await storage.receive("incoming/k1/1", pieces(*given), byte_count=5)
    assert files(tmp_path) == []


async def test_an_endless_body_is_stopped_at_its_announced_size(storage: LocalStorage) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    with pytest.raises(WrongSize):
        await storage.receive("incoming/k1/1", endless(), byte_count=5000)
    assert sent == 6000


async def test_a_client_that_leaves_leaves_nothing(storage: LocalStorage, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 500_000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await storage.receive("incoming/k1/1", broken(), byte_count=1_000_000)
    assert files(tmp_path) == []

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 500_000
        await asyncio.sleep(60)

    task = asyncio.create_task(storage.receive("incoming/k1/1", slow(), byte_count=1_000_000))
    await asyncio.sleep(0.1)
    assert len(files(tmp_path)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


async def test_a_file_has_its_name_only_when_it_is_whole(storage: LocalStorage, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    async def looked_at() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 300_000
            seen.append([name for name in files(tmp_path) if "incoming" in name])

    await storage.receive("incoming/k1/1", looked_at(), byte_count=1_200_000)
    assert seen == [[]] * 4
    assert files(tmp_path) == ["media/incoming/k1/1"]


async def test_a_replaced_file_is_the_old_one_until_it_is_the_new_one(storage: LocalStorage) -> None:
    await storage.put("media/k1/a", b"old" * 100_000, content_type="image/webp")
    reading = storage.read("media/k1/a")
    first = await anext(reading)
    await storage.put("media/k1/a", b"new" * 100_000, content_type="image/webp")
    assert first + b"".join([piece async for piece in reading]) == b"old" * 100_000


async def test_what_a_killed_process_was_writing_is_removed_by_the_next_check(
    storage: LocalStorage, tmp_path: Path
) -> None:
    await storage.check()
    folder = tmp_path / "media/.temporary"
    for name, age in (("dead", 7200), ("alive", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (datetime.now().timestamp() - age,) * 2)
    await storage.check()
    assert files(tmp_path) == ["media/.temporary/alive"]


async def test_files_are_for_the_application_alone(storage: LocalStorage, tmp_path: Path) -> None:
    await storage.put("media/k1/a", b"x", content_type="image/webp")
    for folder in ("media", "media/media", "media/media/k1", "media/.temporary"):
        assert (tmp_path / folder).stat().st_mode & 0o077 == 0, folder


async def test_removing_and_writing_in_the_same_folder_at_once_loses_nothing(storage: LocalStorage) -> None:
    async def write(number: int) -> None:
        for _ in range(20):
            await storage.put(f"media/k1/{number}", b"x", content_type="image/webp")
            await storage.remove([f"media/k1/{number}"])

    await asyncio.gather(*(write(number) for number in range(6)))
    await storage.put("media/k1/last", b"x", content_type="image/webp")
    assert [each.name async for each in storage.list("media/")] == ["media/k1/last"]


async def test_folders_may_vanish_at_any_step_of_a_write(storage: LocalStorage, tmp_path: Path) -> None:
    """Another process removes empty folders as fast as it can, at each level."""
    finished = threading.Event()

    def remove_empty_folders() -> None:
        while not finished.is_set():
            for folder in ("media/media/k1/deep", "media/media/k1", "media/media"):
                with suppress(OSError):
                    (tmp_path / folder).rmdir()

    remover = threading.Thread(target=remove_empty_folders)
    remover.start()
    try:
        for number in range(300):
            name = f"media/k1/deep/{number}"
            await storage.put(name, b"x", content_type="image/webp")
            assert await storage.find(name) is not None
            await storage.remove([name])
    finally:
        finished.set()
        remover.join()


@pytest.mark.parametrize("place", ["a file", "below a file"])
async def test_a_folder_that_cannot_be_written_is_named_at_the_start(tmp_path: Path, place: str) -> None:
    (tmp_path / "media").write_bytes(b"")
    root = tmp_path / ("media" if place == "a file" else "media/deeper")
    with pytest.raises(StorageMisconfigured, match="FEED_MEDIA_STORE"):
        await LocalStorage(root, GRANTS).check()


async def test_an_address_of_an_upload_is_for_one_file_of_one_size_until_it_expires(storage: LocalStorage) -> None:
    signed = await storage.sign_put("incoming/k1/2", byte_count=5, valid_for=timedelta(hours=1))
    parts = urlsplit(signed.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "http://feed.test/media/uploads/incoming/k1/2"
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    given = {"name": "incoming/k1/2", "byte_count": 5, "until": int(query["until"]), "grant": query["grant"]}
    now = datetime.now(UTC)
    assert query["announced"] == "5"
    assert GRANTS.is_granted(**given, now=now)  # type: ignore[arg-type]
    for changed in (
        {"name": "incoming/k1/3"},
        {"name": "media/k1/full.webp"},
        {"byte_count": 6},
        {"until": int(query["until"]) + 1},
        {"grant": ""},
        {"grant": query["grant"][:-1]},
        {"grant": "你好"},
    ):
        assert not GRANTS.is_granted(**given | changed, now=now)  # type: ignore[arg-type]
    assert not GRANTS.is_granted(**given, now=now + timedelta(hours=1, seconds=2))  # type: ignore[arg-type]
    other = UploadGrants(GRANTS.base, upload_key_of(b"of another installation"))
    assert not other.is_granted(**given, now=now)  # type: ignore[arg-type]
    assert str(GRANTS.key) not in repr(storage.grants)
