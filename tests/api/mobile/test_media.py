"""Uploading photos and videos: through the API, in parts, and what its owner does with them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from feed.media.inputs import BYTES_PER_DAY, PART_BYTES, UNUSED_MOST
from feed.media.model import DIRECT_BYTES_MOST
from feed.media.removal import remove_next_objects
from feed.storage.local import LocalStorage
from feed.storage.protocol import StorageUnavailable
from tests.support import make, make_media
from tests.support.api import Join, Person
from tests.support.media_files import announced, clip, large_picture, picture, upload
from tests.support.waiting import HANG_SECONDS

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def folder(app_state: AppState, tmp_path: Path) -> Path:
    """Of temporary files, which other tests do not use."""
    app_state.temporary_files.folder = tmp_path / "temporary"
    return app_state.temporary_files.folder


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def fields(answer: httpx.Response) -> tuple[int, list[tuple[str, str]]]:
    return answer.status_code, [(each["field"], each["code"]) for each in answer.json()["errors"]]


async def stored(app_state: AppState, media_id: str) -> dict[str, Any]:
    return dict(await app_state.pool.fetchrow("SELECT * FROM media WHERE id = $1", int(media_id)))  # type: ignore[arg-type]


async def incoming(storage: LocalStorage) -> list[str]:
    return [each.name async for each in storage.list("incoming/")]


async def content_of(storage: LocalStorage, name: str) -> bytes:
    return b"".join([piece async for piece in storage.read(name)])


async def test_a_photo_is_stored_and_waits_for_its_processing(
    join: Join, app_state: AppState, storage: LocalStorage, folder: Path
) -> None:
    ming, content = join("小明"), picture("JPEG")
    answer = await upload(ming, content, alt="书桌上的一本书")
    assert answer.status_code == 201, answer.text
    card = answer.json()
    assert answer.headers["cache-control"] == "private, no-store"
    assert (card["kind"], card["state"], card["alt"], card["url"], card["in_use"], card["upload"]) == (
        "image",
        "processing",
        "书桌上的一本书",
        None,
        False,
        None,
    )
    row = await stored(app_state, card["id"])
    assert (row["byte_count"], row["sha256"]) == (len(content), hashlib.sha256(content).digest())
    assert (row["content_type"], row["uploaded_at"] is not None) == ("image/jpeg", True)
    assert await content_of(storage, f"incoming/{row['key']}/1") == content
    assert list(folder.iterdir()) == []
    assert (await ming("GET", f"/media/{card['id']}")).json() == card
    assert (await ming("GET", "/me/media")).json() == {"items": [card], "next_cursor": None}


@pytest.mark.parametrize(
    ("image_format", "name", "declared", "content_type"),
    [
        ("HEIF", "IMG_0001.JPG", "image/jpeg", "image/heic"),
        ("JPEG", "IMG_0001.heic", "image/heic", "image/jpeg"),
        ("MPO", "DSC0001.JPG", "image/jpeg", "image/jpeg"),
        ("PNG", "evil.svg", "image/svg+xml", "image/png"),
        ("WEBP", "", "", "image/webp"),
        ("GIF", "..\\..\\x.exe", "application/octet-stream", "image/gif"),
        ("AVIF", "x", "not a type; ☃", "image/avif"),
    ],
)
async def test_the_content_decides_and_never_the_name_or_the_declared_type(
    join: Join, app_state: AppState, image_format: str, name: str, declared: str, content_type: str
) -> None:
    body = form([("file", name.encode(), declared.encode(), picture(image_format))])
    answer = await send(join("小明"), body)
    assert answer.status_code == 201, answer.text
    assert (await stored(app_state, answer.json()["id"]))["content_type"] == content_type


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"x",
        b"x" * 100_000,
    ],
)
async def test_a_file_that_is_no_photo_or_video_is_refused(
    join: Join, app_state: AppState, storage: LocalStorage, folder: Path, content: bytes
) -> None:
    answer = await upload(join("小明"), content, name="photo.png", kind="image/png")
    assert problem(answer) == (415, "unsupported_media")
    assert await app_state.pool.fetchval("SELECT count(*) FROM media") == 0
    assert await incoming(storage) == []
    assert list(folder.iterdir()) == []


async def test_a_video_that_is_said_to_be_a_photo_is_refused(join: Join) -> None:
    ming = join("小明")
    assert fields(await send(ming, form([("kind", None, None, b"image"), ("file", b"x", None, clip())]))) == (
        422,
        [("kind", "other_kind")],
    )
    assert fields(await upload(ming, picture(), cover_ms="5")) == (422, [("cover_ms", "videos_only")])
    answer = await upload(ming, clip(), cover_ms="300")
    assert (answer.status_code, answer.json()["kind"], answer.json()["cover_ms"]) == (201, "video", 300)


BOUNDARY = b"----WebKitFormBoundaryABC"


def form(parts: list[tuple[str, bytes | None, bytes | None, bytes]], boundary: bytes = BOUNDARY) -> bytes:
    """A body of `multipart/form-data`: name, name of the file, declared type and content of each part."""
    body = b""
    for name, file, kind, content in parts:
        body += b"--" + boundary + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
        body += b"" if file is None else b'; filename="' + file + b'"'
        body += (b"" if kind is None else b"\r\nContent-Type: " + kind) + b"\r\n\r\n" + content + b"\r\n"
    return body + b"--" + boundary + b"--\r\n"


async def send(person: Person, body: bytes, kind: str = "", **headers: str) -> httpx.Response:
    kind = kind or f"multipart/form-data; boundary={BOUNDARY.decode()}"
    return await person("POST", "/media", content=body, headers={"content-type": kind} | headers)


@pytest.mark.parametrize(
    "name",
    [
        "照片 ’“”.jpg".encode(),
        "照片.jpg".encode("gbk"),
        b"a%0D%0AX-Evil: 1%22",
        b"\xff\xfe\x00\x01",
        "长".encode() * 1365,
        b"../../etc/passwd",
        b"x" * 4096,
    ],
)
async def test_names_of_files_are_ignored_whatever_they_are(join: Join, name: bytes) -> None:
    answer = await send(join("小明"), form([("file", name, b"image/png", picture())]))
    assert answer.status_code == 201, answer.text


async def test_a_name_that_ends_its_quotes_names_another_field_at_most(join: Join) -> None:
    answer = await send(join("小明"), form([("file", b'a"b\\"; name="kind', b"image/png", picture())]))
    assert problem(answer) == (422, "invalid")


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"{}", "application/json", (415, "not_multipart")),
        (b"x", "text/plain", (415, "not_multipart")),
        (b"", "multipart/form-data", (400, "malformed_body")),
        (b"x", "multipart/form-data; boundary=" + "x" * 300, (400, "malformed_body")),
        (b"", "", (400, "malformed_body")),
        (b"no boundary at all", "", (400, "malformed_body")),
        (form([("file", b"a", None, picture())])[:-20], "", (400, "malformed_body")),
        (b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; na", "", (400, "malformed_body")),
        (b"--" + BOUNDARY + b"\r\nX: " + b"y" * 50_000, "", (400, "malformed_body")),
        (form([(f"alt{n}", None, None, b"") for n in range(1)]), "", (422, "invalid")),
        (form([("alt", None, None, b"x")] * 2), "", (422, "invalid")),
        (form([("file", b"a", None, picture())] * 2), "", (422, "invalid")),
        (form([("alt", None, None, b"x" * 9_000), ("file", b"a", None, picture())]), "", (422, "invalid")),
        (form([("alt", None, None, b"\xff"), ("file", b"a", None, picture())]), "", (422, "invalid")),
        (form([("cover_ms", None, None, b"1e9"), ("file", b"a", None, clip())]), "", (422, "invalid")),
        (form([("kind", None, None, b"audio"), ("file", b"a", None, clip())]), "", (422, "invalid")),
        (form([]), "", (422, "invalid")),
        (form([("file", b"a", None, b"")]), "", (422, "invalid")),
        (form([("alt", None, None, "字".encode() * 501), ("file", b"a", None, picture())]), "", (422, "invalid")),
    ],
)
async def test_a_form_that_is_none_is_refused_by_name(
    join: Join, folder: Path, body: bytes, kind: str, expected: tuple[int, str]
) -> None:
    assert problem(await send(join("小明"), body, kind)) == expected
    assert not folder.exists() or list(folder.iterdir()) == []


async def test_a_compressed_form_is_refused(join: Join) -> None:
    body = form([("file", b"a", None, picture())])
    assert problem(await send(join("小明"), body, **{"content-encoding": "gzip"})) == (415, "not_multipart")


async def test_twenty_megabytes_pass_and_one_byte_more_does_not(join: Join, folder: Path) -> None:
    ming = join("小明")
    assert (await upload(ming, large_picture(DIRECT_BYTES_MOST))).status_code == 201
    answer = await upload(ming, large_picture(DIRECT_BYTES_MOST + 1))
    assert problem(answer) == (413, "file_too_large")
    assert list(folder.iterdir()) == []


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 65_536):
        yield content[at : at + 65_536]


async def test_a_length_that_is_too_large_is_refused_before_the_body_and_without_one_while_it_is_read(
    join: Join, folder: Path
) -> None:
    ming = join("小明")
    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    announced_ = await ming("POST", "/media", content=b"", headers={"content-type": kind, "content-length": str(10**9)})
    assert problem(announced_) == (413, "file_too_large")
    body = form([("file", b"a", None, large_picture(DIRECT_BYTES_MOST + 200_000))])
    streamed = await ming("POST", "/media", content=chunks(body), headers={"content-type": kind})
    assert problem(streamed) == (413, "file_too_large")
    assert streamed.headers["connection"] == "close"
    assert list(folder.iterdir()) == []


async def test_the_same_upload_twice_with_one_key_is_one_media(join: Join, app_state: AppState) -> None:
    ming, content = join("小明"), picture("JPEG")
    first = await upload(ming, content, key="key-1", alt="书")
    # Another boundary each time: httpx chooses it at random.
    again = await upload(ming, content, key="key-1", alt="书")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert await app_state.pool.fetchval("SELECT count(*) FROM media") == 1
    for other in (
        await upload(ming, picture("PNG"), key="key-1", alt="书"),
        await upload(ming, content, key="key-1", alt="桌"),
    ):
        assert problem(other) == (409, "idempotency_key_reused")
    # The keys of other accounts are others.
    assert (await upload(join("小红"), content, key="key-1", alt="书")).json()["id"] != first.json()["id"]


async def test_a_repetition_waits_for_the_first_attempt_and_takes_over_when_it_has_ended(
    join: Join, app_state: AppState, storage: LocalStorage
) -> None:
    ming, content = join("小明"), picture("JPEG")
    first = (await upload(ming, content, key="key-1")).json()
    row = await stored(app_state, first["id"])
    # As a process leaves it that was killed before its object was stored.
    await storage.remove([f"incoming/{row['key']}/1"])
    await app_state.pool.execute("UPDATE media SET uploaded_at = NULL, created_at = clock_timestamp()")
    await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    busy = await upload(ming, content, key="key-1")
    assert problem(busy) == (409, "idempotency_key_busy")
    assert 1 <= int(busy.headers["retry-after"]) <= 21
    await app_state.pool.execute("UPDATE media SET created_at = clock_timestamp() - interval '1 minute'")
    again = await upload(ming, content, key="key-1")
    assert (again.status_code, again.json()["id"]) == (201, first["id"])
    assert await content_of(storage, f"incoming/{row['key']}/1") == content
    assert (await stored(app_state, first["id"]))["uploaded_at"] is not None


async def test_many_repetitions_at_once_are_one_media(join: Join, app_state: AppState) -> None:
    ming, content = join("小明"), picture("JPEG")

    async def until_answered() -> str:
        while True:
            answer = await upload(ming, content, key="key-1")
            if answer.status_code == 201:
                return str(answer.json()["id"])
            assert problem(answer) == (409, "idempotency_key_busy")
            await asyncio.sleep(0.05)

    async with asyncio.timeout(HANG_SECONDS):
        assert len(set(await asyncio.gather(*(until_answered() for _ in range(4))))) == 1
    assert await app_state.pool.fetchval("SELECT count(*) FROM media") == 1


class Unreachable(LocalStorage):
    """A storage that is down."""

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        raise StorageUnavailable(retry_after=5)


async def test_a_storage_that_is_down_leaves_nothing_and_the_same_key_can_be_used_again(
    join: Join, app_state: AppState, storage: LocalStorage, folder: Path
) -> None:
    ming, content = join("小明"), picture("JPEG")
    kept = type(app_state.storage)
    app_state.storage.__class__ = Unreachable
    try:
        assert problem(await upload(ming, content, key="key-1")) == (503, "storage_unavailable")
        assert (await ming("POST", "/posts", {"text": "文字照常发布"})).status_code == 201
    finally:
        app_state.storage.__class__ = kept
    assert list(folder.iterdir()) == []
    assert (await ming("GET", "/me/media")).json()["items"] == []
    assert (await upload(ming, content, key="key-1")).status_code == 201


@pytest.mark.parametrize("reason", ["deleted", "erased"])
async def test_an_upload_that_is_removed_while_it_is_stored_leaves_nothing(
    join: Join, app_state: AppState, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    put = app_state.storage.put

    async def put_late(name: str, content: bytes | Path, *, content_type: str) -> None:
        await app_state.pool.execute("UPDATE media SET removed_at = now(), removed_for = $1", reason)
        await remove_next_objects(app_state.pool, app_state.storage)
        await put(name, content, content_type=content_type)

    monkeypatch.setattr(app_state.storage, "put", put_late)
    assert problem(await upload(join("小明"), picture("JPEG"))) == (404, "media_not_found")
    assert await incoming(storage) == []


async def sent_parts(storage: LocalStorage, key: str, content: bytes) -> list[dict[str, Any]]:
    """Writes the parts as a client does with the signed URLs, and names them."""
    parts = []
    for number, at in enumerate(range(0, len(content), PART_BYTES), 1):
        await storage.put(f"incoming/{key}/{number}", content[at : at + PART_BYTES], content_type="video/mp4")
        found = await storage.find(f"incoming/{key}/{number}")
        assert found is not None
        parts.append({"number": number, "etag": f'"{found.etag}"'})
    return parts


def long_clip() -> bytes:
    return clip().ljust(PART_BYTES + 1000, b"\0")


async def test_a_video_in_parts_is_resumed_and_completed(
    join: Join, app_state: AppState, storage: LocalStorage
) -> None:
    ming, content = join("小明"), long_clip()
    answer = await ming("POST", "/media/uploads", announced(content, alt="海边", cover_ms=100))
    assert answer.status_code == 201, answer.text
    begun = answer.json()
    id_, card = begun["media"]["id"], begun["media"]
    assert (card["state"], card["alt"], card["cover_ms"], card["uploaded_at"]) == ("processing", "海边", 100, None)
    assert begun["part_size"] == PART_BYTES
    assert [(part["number"], part["bytes"], part["received"]) for part in begun["parts"]] == [
        (1, PART_BYTES, False),
        (2, 1000, False),
    ]
    assert all(part["url"].startswith("http") for part in begun["parts"])
    key = (await stored(app_state, id_))["key"]
    parts = await sent_parts(storage, key, content)
    await storage.remove([f"incoming/{key}/2"])
    # What is missing is asked for, with new URLs for it alone.
    resumed = (await ming("GET", f"/media/{id_}")).json()["upload"]
    assert [(part["received"], part["url"] is None) for part in resumed["parts"]] == [(True, True), (False, False)]
    assert problem(await ming("POST", f"/media/{id_}/complete", {"parts": parts})) == (409, "upload_incomplete")
    parts = await sent_parts(storage, key, content)
    done = await ming("POST", f"/media/{id_}/complete", {"parts": parts}, headers={"idempotency-key": "k"})
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["upload"]) == ("processing", None)
    row = await stored(app_state, id_)
    assert (row["uploaded_at"] is not None, row["content_type"]) == (True, "video/mp4")
    for headers in ({"idempotency-key": "k"}, {"idempotency-key": "other"}, {}):
        again = await ming("POST", f"/media/{id_}/complete", {"parts": parts}, headers=headers)
        assert (again.status_code, again.json()["uploaded_at"]) == (200, done.json()["uploaded_at"])
    assert (await stored(app_state, id_))["uploaded_at"] == row["uploaded_at"]


async def test_the_signed_url_takes_the_part(join: Join, client: httpx.AsyncClient, app_state: AppState) -> None:
    ming, content = join("小明"), clip()
    begun = (await ming("POST", "/media/uploads", announced(content))).json()
    (part,) = begun["parts"]
    sent = await client.put(part["url"], content=content, headers=part["headers"])
    assert sent.status_code in (200, 201, 204), sent.text
    parts = [{"number": 1, "etag": sent.headers.get("etag")}]
    assert (await ming("POST", f"/media/{begun['media']['id']}/complete", {"parts": parts})).status_code == 200


async def test_a_begun_upload_is_one_for_its_key_and_its_answer_is_made_anew(join: Join, app_state: AppState) -> None:
    ming, body = join("小明"), announced(clip())
    answers = [await ming("POST", "/media/uploads", body, headers={"idempotency-key": "key-1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["media"]["id"] for answer in answers}) == 1
    # Signed URLs are not stored.
    assert await app_state.pool.fetchval("SELECT bool_and(answer IS NULL) FROM idempotency_keys")
    other = await ming("POST", "/media/uploads", body | {"alt": "x"}, headers={"idempotency-key": "key-1"})
    assert problem(other) == (409, "idempotency_key_reused")


async def test_a_part_of_another_size_is_refused_and_removed(
    join: Join, app_state: AppState, storage: LocalStorage
) -> None:
    """Row 11: a signed URL does not limit the size."""
    ming, content = join("小明"), long_clip()
    id_ = (await ming("POST", "/media/uploads", announced(content))).json()["media"]["id"]
    key = (await stored(app_state, id_))["key"]
    parts = await sent_parts(storage, key, content)
    path = f"/media/{id_}/complete"
    for wrong in (content[PART_BYTES:] + b"\0" * 5_000, content[PART_BYTES:-1]):
        await storage.put(f"incoming/{key}/2", wrong, content_type="video/mp4")
        assert problem(await ming("POST", path, {"parts": parts})) == (409, "part_mismatch")
        assert await incoming(storage) == [f"incoming/{key}/1"]
        assert [part["received"] for part in (await ming("GET", f"/media/{id_}")).json()["upload"]["parts"]] == [
            True,
            False,
        ]
    await sent_parts(storage, key, content)
    await storage.put(f"incoming/{key}/9", b"x", content_type="video/mp4")
    assert problem(await ming("POST", path, {"parts": parts})) == (409, "part_mismatch")
    assert await incoming(storage) == [f"incoming/{key}/1", f"incoming/{key}/2"]
    wrong_tag = [parts[0], parts[1] | {"etag": "another"}]
    assert problem(await ming("POST", path, {"parts": wrong_tag})) == (409, "part_mismatch")
    assert (await ming("POST", path, {"parts": [{"number": 2}, {"number": 1}]})).status_code == 200


async def test_what_is_no_video_in_parts_is_refused_and_removed(
    join: Join, app_state: AppState, storage: LocalStorage
) -> None:
    ming = join("小明")
    for content, expected in ((b"<html>", (415, "unsupported_media")), (picture("JPEG"), (422, "invalid"))):
        id_ = (await ming("POST", "/media/uploads", announced(content))).json()["media"]["id"]
        parts = await sent_parts(storage, (await stored(app_state, id_))["key"], content)
        assert problem(await ming("POST", f"/media/{id_}/complete", {"parts": parts})) == expected
        assert (await stored(app_state, id_))["removed_for"] == "deleted"
        assert problem(await ming("GET", f"/media/{id_}")) == (404, "media_not_found")


async def test_a_refused_completion_removes_nothing_that_another_one_has_taken(
    join: Join, app_state: AppState, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its part is written anew in between: the address still works."""
    ming, content = join("小明"), clip()
    id_ = (await ming("POST", "/media/uploads", announced(content))).json()["media"]["id"]
    parts = await sent_parts(storage, (await stored(app_state, id_))["key"], b"<html>".ljust(len(content)))
    read = app_state.storage.read

    async def read_late(name: str, **more: Any) -> AsyncIterator[bytes]:
        await app_state.pool.execute("UPDATE media SET uploaded_at = now() WHERE id = $1", int(id_))
        async for piece in read(name, **more):
            yield piece

    monkeypatch.setattr(app_state.storage, "read", read_late)
    assert problem(await ming("POST", f"/media/{id_}/complete", {"parts": parts})) == (415, "unsupported_media")
    assert (await stored(app_state, id_))["removed_at"] is None


async def test_what_its_owner_deletes_during_a_dispute_is_the_owner_s_no_more(join: Join, app_state: AppState) -> None:
    ming, other = join("小明"), join("小红")
    owner = int((await ming("GET", "/me")).json()["id"])
    post = (await ming("POST", "/posts", {"text": "图"})).json()["id"]
    id_ = await make_media.medium(app_state.pool, owner, post_id=int(post), alt="证据")
    assert [each["id"] for each in (await ming("GET", "/me/media")).json()["items"]] == [str(id_)]
    report = {"target": {"kind": "post", "id": post}, "reason_code": "porn"}
    assert (await other("POST", "/reports", report)).status_code == 201
    assert (await ming("DELETE", f"/posts/{post}")).status_code == 204
    assert (await ming("GET", "/me/media")).json()["items"] == []
    assert problem(await ming("GET", f"/media/{id_}")) == (404, "media_not_found")
    assert problem(await ming("PATCH", f"/media/{id_}", {"alt": "无害"})) == (404, "media_not_found")
    row = await stored(app_state, str(id_))
    assert (row["removed_at"], row["alt"]) == (None, "证据")


async def test_an_upload_that_has_expired_is_not_completed(
    join: Join, app_state: AppState, storage: LocalStorage
) -> None:
    ming, content = join("小明"), clip()
    id_ = (await ming("POST", "/media/uploads", announced(content))).json()["media"]["id"]
    parts = await sent_parts(storage, (await stored(app_state, id_))["key"], content)
    await app_state.pool.execute("UPDATE media SET upload_expires_at = clock_timestamp() - interval '1 second'")
    assert problem(await ming("POST", f"/media/{id_}/complete", {"parts": parts})) == (409, "upload_expired")
    assert (await ming("GET", f"/media/{id_}")).status_code == 200


async def test_the_media_of_others_do_not_exist(join: Join, app_state: AppState) -> None:
    """Also those of another account of the same person."""
    ming = join("小明", phone="+8613800000001")
    id_ = (await upload(ming, picture())).json()["id"]
    for other in (join("小红"), join("小号", phone="+8613800000001"), join("编辑", roles=("admin",))):
        for method, path, body in (
            ("GET", f"/media/{id_}", None),
            ("PATCH", f"/media/{id_}", {"alt": "x"}),
            ("DELETE", f"/media/{id_}", None),
            ("POST", f"/media/{id_}/complete", {"parts": [{"number": 1}]}),
        ):
            assert problem(await other(method, path, body)) == (404, "media_not_found"), path
        assert (await other("GET", "/me/media")).json()["items"] == []
    for unknown in ("1", "x", str(2**63 - 1), "0"):
        assert problem(await ming("GET", f"/media/{unknown}")) == (404, "media_not_found")


async def test_a_list_is_paged_newest_first(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    ids = [(await upload(ming, picture())).json()["id"] for _ in range(3)]
    first = (await ming("GET", "/me/media?limit=2")).json()
    second = (await ming("GET", f"/me/media?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


async def test_alt_text_is_changed_at_any_time_and_nothing_else_changes_it(join: Join, app_state: AppState) -> None:
    """Row 53: also while it is processed, with its cover, and with line breaks."""
    ming = join("小明")
    id_ = (await upload(ming, clip(), alt="第一行\n第二行")).json()["id"]
    changed = await ming("PATCH", f"/media/{id_}", {"cover_ms": 200})
    assert (changed.json()["alt"], changed.json()["cover_ms"]) == ("第一行\n第二行", 200)
    assert (await ming("PATCH", f"/media/{id_}", {})).json()["alt"] == "第一行\n第二行"
    await app_state.pool.execute("UPDATE media SET attempts = 1")
    assert problem(await ming("PATCH", f"/media/{id_}", {"alt": "新", "cover_ms": 300})) == (409, "cover_fixed")
    assert (await ming("PATCH", f"/media/{id_}", {"alt": "新"})).json()["alt"] == "新"
    assert (await ming("PATCH", f"/media/{id_}", {"alt": ""})).json()["alt"] == ""
    photo = (await upload(ming, picture())).json()["id"]
    assert fields(await ming("PATCH", f"/media/{photo}", {"cover_ms": 1})) == (422, [("cover_ms", "videos_only")])
    assert fields(await ming("PATCH", f"/media/{photo}", {"alt": "字" * 501})) == (422, [("alt", "too_long")])


async def test_alt_text_passes_the_machine_check(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    photo = (await upload(ming, picture())).json()["id"]
    for text in ("加微信 13800138000",):
        assert fields(await ming("PATCH", f"/media/{photo}", {"alt": text})) == (422, [("alt", "text_blocked")])
        assert fields(await upload(ming, picture(), alt=text)) == (422, [("alt", "text_blocked")])
        answer = await ming("POST", "/media/uploads", announced(clip(), alt=text))
        assert fields(answer) == (422, [("alt", "text_blocked")])


async def test_deleting_removes_what_is_used_for_nothing(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    id_ = (await upload(ming, picture())).json()["id"]
    assert (await ming("DELETE", f"/media/{id_}")).status_code == 204
    assert (await ming("DELETE", f"/media/{id_}")).status_code == 204
    assert (await stored(app_state, id_))["removed_for"] == "deleted"
    assert problem(await ming("GET", f"/media/{id_}")) == (404, "media_not_found")
    me = int((await ming("GET", "/me")).json()["id"])
    post = await make.post(app_state.pool, author_id=me)
    used = await make_media.medium(app_state.pool, me, post_id=post)
    assert problem(await ming("DELETE", f"/media/{used}")) == (409, "media_in_use")
    assert (await ming("GET", f"/media/{used}")).json()["in_use"]


async def test_a_ready_photo_has_granted_addresses_and_a_failed_one_its_code(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    me = int((await ming("GET", "/me")).json()["id"])
    ready = await make_media.medium(app_state.pool, me)
    failed = await make_media.medium(app_state.pool, me, state="failed")
    card = (await ming("GET", f"/media/{ready}")).json()
    assert (card["state"], card["error_code"], card["progress"]) == ("ready", None, None)
    assert all("grant=" in url for url in (card["url"], card["thumb_url"], *(v["url"] for v in card["variants"])))
    card = (await ming("GET", f"/media/{failed}")).json()
    assert (card["state"], card["error_code"], card["url"]) == ("failed", "corrupt", None)


async def test_banned_muted_and_unverified_accounts_upload_nothing(join: Join, app_state: AppState) -> None:
    body = announced(clip())
    for kind, code in (("ban", "banned"), ("mute", "muted")):
        person = join(kind)
        await make.ban(app_state.pool, int((await person("GET", "/me")).json()["id"]), kind=kind)
        assert problem(await upload(person, picture())) == (403, code)
        assert problem(await person("POST", "/media/uploads", body)) == (403, code)
    nobody = join("无手机", phone=None)
    assert problem(await upload(nobody, picture())) == (403, "phone_not_verified")
    assert problem(await nobody("POST", "/media/uploads", body)) == (403, "phone_not_verified")


async def test_the_quotas_are_those_of_the_person(join: Join, app_state: AppState) -> None:
    ming, other = (join(name, phone="+8613800000001") for name in ("小明", "小号"))
    me = int((await ming("GET", "/me")).json()["id"])
    await other("GET", "/me")
    for _ in range(UNUSED_MOST):
        await make_media.medium(app_state.pool, me)
    for person in (ming, other):
        assert problem(await upload(person, picture())) == (409, "too_many_unused")
        assert problem(await person("POST", "/media/uploads", announced(clip()))) == (409, "too_many_unused")
    # Used ones are no longer unused; their bytes count.
    await app_state.pool.execute("UPDATE media SET used_as = 'avatar'")
    assert (await upload(other, picture())).status_code == 201
    await app_state.pool.execute(
        "UPDATE media SET byte_count = $1, removed_at = now(), removed_for = 'deleted'", BYTES_PER_DAY // UNUSED_MOST
    )
    answer = await upload(other, picture())
    assert problem(answer) == (429, "upload_quota_reached")
    assert int(answer.headers["retry-after"]) > 0
    await app_state.pool.execute("UPDATE media SET created_at = now() - interval '25 hours'")
    assert (await upload(other, picture())).status_code == 201
