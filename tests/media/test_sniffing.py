"""What a file is decides its content: row 6, a `.JPG` that is HEIC, and row 10, a JPEG that is an MPO."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.media.sniffing import HEAD_BYTES, sniff
from tests.support.media_files import clip, picture

IMAGES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "HEIF": "image/heic",
    "AVIF": "image/avif",
}
VIDEOS = {("mp4", "libx264"): "video/mp4", ("mov", "libx264"): "video/quicktime", ("webm", "libvpx"): "video/webm"}
STARTS = [
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBP",
    b"\x1aE\xdf\xa3",
    b"\x1aE\xdf\xa3\x42\x82",
    b"\0\0\0\x20ftyp",
    b"\xff\xff\xff\xffftypheic",
    b"\0\0\0\0ftypqt  ",
    b"\0\0\0\x08moov",
]


@pytest.mark.parametrize("image_format", IMAGES)
def test_photos_of_every_format_are_known_by_their_content(image_format: str) -> None:
    found = sniff(picture(image_format)[:HEAD_BYTES])
    assert found is not None
    assert (found.kind, found.content_type) == ("image", IMAGES[image_format])


@pytest.mark.parametrize("container", VIDEOS)
def test_videos_of_every_format_are_known_by_their_content(container: tuple[str, str]) -> None:
    found = sniff(clip(container[0], codec=container[1])[:HEAD_BYTES])
    assert found is not None
    assert (found.kind, found.content_type) == ("video", VIDEOS[container])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"\xc5\xd0\xd3\xc6",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"BM\0\0\0\0",
        b"II*\0",
        b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom",
        b"\x1aE\xdf\xa3\x93\x42\x82\x88matroska",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0AVI ",
        b"OggS",
        b"ID3\x03",
        b"\xff\xd8",
    ],
)
def test_anything_else_is_nothing(head: bytes) -> None:
    assert sniff(head) is None


def test_heic_by_its_compatible_brands_and_old_quicktime_without_brands() -> None:
    assert getattr(sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf"), "content_type", None) == "image/heic"
    assert getattr(sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf"), "content_type", None) == "image/avif"
    assert getattr(sniff(b"\0\0\0\x18ftypXXXX\0\0\0\0isommp42"), "content_type", None) == "video/mp4"
    assert getattr(sniff(b"\0\0\0\x08wide\0\0\0\0mdat"), "content_type", None) == "video/quicktime"


@given(st.sampled_from(STARTS) | st.just(b""), st.binary(max_size=64))
def test_no_bytes_make_it_fail(start: bytes, rest: bytes) -> None:
    found = sniff(start + rest)
    assert found is None or found.kind in ("image", "video")
