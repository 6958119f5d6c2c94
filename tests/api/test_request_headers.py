"""Headers that a request may not have: too large, compressed bodies, other charsets, unusable idempotency keys."""

import gzip

import httpx
import pytest

from tests.support.api import Join

PLAIN = {"content-type": "application/json"}


@pytest.mark.parametrize("path", ["/feeds/latest", "/posts/1", "/nothing"])
async def test_headers_over_16_kb_are_too_large(client: httpx.AsyncClient, path: str) -> None:
    for headers in ({"x-large": "a" * 16 * 1024}, {f"x-{number}": "a" * 100 for number in range(200)}):
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")
    assert (await client.get("/feeds/latest", headers={"x-large": "a" * 15 * 1024})).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate", "zstd", "gzip, identity", "x"])
@pytest.mark.parametrize("path", ["/posts", "/moderation/verdicts", "/posts/1/comments"])
async def test_a_compressed_body_is_unsupported(join: Join, encoding: str, path: str) -> None:
    content = gzip.compress(b'{"text": "a"}')
    answer = await join("小明")("POST", path, content=content, headers={**PLAIN, "content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "x"])
async def test_a_body_that_is_compressed_for_the_transfer_is_415(join: Join, coding: str) -> None:
    person = join("小明")
    answer = await person("POST", "/posts", content=b'{"text": "a"}', headers={**PLAIN, "transfer-encoding": coding})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    plain = {**PLAIN, "transfer-encoding": "chunked"}
    assert (await person("POST", "/posts", content=b'{"text": "a"}', headers=plain)).status_code == 201


async def test_one_of_several_encodings_is_enough_for_415(client: httpx.AsyncClient, join: Join) -> None:
    headers = [
        *PLAIN.items(),
        *join("小明").headers.items(),
        ("content-encoding", "identity"),
        ("content-encoding", "gzip"),
    ]
    answer = await client.post("/posts", content=b'{"text": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_an_identity_encoding_is_none(join: Join) -> None:
    headers = {**PLAIN, "content-encoding": "identity"}
    assert (await join("小明")("POST", "/posts", content=b'{"text": "a"}', headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=utf-16", 415),
        ("application/json;charset=gbk", 415),
        ("application/json-seq", 415),
        ("text/json", 415),
        ("", 415),
        ("application/json; charset=utf-8", 201),
        ('Application/JSON; charset="UTF-8"', 201),
        ("application/json; version=1", 201),
    ],
)
async def test_a_body_is_json_in_utf_8(join: Join, kind: str, status: int) -> None:
    answer = await join("小明")("POST", "/posts", content=b'{"text": "a"}', headers={"content-type": kind})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (b"", "required"),
        (b"a" * 201, "too_long"),
        (b"a b", "forbidden_character"),
        (b"a\tb", "forbidden_character"),
        ("键".encode(), "forbidden_character"),
        (b"a\xff", "forbidden_character"),
    ],
)
@pytest.mark.parametrize("path", ["/posts", "/auth/codes", "/moderation/cases/lease"])
async def test_an_unusable_idempotency_key_is_rejected(join: Join, key: bytes, code: str, path: str) -> None:
    person = join("审核", roles=("reviewer",))
    answer = await person("POST", path, {"text": "a"}, headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("Idempotency-Key", code)]


async def test_two_idempotency_keys_are_rejected(client: httpx.AsyncClient, join: Join) -> None:
    token = join("小明").headers
    headers = [*token.items(), ("idempotency-key", "a"), ("idempotency-key", "b"), *PLAIN.items()]
    answer = await client.post("/posts", content=b'{"text": "a"}', headers=headers)
    assert [error["code"] for error in answer.json()["errors"]] == ["repeated"]


async def test_a_key_of_200_printable_characters_acts_once(join: Join) -> None:
    person, headers = join("小明"), {"idempotency-key": "~" * 200}
    first, again = [await person("POST", "/posts", {"text": "a"}, headers=headers) for _ in range(2)]
    assert (first.status_code, again.content) == (201, first.content)
