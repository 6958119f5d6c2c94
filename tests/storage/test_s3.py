"""What is special about a bucket: signatures for clients, and settings that cannot be right."""

import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import md5
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from feed.storage.protocol import StorageMisconfigured, StorageUnavailable
from feed.storage.s3 import S3Storage
from tests.support.s3_server import HOST, KEY_SECRET, S3Server
from tests.support.waiting import HANG_SECONDS

BUCKET = "feed-media"
MINUTE = timedelta(minutes=1)


async def send(url: str, content: bytes, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=HANG_SECONDS) as client:
        return await client.put(url, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_a_browser_s_put_works_with_the_content_type_that_it_adds(s3_server: S3Server) -> None:
    storage = s3_server.storage(BUCKET)
    for number, kind in enumerate(("image/jpeg", "video/quicktime", "application/octet-stream", "")):
        signed = await storage.sign_put(f"incoming/k1/{number}", byte_count=5, valid_for=MINUTE)
        assert signed.headers == {}
        answer = await send(signed.url, b"photo", content_type=kind, origin="https://h5.example.cn")
        assert answer.status_code == 200, answer.text
        found = await storage.find(f"incoming/k1/{number}")
        assert found is not None
        assert found.byte_count == 5
        assert found.etag == answer.headers["etag"].strip('"')


async def test_what_is_signed_is_one_object_for_a_time(s3_server: S3Server) -> None:
    storage = s3_server.storage(BUCKET)
    signed = await storage.sign_put("incoming/k2/1", byte_count=5, valid_for=MINUTE)
    assert parse_qs(urlsplit(signed.url).query)["X-Amz-Expires"] == ["60"]
    others = [
        signed.url.replace("incoming/k2/1", "incoming/k2/2"),
        signed.url.replace("incoming/k2/1", "media/k2/full.webp"),
        signed.url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        signed.url[:-1] + ("0" if signed.url[-1] != "0" else "1"),
    ]
    for url in others:
        assert (await send(url, b"photo")).status_code == 403
    async with httpx.AsyncClient(trust_env=False, timeout=HANG_SECONDS) as client:
        assert (await client.get(signed.url)).status_code == 403
    assert await storage.find("incoming/k2/2") is None
    assert await storage.find("media/k2/full.webp") is None


async def test_a_client_may_send_more_than_it_announced_so_that_its_size_has_to_be_looked_at(
    s3_server: S3Server,
) -> None:
    storage = s3_server.storage(BUCKET)
    signed = await storage.sign_put("incoming/k3/1", byte_count=5, valid_for=MINUTE)
    assert (await send(signed.url, b"much more than five")).status_code == 200
    found = await storage.find("incoming/k3/1")
    assert found is not None
    assert found.byte_count == 19


@pytest.mark.parametrize("addressing", ["path", "virtual"])
async def test_clients_get_addresses_of_the_public_host(s3_server: S3Server, addressing: Any) -> None:
    public = f"http://oss.example.cn:{urlsplit(s3_server.url).port}"
    storage = s3_server.storage(BUCKET, addressing=addressing, public_endpoint=public)
    signed = await storage.sign_put("incoming/k4/1", byte_count=5, valid_for=MINUTE)
    parts = urlsplit(signed.url)
    if addressing == "path":
        assert (parts.hostname, parts.path) == ("oss.example.cn", f"/{BUCKET}/incoming/k4/1")
        # The host is signed: the same URL for the internal one is refused.
        assert (await send(signed.url.replace(public, s3_server.url), b"photo")).status_code == 403
        answer = await send(signed.url.replace(public, s3_server.url), b"photo", host=parts.netloc)
        assert answer.status_code == 200, answer.text
        assert await storage.find("incoming/k4/1") is not None
    else:
        assert (parts.hostname, parts.path) == (f"{BUCKET}.oss.example.cn", "/incoming/k4/1")


async def test_the_bucket_is_in_the_host_once(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", s3_server.url)
    for endpoint in (f"http://{HOST}", f"http://{HOST}/", f"http://{BUCKET}.{HOST}"):
        storage = s3_server.storage(BUCKET, addressing="virtual", endpoint=endpoint)
        await storage.check()
        assert s3_server.requests[-1].host == f"{BUCKET}.{HOST}"


async def test_bodies_are_sent_as_they_are(s3_server: S3Server, tmp_path: Path) -> None:
    storage = s3_server.storage(BUCKET)
    file = tmp_path / "large"
    file.write_bytes(os.urandom(11_000_000))
    before = len(s3_server.requests)
    await storage.put("media/k5/small", b"small", content_type="image/webp")
    await storage.put("media/k5/large", file, content_type="video/mp4")
    await storage.remove(["media/k5/small", "media/k5/large"])
    sent = s3_server.requests[before:]
    assert s3_server.refused == []
    # Each in one request: nothing of a multipart upload that is not completed can stay where no list shows it.
    assert [each.method for each in sent] == ["PUT", "PUT", "DELETE", "DELETE"]
    bodies = [b"small", file.read_bytes()]
    hashes = [b64encode(md5(each, usedforsecurity=False).digest()).decode() for each in bodies]
    assert [each.headers["content-md5"] for each in sent[:2]] == hashes
    assert [each.headers["content-length"] for each in sent[:2]] == [str(len(each)) for each in bodies]
    for each in sent:
        assert not {"content-encoding", "transfer-encoding", "x-amz-trailer", "x-amz-tagging"} & each.headers.keys()
        assert not [name for name in each.headers if "checksum" in name]
    # Removed one by one: OSS knows no removal in bulk.


async def test_variables_of_the_environment_are_not_settings(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "other",
        "AWS_SECRET_ACCESS_KEY": "other",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_REGION": "other",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        "AWS_BUCKET": "other",
        "AWS_UNSIGNED_PAYLOAD": "true",
    }.items():
        monkeypatch.setenv(name, value)
    await s3_server.storage(BUCKET).check()
    assert s3_server.refused == []


async def test_a_session_token_of_the_environment_is_not_sent(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another account")
    await s3_server.storage(BUCKET).check()
    assert s3_server.requests[-1].headers.get("x-amz-security-token", "") == ""


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"name": "no-such-bucket"}, "FEED_MEDIA_STORE"),
        ({"key_id": "AKIDOTHEROTHER"}, "FEED_MEDIA_S3_KEY_ID"),
        ({"key_secret": "another secret of 16 characters"}, "FEED_MEDIA_S3_KEY_SECRET"),
        ({"endpoint": "{url}/deeper"}, "FEED_MEDIA_S3_ADDRESSING"),
        ({"public_endpoint": "{url}/deeper"}, "FEED_MEDIA_S3_PUBLIC_ENDPOINT"),
    ],
)
async def test_settings_that_cannot_be_right_are_named(
    s3_server: S3Server, changed: dict[str, Any], names: str
) -> None:
    given = {"name": BUCKET} | {key: value.format(url=s3_server.url) for key, value in changed.items()}
    storage = s3_server.storage(**given)
    with pytest.raises(StorageMisconfigured, match=names) as raised:
        await storage.check()
    assert KEY_SECRET not in str(raised.value)
    assert changed.get("key_secret", "none") not in str(raised.value)


async def test_the_wrong_addressing_is_named(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that resolves whatever the bucket, as wildcard names of object storages do."""
    monkeypatch.setenv("http_proxy", s3_server.url)
    storage = s3_server.storage(BUCKET, addressing="virtual", endpoint="http://minio.example.cn")
    with pytest.raises(StorageMisconfigured, match="FEED_MEDIA_S3_ADDRESSING"):
        await storage.check()


class _Page(BaseHTTPRequestHandler):
    """A web server, which answers everything with its page."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "6")
        self.send_header("etag", '"x"')
        self.send_header("last-modified", "Sun, 29 Nov 2026 07:00:00 GMT")
        self.end_headers()
        self.wfile.write(b"<html>")

    do_GET = do_PUT = do_DELETE = _answer

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web_server() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_server_that_is_no_object_storage_is_found_out(s3_server: S3Server, web_server: str) -> None:
    with pytest.raises(StorageMisconfigured, match="FEED_MEDIA_S3_ENDPOINT"):
        await s3_server.storage(BUCKET, endpoint=web_server).check()


@pytest.fixture
def failing(s3_server: S3Server) -> Iterator[S3Server]:
    s3_server.failing = True
    yield s3_server
    s3_server.failing = False


async def test_a_server_that_fails_may_answer_later(failing: S3Server) -> None:
    storage = failing.storage(BUCKET)
    with pytest.raises(StorageUnavailable):
        await storage.check()
    with pytest.raises(StorageUnavailable):
        await storage.find("media/k6/a")
    failing.failing = False
    await storage.check()


async def test_a_server_that_is_away_may_answer_later(s3_server: S3Server) -> None:
    with pytest.raises(StorageUnavailable):
        await s3_server.storage(BUCKET, endpoint="http://127.0.0.1:1").check()


async def test_a_public_endpoint_that_this_machine_does_not_reach_is_no_fault(s3_server: S3Server) -> None:
    storage = s3_server.storage(BUCKET, public_endpoint="http://127.0.0.1:1")
    await storage.check()
    assert [each async for each in storage.list("probes/")] == []


async def test_an_object_that_changes_while_it_is_read_is_not_mixed(s3_server: S3Server) -> None:
    storage = s3_server.storage(BUCKET)
    await storage.put("media/k7/a", b"a" * 3_000_000, content_type="image/webp")
    reading = storage.read("media/k7/a")
    assert set(await anext(reading)) == {ord("a")}
    await storage.put("media/k7/a", b"b" * 3_000_000, content_type="image/webp")
    with pytest.raises(StorageUnavailable):
        await anext(reading)


def test_nothing_shows_the_secret(s3_server: S3Server) -> None:
    storage: S3Storage = s3_server.storage(BUCKET)
    assert KEY_SECRET not in f"{storage!r} {storage} {s3_server.bucket(BUCKET)!r}"
