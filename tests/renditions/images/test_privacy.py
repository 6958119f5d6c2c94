"""No byte of a rendition says where, when, by whom or with what a photo was taken."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from feed.renditions.images import jpeg, webp
from tests.renditions.images.files import (
    DISPLAY_P3,
    PLANTED,
    XMP_WITH_GPS,
    chunk,
    exif_with_gps,
    matrix_profile,
    rendered,
    saved,
    segment,
    with_chunks,
    with_segments,
)
from tests.renditions.images.photos import photo

# What a rendition consists of, and nothing else.
_JPEG_SEGMENTS = {0xDB, 0xC0, 0xC2, 0xC4, 0xDA, 0xE0}
_WEBP_CHUNKS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
_PICTURE = photo(300, 200)
_PROFILE = matrix_profile(DISPLAY_P3, 2.2, b"PLANTED profile")
_XMP = b"http://ns.adobe.com/xap/1.0/\x00" + XMP_WITH_GPS
_IPTC = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x10\x1c\x02\x5a\x00\x07PLANTED22.543"


def jpeg_with_everything() -> bytes:
    content = saved(
        _PICTURE, "JPEG", exif=exif_with_gps(6), icc_profile=_PROFILE, comment=b"PLANTED 22.543096,114.057865"
    )
    thumbnail = saved(Image.new("RGB", (160, 120), "red"), "JPEG", comment=b"PLANTED thumbnail")
    jfxx = segment(0xE0, b"JFXX\x00\x10" + thumbnail)
    return (
        with_segments(content, segment(0xE1, _XMP), segment(0xED, _IPTC), jfxx, segment(0xEF, b"PLANTED")) + b"PLANTED"
    )


def png_with_everything() -> bytes:
    content = saved(_PICTURE, "PNG", exif=exif_with_gps(6), icc_profile=_PROFILE)
    return with_chunks(
        content,
        chunk(b"tEXt", b"Comment\x00PLANTED 22.543096,114.057865"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + XMP_WITH_GPS),
        chunk(b"tIME", struct.pack(">HBBBBB", 2026, 7, 1, 9, 0, 0)),
        chunk(b"prVt", b"PLANTED"),
    )


def gif_with_everything() -> bytes:
    content = saved(_PICTURE, "GIF", comment=b"PLANTED 22.543096,114.057865")
    assert b"PLANTED" in content
    return content


FILES: dict[str, Callable[[], bytes]] = {
    "JPEG": jpeg_with_everything,
    "MPO": lambda: saved(_PICTURE, "MPO", save_all=True, append_images=[_PICTURE], exif=exif_with_gps(1)),
    "PNG": png_with_everything,
    "GIF": gif_with_everything,
    "WEBP": lambda: saved(_PICTURE, "WEBP", exif=exif_with_gps(6), xmp=XMP_WITH_GPS, icc_profile=_PROFILE),
    "HEIF": lambda: saved(_PICTURE, "HEIF", exif=exif_with_gps(6), xmp=XMP_WITH_GPS, icc_profile=_PROFILE),
    "AVIF": lambda: saved(_PICTURE, "AVIF", exif=exif_with_gps(6), xmp=XMP_WITH_GPS, icc_profile=_PROFILE),
    "WEBP with alpha": lambda: saved(
        _PICTURE.convert("RGBA").rotate(10, expand=True), "WEBP", exif=exif_with_gps(6), xmp=XMP_WITH_GPS
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_planted_position_is_in_no_byte_of_any_rendition(name: str, tmp_path: Path) -> None:
    content = FILES[name]()
    assert b"PLANTED" in content
    found = rendered(content, tmp_path)
    stored = {each.file: (tmp_path / "target" / each.file).read_bytes() for each in found.files}
    assert len(stored) == 6
    for file, data in stored.items():
        for planted in PLANTED:
            assert planted not in data, (file, planted)
            assert planted.decode("latin-1").encode("utf-16-le") not in data
        assert_nothing_but_a_picture(data)


def assert_nothing_but_a_picture(data: bytes) -> None:
    with Image.open(BytesIO(data)) as opened:
        assert not set(opened.info) - {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
            "loop",
            "background",
            "timestamp",
            "duration",
        }
        assert not opened.getexif()
    if data.startswith(jpeg.SIGNATURE):
        # One picture, and no other one within a segment.
        assert data.count(jpeg.SIGNATURE) == 1
        assert data.endswith(b"\xff\xd9")
        assert codes_of(data) <= _JPEG_SEGMENTS
    else:
        assert chunks_of(data) <= _WEBP_CHUNKS
        assert webp.read_webp(data).end == len(data)


def codes_of(data: bytes) -> set[int]:
    found, position = set(), 2
    while position < len(data) - 2:
        assert data[position] == 0xFF
        code = data[position + 1]
        found.add(code)
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if code == 0xDA:
            while data[position] != 0xFF or data[position + 1] in (0, *range(0xD0, 0xD8)):
                position += 1
    return found


def chunks_of(data: bytes) -> set[bytes]:
    found, position = set(), 12
    while position < len(data):
        found.add(data[position : position + 4])
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
    return found


def test_the_thumbnail_of_the_camera_does_not_show_what_was_cut_off(tmp_path: Path) -> None:
    # The whole picture is red within the EXIF data; the photo is green.
    thumbnail = saved(Image.new("RGB", (160, 120), "red"), "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 1
    tiff = exif.tobytes() + thumbnail
    content = with_segments(saved(Image.new("RGB", (300, 200), "green"), "JPEG"), segment(0xE1, tiff))
    found = rendered(content, tmp_path)
    for each in found.files:
        data = (tmp_path / "target" / each.file).read_bytes()
        assert thumbnail[:64] not in data
        assert_nothing_but_a_picture(data)
