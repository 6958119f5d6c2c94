"""Photos of every format become the same renditions, upright and never larger."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from feed.renditions.images import jpeg
from feed.renditions.images.source import Source
from feed.renditions.model import RenderingFailed
from tests.renditions.images.files import FORMATS, exif_with_gps, full, png, rendered, saved, segment, with_segments
from tests.renditions.images.photos import photo


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_photo_has_three_sizes_in_two_formats(format_name: str, tmp_path: Path) -> None:
    size = (2400, 1600) if format_name == "JPEG" else (1200, 800)
    found = rendered(saved(photo(*size), format_name), tmp_path)
    assert (found.width, found.height, found.duration_ms) == (*size, None)
    assert found.perceptual_hash is not None
    expected = {"list": (480, 320), "page": (1080, 720), "full": (2048, 1365) if format_name == "JPEG" else size}
    # The format is part of the name: a cache cannot give one client what another one asked for.
    assert {each.name: (each.width, each.height) for each in found.files} == {
        name + suffix: size for name, size in expected.items() for suffix in ("", "_jpeg")
    }
    # Clients find the JPEG of an address by its ending.
    for format_ending in ("webp", "jpg"):
        assert {each.file for each in found.files if each.file.endswith(format_ending)} == {
            f"{name}.{format_ending}" for name in expected
        }
    for each in found.files:
        path = tmp_path / "target" / each.file
        with Image.open(path) as picture:
            assert picture.size == (each.width, each.height)
            assert picture.get_format_mimetype() == each.content_type
        assert path.stat().st_size == each.byte_count


def test_a_large_jpeg_is_decoded_at_half_its_size(tmp_path: Path) -> None:
    found = rendered(saved(photo(4032, 3024), "JPEG"), tmp_path)
    assert (found.width, found.height) == (4032, 3024)
    assert {(each.width, each.height) for each in found.files if each.name == "full"} == {(2016, 1512)}


@pytest.mark.parametrize(
    ("size", "full_size", "list_size"),
    [
        ((1, 1), (1, 1), (1, 1)),
        ((3000, 1), (2048, 1), (480, 1)),
        ((1, 3000), (1, 2048), (1, 480)),
        ((92, 1200), (92, 1200), (37, 480)),
        ((1500, 80), (1500, 80), (480, 26)),
        ((100, 70), (100, 70), (100, 70)),
    ],
)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF"])
def test_thin_and_small_pictures_are_neither_enlarged_nor_lost(
    format_name: str, size: tuple[int, int], full_size: tuple[int, int], list_size: tuple[int, int], tmp_path: Path
) -> None:
    found = rendered(saved(photo(200, 100).resize(size), format_name), tmp_path)
    sizes = {each.name: (each.width, each.height) for each in found.files}
    assert (found.width, found.height) == size
    assert (sizes["full"], sizes["list"]) == (full_size, list_size)
    assert found.placeholder


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright(format_name: str, orientation: int, tmp_path: Path) -> None:
    upright = Image.new("RGB", (160, 120), "white")
    upright.paste((220, 20, 20), (0, 0, 80, 60))
    upright.paste((20, 20, 220), (80, 0, 160, 60))
    # What a camera stores is turned the other way.
    turned = {
        1: lambda: upright,
        2: lambda: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda: upright.transpose(Image.Transpose.ROTATE_180),
        4: lambda: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda: upright.transpose(Image.Transpose.TRANSPOSE),
        6: lambda: upright.transpose(Image.Transpose.ROTATE_90),
        7: lambda: upright.transpose(Image.Transpose.TRANSVERSE),
        8: lambda: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]()
    content = saved(turned, format_name, exif=exif_with_gps(orientation))
    found = rendered(content, tmp_path)
    assert (found.width, found.height) == (160, 120)
    picture = full(content, tmp_path)
    for place, color in (((20, 20), (220, 20, 20)), ((140, 20), (20, 20, 220)), ((20, 100), (255, 255, 255))):
        pixel = picture.getpixel(place)
        assert isinstance(pixel, tuple)
        assert pixel == pytest.approx(color, abs=30)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\x00\x00",
        b"Exif\x00\x00Exif\x00\x00" + exif_with_gps(6)[6:],
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12",
        # An orientation of 0, of 9, and of a rational whose denominator is zero.
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x09\x00\x00",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x05\x00\x00\x00\x01\x00\x00\x00\x1a" + bytes(20),
        b"Exif\x00\x00" + b"\xff" * 60_000,
    ],
)
def test_broken_exif_never_fails_a_photo(exif: bytes, tmp_path: Path) -> None:
    content = with_segments(saved(photo(160, 120), "JPEG"), segment(0xE1, exif))
    found = rendered(content, tmp_path)
    assert {found.width, found.height} == {160, 120}
    # A header that stands twice still says how the photo is turned.
    assert (found.width == 120) == (exif.count(b"Exif") == 2)


def test_an_mpo_of_a_camera_is_its_first_picture(tmp_path: Path) -> None:
    content = saved(photo(seed=1), "MPO", save_all=True, append_images=[photo(320, 240, seed=2)])
    with Image.open(BytesIO(content)) as opened:
        assert opened.format == "MPO"
    assert (rendered(content, tmp_path).width, rendered(content, tmp_path).height) == (640, 480)


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animated_file_keeps_its_first_frame(format_name: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), color) for color in ("red", "blue", "green")]
    content = saved(frames[0], format_name, save_all=True, append_images=frames[1:], duration=100)
    found = full(content, tmp_path)
    assert getattr(found, "n_frames", 1) == 1
    pixel = found.getpixel((30, 20))
    assert isinstance(pixel, tuple)
    assert pixel == pytest.approx((255, 0, 0), abs=6)


def test_the_second_still_of_a_heic_is_not_taken(tmp_path: Path) -> None:
    content = saved(photo(640, 480), "HEIF", save_all=True, append_images=[photo(320, 240)], primary_index=0)
    assert rendered(content, tmp_path).width == 640


def test_a_photo_with_the_clip_of_a_phone_after_it_is_a_photo(tmp_path: Path) -> None:
    clip = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x10\x00mdat" + bytes(4088)
    for trailer in (clip, bytes(500), b"SEFH" + bytes(40) + b"SEFT", saved(photo(64, 64), "JPEG")):
        assert rendered(saved(photo(160, 120), "JPEG") + trailer, tmp_path).width == 160


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", saved(photo(64, 48), "HEIF")),
        ("photo.heic", saved(photo(64, 48), "JPEG")),
        ("照片 ’“.png", saved(photo(64, 48), "WEBP")),
    ],
)
def test_the_type_comes_from_the_content(name: str, content: bytes, tmp_path: Path) -> None:
    # A name reaches neither the decoder nor a rendition.
    (tmp_path / name).write_bytes(content)
    found = rendered((tmp_path / name).read_bytes(), tmp_path)
    assert found.width == 64
    assert all(each.file.isascii() for each in found.files)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\xc5\xd0\xd3\xc6" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE html><html>",
        saved(photo(8, 8), "BMP"),
        saved(photo(8, 8), "TIFF"),
        saved(photo(8, 8), "ICO"),
        saved(photo(8, 8), "JPEG2000"),
        saved(photo(8, 8), "PDF"),
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(50),
        b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1abcd" + bytes(50),
        b"RIFF\x04\x00\x00\x00WAVE",
    ],
)
def test_everything_else_is_refused_by_its_content(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(RenderingFailed) as raised:
        rendered(content, tmp_path)
    assert raised.value.code == "unsupported_type"


def test_a_jpeg_of_a_kind_that_no_camera_writes_is_refused() -> None:
    content = saved(photo(64, 64), "JPEG")
    for code in (0xC3, 0xC5, 0xC9, 0xCA):
        with pytest.raises(RenderingFailed) as raised:
            jpeg.read_jpeg(content.replace(b"\xff\xc0", bytes([0xFF, code])))
        assert raised.value.code == "unsupported_type"


def test_what_the_decoder_gets_of_a_jpeg_is_its_picture_alone() -> None:
    content = with_segments(saved(photo(64, 64), "JPEG", comment=b"PLANTED"), segment(0xE1, exif_with_gps()))
    found: Source = jpeg.read_jpeg(content + b"PLANTED")
    assert b"PLANTED" not in found.content
    assert found.end == len(content)


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    assert rendered(png(4, 4, 8, 0, [bytes(4)] * 4), tmp_path).height == 4
