"""Parts of uploads that the API takes for a folder: by signed addresses only, whole or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.keys.store import open_keys
from feed.settings import Settings
from feed.storage.local import LocalStorage
from feed.storage.opening import open_storage
from tests.support.api_process import Server, server
from tests.support.app import app_over
from tests.support.s3_server import KEY_ID, KEY_SECRET, REGION
from tests.support.waiting import HANG_SECONDS

__all__ = ["server"]

MEGABYTE = 1024 * 1024
NAME = "incoming/0123456789abcdef/1"


async def address(storage: LocalStorage, name: str = NAME, byte_count: int = 5) -> str:
    """The path and query that a client is given."""
    signed = await storage.sign_put(name, byte_count=byte_count, valid_for=timedelta(hours=1))
    assert signed.url.startswith("http://127.0.0.1:8080/media/uploads/incoming/")
    return signed.url.removeprefix("http://127.0.0.1:8080")


async def send(client: httpx.AsyncClient, path: str, content: bytes, **headers: str) -> httpx.Response:
    return await client.put(f"http://feed.test{path}", content=content, headers=headers)


def files(storage: LocalStorage) -> list[str]:
    return [path.name for path in storage._root.rglob("*") if path.is_file()]


async def test_a_part_is_written_by_whoever_has_its_address(client: httpx.AsyncClient, storage: LocalStorage) -> None:
    path = await address(storage)
    answer = await send(client, path, b"photo", **{"content-type": "image/jpeg"})
    assert (answer.status_code, answer.content) == (200, b"")
    found = await storage.find(NAME)
    assert found is not None
    assert answer.headers["etag"] == f'"{found.etag}"'
    # A part whose answer was lost is sent again.
    assert (await send(client, path, b"again")).status_code == 200
    assert b"".join([piece async for piece in storage.read(NAME)]) == b"again"


@pytest.mark.parametrize("content", [b"", b"phot", b"photos", b"x" * 100_000])
async def test_a_part_of_another_size_is_refused_and_not_kept(
    client: httpx.AsyncClient, storage: LocalStorage, content: bytes
) -> None:
    answer = await send(client, await address(storage), content)
    assert (answer.status_code, answer.json()["code"]) == (409, "part_mismatch")

    async def without_length() -> AsyncIterator[bytes]:
        yield content

    answer = await client.put(f"http://feed.test{await address(storage)}", content=without_length())
    assert (answer.status_code, answer.json()["code"]) == (409, "part_mismatch")
    assert files(storage) == []


async def test_other_addresses_are_refused(client: httpx.AsyncClient, storage: LocalStorage) -> None:
    path = await address(storage)
    place, _, query = path.partition("?")
    other = await address(storage, byte_count=6)
    wrong = [
        place,
        path.replace("/1?", "/2?"),
        path.replace("0123456789abcdef", "0123456789abcdee"),
        path.replace("announced=5", "announced=6"),
        path[:-1],
        path + "0",
        f"{place}?{query.replace('until=', 'until=1')}",
        f"{place}?announced=5&until=x&grant=x",
        f"{place}?announced=5&until={'9' * 5000}&grant=x",
        f"{place}?announced=-5&until=1&grant=%E4%BD%A0",
        other.replace("announced=6", "announced=5"),
    ]
    for each in wrong:
        answer = await send(client, each, b"photo")
        assert (answer.status_code, answer.json()["code"]) == (403, "upload_not_granted"), each
    late = await storage.sign_put(NAME, byte_count=5, valid_for=timedelta(seconds=-2))
    answer = await send(client, late.url.removeprefix("http://127.0.0.1:8080"), b"photo")
    assert answer.status_code == 403
    assert files(storage) == []


@pytest.mark.parametrize(
    "place",
    [
        "incoming/../media/x",
        "incoming/%2e%2e/x",
        "incoming/a%2fb/1",
        "media/0123456789abcdef/full.webp",
        "incoming/0123456789abcdef/1/2",
        "../../etc/passwd",
    ],
)
async def test_no_address_leads_elsewhere(client: httpx.AsyncClient, storage: LocalStorage, place: str) -> None:
    query = (await address(storage)).partition("?")[2]
    answer = await send(client, f"/media/uploads/{place}?{query}", b"photo")
    assert answer.status_code in (403, 404, 405)
    assert files(storage) == []


async def test_a_public_file_and_an_upload_have_addresses_of_their_own(
    client: httpx.AsyncClient, app_state: AppState, storage: LocalStorage
) -> None:
    """A grant to read is no grant to write, and what was uploaded is served to nobody."""
    path = await address(storage)
    assert (await send(client, path, b"photo")).status_code == 200
    assert (await client.get(f"http://feed.test{path}")).status_code == 405
    for place in ("/media/0123456789abcdef/1", f"/media/{NAME}", "/media/incoming/1"):
        assert (await client.get(f"http://feed.test{place}")).status_code in (404, 405)


async def test_an_installation_with_a_bucket_takes_no_parts(app_state: AppState, storage: LocalStorage) -> None:
    bucket = Settings(
        database_url="",
        redis_url="",
        keys_dir=Path(),
        media_store="s3://feed-media",
        media_s3_endpoint="http://127.0.0.1:1",
        media_s3_region=REGION,
        media_s3_key_id=KEY_ID,
        media_s3_key_secret=KEY_SECRET,
    )
    other = msgspec.structs.replace(app_state, storage=open_storage(bucket, b""))
    transport = httpx.ASGITransport(app=app_over(other))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await send(client, await address(storage), b"photo")).status_code == 404


async def test_a_storage_that_is_full_or_away_is_503(client: httpx.AsyncClient, storage: LocalStorage) -> None:
    storage._root.write_bytes(b"no folder")
    answer = await send(client, await address(storage), b"photo")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


async def test_a_real_server_takes_parts_with_flat_memory_and_keeps_nothing_of_half_ones(
    server: Server, tmp_path: Path
) -> None:
    settings = Settings(database_url="", redis_url="", keys_dir=tmp_path / "keys", media_store=str(tmp_path / "media"))
    storage = open_storage(settings, open_keys(tmp_path / "keys", create=False).cursor_key)
    assert isinstance(storage, LocalStorage)
    content = os.urandom(64 * MEGABYTE)
    path = await address(storage, byte_count=len(content))
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as client:
        small = await address(storage, "incoming/0123456789abcdef/2")
        assert (await client.put(small, content=b"small")).status_code == 200
        before = server.memory()
        answer = await client.put(path, content=content)
        assert answer.status_code == 200
        assert server.memory() - before < 20 * MEGABYTE
        assert (tmp_path / "media" / NAME).read_bytes() == content

        async def half() -> AsyncIterator[bytes]:
            yield content[: 8 * MEGABYTE]
            raise ConnectionError

        for number in range(3, 6):
            left = await address(storage, f"incoming/0123456789abcdef/{number}", byte_count=len(content))
            with pytest.raises(ConnectionError):
                await client.put(left, content=half(), headers={"content-length": str(len(content))})
        # More than was announced is refused before it is read: a client that goes on sending may lose its connection.
        with suppress(httpx.TransportError):
            assert (await client.put(small, content=content)).status_code == 409
        assert (tmp_path / "media/incoming/0123456789abcdef/2").read_bytes() == b"small"
    async with asyncio.timeout(HANG_SECONDS):
        while list((tmp_path / "media/.temporary").iterdir()):
            await asyncio.sleep(0.05)
    assert sorted(path.name for path in (tmp_path / "media/incoming").rglob("*") if path.is_file()) == ["1", "2"]
