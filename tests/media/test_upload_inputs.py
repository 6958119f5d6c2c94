"""What clients say of uploads, and how files are cut into parts."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.media.inputs import (
    IMAGE_BYTES_MOST,
    PART_BYTES,
    PARTS_MOST,
    VIDEO_BYTES_MOST,
    NewUpload,
    SentPart,
    list_parts,
    parts_problems,
    plain_etag,
    upload_problems,
)

SHA256 = hashlib.sha256(b"").hexdigest()


@given(st.integers(1, VIDEO_BYTES_MOST))
def test_the_parts_of_a_file_are_the_file(byte_count: int) -> None:
    parts = list_parts(byte_count, PART_BYTES)
    assert sum(part.byte_count for part in parts) == byte_count
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert {part.byte_count for part in parts[:-1]} <= {PART_BYTES}
    assert 0 < parts[-1].byte_count <= PART_BYTES
    assert len(parts) <= PARTS_MOST


@pytest.mark.parametrize(
    ("upload", "problems"),
    [
        (NewUpload("video", "video/mp4", VIDEO_BYTES_MOST, SHA256, cover_ms=5), []),
        (NewUpload("image", "image/png", IMAGE_BYTES_MOST, SHA256.upper()), []),
        (NewUpload("image", "image/png", IMAGE_BYTES_MOST + 1, SHA256), [("bytes", "out_of_range")]),
        (NewUpload("image", "image/png", 1, SHA256[:-1]), [("sha256", "not_sha256")]),
        (NewUpload("image", "image/png", 1, "ｆ" * 64), [("sha256", "not_sha256")]),
        (NewUpload("image", "image/\x00", 1, SHA256), [("content_type", "forbidden_character")]),
        (NewUpload("image", "image/png", 1, SHA256, cover_ms=0), [("cover_ms", "videos_only")]),
    ],
)
def test_what_is_wrong_with_an_announced_upload(upload: NewUpload, problems: list[tuple[str, str]]) -> None:
    assert [(each.field, each.code) for each in upload_problems(upload)] == problems


@pytest.mark.parametrize(
    ("numbers", "problems"),
    [
        ([1, 2, 3], []),
        ([3, 1, 2], []),
        ([1, 3], [("parts", "parts_missing")]),
        ([1, 2, 2], [("parts[2].number", "repeated")]),
        ([1, 2, 3, 4], [("parts[3].number", "out_of_range")]),
    ],
)
def test_every_part_is_named_once(numbers: list[int], problems: list[tuple[str, str]]) -> None:
    sent = [SentPart(number) for number in numbers]
    assert [(each.field, each.code) for each in parts_problems(sent, count=3)] == problems


@pytest.mark.parametrize("etag", ['"abc"', "abc", 'W/"abc"', ' "abc" '])
def test_an_etag_is_the_same_with_and_without_quotes(etag: str) -> None:
    assert plain_etag(etag) == "abc"
