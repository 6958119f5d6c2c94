"""Which part of a file a `Range` header asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.api.ranges import ByteRange, Unsatisfiable, read_range


@pytest.mark.parametrize(
    ("header", "start", "length"),
    [
        ("bytes=0-1", 0, 2),
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 10),
        ("bytes=9-", 9, 1),
        ("bytes=2-5", 2, 4),
        ("bytes=5-100", 5, 5),
        ("bytes=0-999999999999999999", 0, 10),
        ("bytes=-1", 9, 1),
        ("bytes=-10", 0, 10),
        ("bytes=-100", 0, 10),
        ("Bytes = 2 - 3", 2, 2),
    ],
)
def test_one_range_is_exact(header: str, start: int, length: int) -> None:
    assert read_range(header, 10) == ByteRange(start, length)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_behind_the_end_is_unsatisfiable(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        read_range(header, 10)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-1,4-5",
        "bytes=a-b",
        "lines=0-1",
        "bytes=0-1-2",
        "bytes=--1",
        "bytes=+0-1",
        "bytes=٠-١",
        "bytes=0x0-1",
        "bytes=" + "9" * 5000 + "-",
        "0-1",
        "bytes=0.0-1",
    ],
)
def test_everything_else_is_as_if_there_was_no_range(header: str | None) -> None:
    assert read_range(header, 10) is None


@given(st.text(max_size=40) | st.from_regex(r"bytes=[0-9,\- ]{0,20}"), st.integers(0, 10**12))
def test_any_header_gives_a_part_of_the_file_or_the_whole(header: str, byte_count: int) -> None:
    try:
        part = read_range(header, byte_count)
    except Unsatisfiable:
        return
    assert part is None or (part.length > 0 and 0 <= part.start <= part.start + part.length <= byte_count)
