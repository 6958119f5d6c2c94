"""Colours stay what they were: wide profiles, inks, sixteen bits, palettes and transparency."""

import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from feed.renditions.colors import Primaries, Transfer, coded_colors, to_bt709
from tests.renditions.images.files import (
    DISPLAY_P3,
    chunk,
    full,
    matrix_profile,
    png,
    saved,
    segment,
    with_chunks,
    with_segments,
)
from tests.renditions.images.photos import photo

WHITE = (255, 255, 255)


def middle(picture: Image.Image) -> tuple[float, ...]:
    pixel = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_a_wide_profile_is_converted(format_name: str, tmp_path: Path) -> None:
    profile = matrix_profile(DISPLAY_P3, 2.2)
    options = {"quality": 95} if format_name != "PNG" else {}
    wide = saved(Image.new("RGB", (64, 64), (190, 70, 60)), format_name, icc_profile=profile, **options)
    # By the matrices and curves of both: linear, to XYZ, to linear sRGB, to its curve.
    assert middle(full(wide, tmp_path)) == pytest.approx((208, 55, 49), abs=5)
    pure = saved(Image.new("RGB", (64, 64), (255, 0, 0)), format_name, icc_profile=profile, **options)
    assert middle(full(pure, tmp_path)) == pytest.approx((255, 0, 0), abs=8)
    with Image.open(tmp_path / "target" / "full.webp") as opened:
        assert opened.info.get("icc_profile") is None


def numbered(content: bytes, primaries: int, transfer: int) -> bytes:
    """A PNG, HEIC or AVIF file whose colours are named by numbers of ITU-T H.273."""
    if content.startswith(b"\x89PNG"):
        return with_chunks(content, chunk(b"cICP", bytes([primaries, transfer, 0, 1])))
    at = content.index(b"colrnclx") + 8
    return content[:at] + struct.pack(">HH", primaries, transfer) + content[at + 4 :]


@pytest.mark.parametrize("format_name", ["PNG", "AVIF", "HEIF"])
@pytest.mark.parametrize(
    ("primaries", "transfer", "color"),
    [
        (12, 13, (190, 70, 60)),
        (9, 1, (176, 96, 88)),
        (9, 16, (140, 100, 90)),
        (9, 18, (180, 90, 110)),
        (2, 16, (144, 144, 144)),
    ],
    ids=["P3", "BT.2020", "PQ", "HLG", "PQ of unknown primaries"],
)
def test_colours_that_are_named_by_numbers_are_converted(
    format_name: str, primaries: int, transfer: int, color: tuple[int, int, int], tmp_path: Path
) -> None:
    options = {"quality": 95} if format_name != "PNG" else {}
    plain = saved(Image.new("RGB", (64, 64), color), format_name, **options)
    names: tuple[Transfer, Primaries] = coded_colors(primaries, transfer)
    red, green, blue = (each / 255 for each in color)
    expected = tuple(255 * each for each in to_bt709((red, green, blue), *names))
    assert max(abs(one - other) for one, other in zip(expected, color, strict=True)) > 12
    assert middle(full(numbered(plain, primaries, transfer), tmp_path)) == pytest.approx(expected, abs=9)
    # Ordinary numbers and unspecified ones change nothing.
    for same in ((1, 13), (2, 2), (6, 6)):
        assert middle(full(numbered(plain, *same), tmp_path)) == pytest.approx(color, abs=6)


@pytest.mark.parametrize("content", [b"", b"\x0c", b"\xff\xff\xff\xff"])
def test_broken_numbers_of_colours_fail_no_photo(content: bytes, tmp_path: Path) -> None:
    broken = with_chunks(saved(Image.new("RGBA", (64, 64), (190, 70, 60, 255)), "PNG"), chunk(b"cICP", content))
    assert middle(full(broken, tmp_path)) == pytest.approx((190, 70, 60), abs=4)


def test_a_profile_in_parts_is_put_together(tmp_path: Path) -> None:
    profile = matrix_profile(DISPLAY_P3, 2.2)
    parts = [profile[:200], profile[200:]]
    segments = [segment(0xE2, b"ICC_PROFILE\x00" + bytes([n + 1, 2]) + part) for n, part in enumerate(parts)]
    content = with_segments(saved(Image.new("RGB", (64, 64), (190, 70, 60)), "JPEG", quality=95), *reversed(segments))
    assert middle(full(content, tmp_path)) == pytest.approx((208, 55, 49), abs=5)


@pytest.mark.parametrize(
    "profile", [b"", b"x", bytes(128), b"\xff" * 5000, matrix_profile(DISPLAY_P3, 2.2)[:200], b"acsp" * 100]
)
def test_a_broken_profile_does_not_fail_a_photo(profile: bytes, tmp_path: Path) -> None:
    content = saved(Image.new("RGB", (64, 64), (190, 70, 60)), "PNG", icc_profile=profile or None)
    assert middle(full(content, tmp_path)) == pytest.approx((190, 70, 60), abs=4)


def test_a_profile_of_other_colours_is_ignored(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for mode in ("RGB", "L", "CMYK"):
        content = saved(Image.new("RGB", (64, 64), (90, 90, 90)).convert(mode), "JPEG", icc_profile=lab)
        assert middle(full(content, tmp_path)) == pytest.approx((90, 90, 90), abs=5)


def test_srgb_is_left_as_it_is(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = saved(Image.new("RGB", (64, 64), (190, 70, 60)), "PNG", icc_profile=srgb)
    assert middle(full(content, tmp_path)) == pytest.approx((190, 70, 60), abs=4)


def without_adobe(content: bytes) -> bytes:
    at = content.index(b"\xff\xee")
    return content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4], "big") :]


@pytest.mark.parametrize(
    ("inks", "color"),
    [
        ((0, 0, 0, 0), WHITE),
        ((0, 255, 255, 0), (255, 0, 0)),
        ((255, 0, 255, 0), (0, 255, 0)),
        ((0, 0, 0, 255), (0, 0, 0)),
    ],
)
@pytest.mark.parametrize("marked", [True, False])
def test_inks_are_not_inverted_with_or_without_a_mark(
    inks: tuple[int, int, int, int], color: tuple[int, int, int], marked: bool, tmp_path: Path
) -> None:
    content = saved(Image.new("CMYK", (64, 64), inks), "JPEG", quality=95)
    assert b"Adobe" in content
    assert middle(full(content if marked else without_adobe(content), tmp_path)) == pytest.approx(color, abs=5)


def test_inks_that_are_stored_as_brightness_and_colour(tmp_path: Path) -> None:
    # Red ink-wise: the planes are those of the colours that the inks leave, and the mark says so.
    red = Image.new("RGB", (64, 64), (0, 255, 255)).convert("YCbCr").split()
    planes = Image.merge(
        "CMYK", [*(each.point(lambda level: 255 - level) for each in red), Image.new("L", (64, 64), 0)]
    )
    content = saved(planes, "JPEG", quality=100, subsampling=0)
    at = content.index(b"Adobe") + 11
    assert content[at] == 0
    found = middle(full(content[:at] + b"\x02" + content[at + 1 :], tmp_path))
    assert found in (pytest.approx((255, 0, 0), abs=8), pytest.approx((0, 255, 255), abs=8))


@pytest.mark.parametrize("level", [0, 1000, 32_768, 65_535])
def test_sixteen_bits_are_neither_clipped_nor_wrapped(level: int, tmp_path: Path) -> None:
    value = struct.pack(">H", level)
    grey = png(8, 8, 16, 0, [value * 8] * 8)
    assert middle(full(grey, tmp_path)) == pytest.approx((level >> 8,) * 3, abs=3)
    colored = png(8, 8, 16, 2, [(value + b"\x80\x00" + b"\x00\x00") * 8] * 8)
    assert middle(full(colored, tmp_path))[0] == pytest.approx(level >> 8, abs=12)
    clear = png(8, 8, 16, 4, [(value + b"\x00\x00") * 8] * 8)
    assert middle(full(clear, tmp_path)) == pytest.approx(WHITE, abs=2)
    both = png(8, 8, 16, 6, [(value * 3 + b"\xff\xff") * 8] * 8)
    assert middle(full(both, tmp_path)) == pytest.approx((level >> 8,) * 3, abs=5)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA"])
@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "GIF"])
def test_every_mode_is_seen_on_one_backdrop(mode: str, format_name: str, tmp_path: Path) -> None:
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((200, 200, 200, 255), (0, 0, 64, 20))
    if mode == "1":
        picture = picture.convert("L")
    given = picture.convert(mode) if mode != "PA" else picture.convert("P").convert("PA")
    if format_name in ("PNG", "GIF") and mode == "PA":
        given = picture.quantize(8)
    content = saved(given, format_name)
    found = full(content, tmp_path)
    transparent = mode in ("LA", "RGBA") or (mode == "P" and "transparency" in given.info)
    below = found.getpixel((32, 50))
    assert isinstance(below, tuple)
    if transparent and format_name != "GIF":
        assert below == pytest.approx(WHITE, abs=4)
    assert len(set(below)) == 1
    with Image.open(tmp_path / "target" / "full.webp") as webp:
        assert (webp.mode == "RGBA") == webp.has_transparency_data


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_transparent_colour_of_a_png_is_transparent(mode: str, tmp_path: Path) -> None:
    transparency: object = {"L": 0, "P": 0, "RGB": (0, 0, 0)}[mode]
    content = saved(Image.new(mode, (64, 64), 0), "PNG", transparency=transparency)
    assert middle(full(content, tmp_path)) == WHITE


@pytest.mark.parametrize(
    ("depth", "samples", "sample"),
    [(1, 1, 1), (2, 1, 2), (4, 1, 7), (8, 1, 77), (16, 1, 40_000), (8, 3, 77), (16, 3, 40_000)],
)
def test_a_transparent_colour_is_found_at_every_depth(depth: int, samples: int, sample: int, tmp_path: Path) -> None:
    bits = format(sample, f"0{depth}b") * samples * 64
    plain = png(64, 64, depth, {1: 0, 3: 2}[samples], [int(bits, 2).to_bytes(len(bits) // 8)] * 64)
    same, other = (with_chunks(plain, chunk(b"tRNS", struct.pack(">H", each) * samples)) for each in (sample, 0))
    assert middle(full(same, tmp_path)) == WHITE
    level = sample >> 8 if depth == 16 else sample * 255 // (2**depth - 1)
    assert middle(full(other, tmp_path)) == pytest.approx((level,) * 3, abs=3)


def test_half_transparent_edges_have_no_dark_fringe(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (3000, 3000), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 1501, 3000))
    # White beside transparent black, on white: nothing but white.
    assert min(full(saved(picture, "PNG"), tmp_path).convert("L").tobytes()) >= 252


def test_alpha_that_hides_nothing_is_left_out(tmp_path: Path) -> None:
    full(saved(photo(64, 64).convert("RGBA"), "PNG"), tmp_path)
    with Image.open(tmp_path / "target" / "full.webp") as webp:
        assert webp.mode == "RGB"


def test_a_grey_profile_belongs_to_a_grey_photo(tmp_path: Path) -> None:
    content = saved(Image.new("L", (64, 64), 120), "JPEG")
    assert middle(full(content, tmp_path)) == pytest.approx((120, 120, 120), abs=3)
