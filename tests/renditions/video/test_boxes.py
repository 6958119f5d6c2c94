"""Boxes that say anything: read to an end, in time and memory that have limits."""

import random
import struct
import time
from io import BytesIO
from pathlib import Path

import pytest

from feed.renditions.video.boxes import BOXES_MOST, Layout, is_mp4, read_layout
from tests.renditions.video.clips import Box

_TYPE, _DATA = Box(b"ftyp", b"qt  " + bytes(8)).packed(), Box(b"mdat", bytes(100)).packed()


def layout_of(*boxes: bytes) -> Layout:
    return read_layout(BytesIO(b"".join(boxes)))


def test_boxes_of_any_bytes_are_read_to_an_end(tmp_path: Path) -> None:
    noise = random.Random(3)
    path = tmp_path / "a"
    for _ in range(200):
        kinds = (b"moov", b"trak", b"mdia", b"stsd", b"udta", b"mdat", b"uuid", b"tkhd", b"mvhd")
        content = b"".join(
            struct.pack(">I", noise.choice((0, 1, 7, 8, 16, 40, 2**32 - 1)))
            + noise.choice(kinds)
            + noise.randbytes(noise.randrange(40))
            for _ in range(20)
        )
        path.write_bytes(content)
        with path.open("rb") as file:
            assert isinstance(read_layout(file).complete, bool)
        is_mp4(content)


def test_deep_boxes_and_long_metadata_are_bounded(tmp_path: Path) -> None:
    deep = b""
    for _ in range(5000):
        deep = struct.pack(">I4s", 8 + len(deep), b"trak") + deep
    path = tmp_path / "a"
    path.write_bytes(Box(b"moov", deep + b"".join(Box(b"udta", bytes(3 << 20)).packed() for _ in range(8))).packed())
    with path.open("rb") as file:
        layout = read_layout(file)
    assert sum(len(payload) for payload in layout.metadata) <= 8 << 20


# What stands in a file any number of times: beside the index, in it, within its tracks, and in their descriptions.
REPEATED = {
    "fragments": Box(b"moof", b"x").packed(),
    "metadata": Box(b"udta", b"x").packed(),
    "tracks": Box(b"trak", Box(b"udta", b"x").packed()).packed(),
    "headers": Box(b"tkhd", bytes(80)).packed(),
    "descriptions": Box(b"stsd", bytes(8) + Box(b"avc1", bytes(70)).packed()).packed(),
}


@pytest.mark.parametrize("kind", REPEATED)
def test_reading_takes_time_in_proportion_to_the_boxes(kind: str) -> None:
    index = Box(b"moov", b"" if kind == "fragments" else REPEATED[kind] * 60_000).packed()
    beside = REPEATED[kind] * 60_000 if kind == "fragments" else b""
    began = time.process_time()
    layout = layout_of(_TYPE, index, _DATA, beside)
    # A fifth of a second; a minute if each box looked at those before it.
    assert time.process_time() - began < 10
    assert layout.complete
    assert layout.end == len(_TYPE + index + _DATA + beside)


@pytest.mark.parametrize("kind", REPEATED)
def test_a_file_of_too_many_boxes_is_not_read_to_its_end(kind: str) -> None:
    """The limit is one for the file, not one for each box that has boxes."""
    few, many = (REPEATED[kind] * count for count in (20, BOXES_MOST))
    for repeated, complete in ((few, True), (many, False)):
        inside, beside = (b"", repeated) if kind == "fragments" else (repeated, b"")
        assert layout_of(_TYPE, Box(b"moov", inside).packed(), _DATA, beside).complete is complete
