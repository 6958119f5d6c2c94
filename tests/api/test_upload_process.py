"""Uploads to a running API process, with a folder and with a bucket: its memory, clients that leave, and a process that is killed."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.media.model import DIRECT_BYTES_MOST
from tests.support.api_process import Server, environment_of
from tests.support.media_files import large_picture, picture
from tests.support.ports import free_port
from tests.support.raw_connection import RawConnection, request
from tests.support.s3_server import KEY_ID, KEY_SECRET, REGION, S3Server, serving_s3, until_asked
from tests.support.waiting import HANG_SECONDS

MOST_BYTES = 2 * 1024 * 1024
BOUNDARY = "feed"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'.encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the process has its temporary files."""
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary" / f"feed-uploads-{os.getuid()}"


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    with serving_s3() as running:
        running.make_bucket("feed-media")
        yield running


def settings_of(s3_server: S3Server) -> dict[str, str]:
    return {
        "FEED_MEDIA_STORE": "s3://feed-media",
        "FEED_MEDIA_S3_ENDPOINT": s3_server.url,
        "FEED_MEDIA_S3_REGION": REGION,
        "FEED_MEDIA_S3_KEY_ID": KEY_ID,
        "FEED_MEDIA_S3_KEY_SECRET": KEY_SECRET,
        "FEED_MEDIA_S3_ADDRESSING": "path",
    }


@pytest.fixture(params=["folder", "bucket"])
def storage_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.param == "folder" else settings_of(request.getfixturevalue("s3_server"))


@pytest.fixture
async def server(
    database: str, redis_url: str, tmp_path: Path, folder: Path, storage_settings: dict[str, str]
) -> AsyncIterator[Server]:
    environ = environment_of(database, redis_url, tmp_path) | {"TMPDIR": str(folder.parent)} | storage_settings
    started = Server(environ, free_port(), "--workers", "1")
    await started.start()
    yield started
    await started.kill()


@pytest.fixture
def token(tmp_path: Path) -> str:
    keys = open_keys(tmp_path / "keys", create=False)
    return issue_token(keys.token_key, sub="test:小明", name="小明", phone="+8613800000001")


def begin(token: str, length: int) -> bytes:
    """A request whose body has begun."""
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", TYPE), ("Content-Length", str(length))]
    return request("POST", "/v1/media", headers) + HEAD + picture("JPEG")


async def until(folder: Path, count: int) -> list[Path]:
    """Waits until so many temporary files are there."""
    async with asyncio.timeout(HANG_SECONDS):
        while True:
            found = list(folder.iterdir()) if folder.exists() else []
            if len(found) == count:
                return found
            await asyncio.sleep(0.02)


def worker_of(server: Server) -> psutil.Process:
    assert server._process is not None
    workers = psutil.Process(server._process.pid).children(recursive=True)
    return max(workers, key=lambda worker: worker.memory_info().rss)


def peak_of(process: psutil.Process) -> int:
    """The most resident bytes since the peak was reset."""
    (line,) = (each for each in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmHWM" in each)
    return int(line.split()[1]) * 1024


async def test_an_upload_of_twenty_megabytes_takes_two_of_memory(server: Server, token: str, folder: Path) -> None:
    content, rises = large_picture(DIRECT_BYTES_MOST), []
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        for _ in range(4):
            worker = worker_of(server)
            Path(f"/proc/{worker.pid}/clear_refs").write_text("5")
            before = worker.memory_info().rss
            answer = await client.post(
                "/v1/media", files={"file": ("a.jpg", content)}, headers={"authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 201, answer.text
            rises.append(peak_of(worker) - before)
    # The first one also loads what uploads need, once for all.
    assert min(rises[1:]) <= MOST_BYTES, rises
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("storage_settings", ["bucket"], indirect=True)
async def test_a_process_that_is_killed_while_it_writes_to_a_bucket_leaves_nothing_there(
    server: Server, s3_server: S3Server, token: str
) -> None:
    """Row 47."""
    storage, content = s3_server.storage("feed-media"), large_picture(DIRECT_BYTES_MOST)
    names = {each.name async for each in storage.list("incoming/")}
    before, s3_server.holding = len(s3_server.requests), True
    try:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
            upload = asyncio.create_task(
                client.post(
                    "/v1/media", files={"file": ("a.jpg", content)}, headers={"authorization": f"Bearer {token}"}
                )
            )
            await until_asked(s3_server, before + 1)
            await server.kill()
            with pytest.raises(httpx.TransportError):
                await upload
    finally:
        s3_server.holding = False
    # One write, in one piece: no part of it can be where no list shows it.
    assert [each.method for each in s3_server.requests[before:]] == ["PUT"]
    async with asyncio.timeout(HANG_SECONDS):
        while {each.name async for each in storage.list("incoming/")} != names:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("storage_settings", ["folder"], indirect=True)
async def test_a_client_that_leaves_leaves_no_file(server: Server, token: str, folder: Path) -> None:
    """Row 46."""
    async with RawConnection(server.url) as connection:
        connection._writer.write(begin(token, 5_000_000) + b"x" * 1_000_000)
        await until(folder, 1)
    await until(folder, 0)


@pytest.mark.parametrize("storage_settings", ["folder"], indirect=True)
async def test_a_killed_process_leaves_nothing_that_the_next_one_does_not_remove(
    server: Server, token: str, folder: Path
) -> None:
    """Row 46."""
    async with RawConnection(server.url) as connection:
        connection._writer.write(begin(token, 5_000_000) + b"x" * 1_000_000)
        (left,) = await until(folder, 1)
        await server.kill()
    assert left.exists()
    # As old as it would be after a restart of the machine.
    os.utime(left, (0, 0))
    await server.start()
    await until(folder, 0)
