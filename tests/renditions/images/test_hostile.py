"""Files that are broken, cut off, far too large once they are decoded, or two things at once."""

import random
import resource
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest
from PIL import Image

from feed.renditions.images.decoding import decode
from feed.renditions.images.render import read_image
from feed.renditions.model import FailureCode, RenderingFailed
from feed.renditions.runner import Renderer
from feed.renditions.sandbox import IMAGE_LIMITS
from tests.renditions.images.files import FORMATS, chunk, png, rendered, saved, segment, with_chunks, with_segments
from tests.renditions.images.photos import photo

_PHOTO = saved(photo(64, 48), "JPEG")


def code_of(content: bytes, folder: Path) -> FailureCode:
    with pytest.raises(RenderingFailed) as raised:
        rendered(content, folder)
    return raised.value.code


JPEGS = {
    "usual": {"quality": 85},
    "best": {"quality": 100, "subsampling": 0},
    "poor": {"quality": 5},
    "optimised": {"quality": 75, "optimize": True},
    "with restarts": {"quality": 80, "restart_marker_rows": 1},
    "progressive": {"quality": 85, "progressive": True},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", JPEGS)
def test_a_jpeg_that_was_cut_off_is_refused_also_with_an_end(options: str, mode: str, tmp_path: Path) -> None:
    content = saved(photo(500, 400).convert(mode), "JPEG", **JPEGS[options])
    rendered(content, tmp_path)
    for part in (0.1, 1 / 3, 0.5, 0.9, 0.97):
        cut = content[: int(len(content) * part)]
        for end in (b"", b"\xff\xd9", b"\xff\xff\xd9", b"\x00\xff\xd9"):
            assert code_of(cut + end, tmp_path) == "truncated", (part, end)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_whole_jpeg_is_never_taken_for_one_that_was_cut_off(mode: str) -> None:
    chance = random.Random(3)
    for number in range(150):
        width, height = chance.randint(1, 90), chance.randint(1, 90)
        picture = (
            Image.new("RGB", (width, height), (number, 90, 200)) if number % 3 else photo(width, height, seed=number)
        )
        options = {"quality": chance.choice((1, 30, 75, 95, 100)), "subsampling": chance.choice((0, 1, 2))}
        options["optimize"] = chance.random() < 0.5
        content = saved(picture.convert(mode), "JPEG", progressive=number % 5 == 0, **options)
        assert decode(read_image(content))[1] == (width, height)
        if number % 5:
            # Some cameras forget the end; the picture is there.
            assert decode(read_image(content[:-2]))[1] == (width, height)


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "GIF", "HEIF", "AVIF"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_any_file_that_was_cut_off_is_refused(format_name: str, part: float, tmp_path: Path) -> None:
    content = saved(photo(500, 400), format_name)
    assert code_of(content[: int(len(content) * part)], tmp_path) in ("truncated", "corrupt")


def test_a_png_whose_data_are_cut_off_before_its_end_is_refused(tmp_path: Path) -> None:
    whole = zlib.compress(b"".join(b"\x00" + bytes(random.Random(row).randbytes(300)) for row in range(100)))
    header = struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0)
    for data, code in ((whole, None), (whole[: len(whole) // 3], "truncated"), (b"", "truncated")):
        content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
        if code is None:
            assert rendered(content, tmp_path).width == 100
        else:
            assert code_of(content, tmp_path) == code


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_damaged_file_is_refused_or_rendered_and_never_more(format_name: str, tmp_path: Path) -> None:
    content = bytearray(saved(photo(200, 150), format_name))
    for at in range(len(content) // 2, len(content) // 2 + 60):
        content[at] ^= 0x5A
    try:
        outcome: str = rendered(bytes(content), tmp_path).files[0].name
    except RenderingFailed as failure:
        outcome = failure.code
    assert outcome in ("full", "corrupt", "truncated")


def bomb() -> bytes:
    """A PNG of 30,000 × 30,000 pixels in about a megabyte."""
    row = bytes(30_000 // 8)
    content = png(30_000, 30_000, 1, 0, (row for _ in range(30_000)))
    return with_chunks(content, chunk(b"tEXt", b"Comment\x00" + random.Random(1).randbytes(900_000)))


async def test_a_bomb_of_900_megapixels_is_refused_within_a_second_of_the_processor_and_200_megabytes(
    tmp_path: Path,
) -> None:
    content = bomb()
    assert 900_000 < len(content) < 1_500_000
    (tmp_path / "source").write_bytes(content)
    (tmp_path / "target").mkdir()
    async with Renderer() as renderer:
        await renderer.start()
        # Of processor time: with more the child would end as one whose time is up.
        limits = msgspec.structs.replace(IMAGE_LIMITS, cpu_seconds=1)
        with pytest.raises(RenderingFailed) as raised:
            await renderer.render(tmp_path / "source", "image", tmp_path / "target", limits=limits)
    assert raised.value.code == "too_many_pixels"
    # In a process of its own, where nothing else has used memory: the decoders that are loaded count as well.
    program = (
        "import sys, pathlib, re\n"
        "from feed.renditions.images import decoding, render\n"
        "decoding.load()\n"
        "try: render.render_image(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), progress=print)\n"
        "except Exception as error: print(error.code, int(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1]) * 1024)\n"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "source"), str(tmp_path / "target")]
    code, used = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
    assert code == "too_many_pixels"
    assert int(used) < 200_000_000


def header_only(format_name: str, width: int, height: int) -> bytes:
    """A small file that says it is large."""
    small = saved(Image.new("RGB", (16, 16)), format_name)
    if format_name == "JPEG":
        at = small.index(b"\xff\xc0") + 5
        return small[:at] + struct.pack(">HH", height, width) + small[at + 4 :]
    if format_name == "PNG":
        return small[:8] + chunk(b"IHDR", struct.pack(">II", width, height) + small[24:29]) + small[33:]
    if format_name == "GIF":
        return small[:6] + struct.pack("<HH", width, height) + small[10:]
    at = small.index(b"\x9d\x01\x2a") + 3
    return small[:at] + struct.pack("<HH", width & 0x3FFF, height & 0x3FFF) + small[at + 4 :]


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "GIF", "WEBP"])
def test_the_size_is_checked_before_anything_is_decoded(format_name: str, tmp_path: Path) -> None:
    assert code_of(header_only(format_name, 16_000, 16_000), tmp_path) == "too_many_pixels"
    if format_name != "GIF":
        # Its canvas is as large as the frame at least.
        assert code_of(header_only(format_name, 0, 10), tmp_path) == "corrupt"
    # Pillow itself would only warn of this one.
    assert code_of(header_only(format_name, 12_000, 10_000), tmp_path) == "too_many_pixels"


@pytest.mark.parametrize("format_name", ["HEIF", "AVIF"])
def test_the_size_of_a_heic_is_checked_by_its_header(format_name: str, tmp_path: Path) -> None:
    content = saved(Image.new("RGB", (64, 64)), format_name)
    at = content.index(b"ispe") + 8
    assert code_of(content[:at] + struct.pack(">II", 16_000, 16_000) + content[at + 8 :], tmp_path) in (
        "too_many_pixels",
        "corrupt",
    )


def test_texts_and_profiles_that_inflate_are_not_inflated(tmp_path: Path) -> None:
    huge = zlib.compress(bytes(200_000_000), 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    content = with_chunks(
        saved(photo(64, 48), "PNG"),
        chunk(b"zTXt", b"Comment\x00\x00" + huge),
        chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + huge),
        chunk(b"iCCP", b"profile\x00\x00" + huge),
    )
    assert rendered(content, tmp_path).width == 64
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


_ZEROS = zlib.compress(bytes(300_000), 9)
# A stream that fails when nearly as much has been inflated as is looked at.
_BROKEN = zlib.compress(bytes(250_000), 9)[:-4] + b"none"
COMPRESSED = {
    "texts": chunk(b"zTXt", b"Comment\x00\x00" + _ZEROS),
    "broken texts": chunk(b"zTXt", b"Comment\x00\x00" + _BROKEN),
    "texts of a language": chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + _ZEROS),
    "broken texts of a language": chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + _BROKEN),
    "profiles": chunk(b"iCCP", b"profile\x00\x00" + _ZEROS),
}


@pytest.mark.parametrize("kind", COMPRESSED)
def test_the_number_of_compressed_chunks_does_not_multiply_their_cost(kind: str) -> None:
    content = with_chunks(saved(photo(64, 48), "PNG"), COMPRESSED[kind] * 100_000)
    began = time.process_time()
    assert read_image(content).width == 64
    # Half a second for so many chunks; ten and more if each were inflated.
    assert time.process_time() - began < 4


def test_of_several_profiles_the_first_counts() -> None:
    first, second = (chunk(b"iCCP", b"profile\x00\x00" + zlib.compress(each)) for each in (b"first", b"second"))
    assert read_image(with_chunks(saved(photo(8, 8), "PNG"), first, second)).metadata.color_profile == b"first"


@pytest.mark.parametrize("length", [0, 1, 2, 5, 6, 7, 30_000_000])
@pytest.mark.parametrize(("colors", "row"), [(0, bytes(8)), (2, bytes(24)), (3, bytes(8))])
def test_transparent_colors_of_any_length_take_no_memory(colors: int, row: bytes, length: int) -> None:
    palette = [chunk(b"PLTE", bytes(768))] if colors == 3 else []
    content = with_chunks(png(8, 8, 8, colors, [row] * 8), *palette, chunk(b"tRNS", bytes(length)))
    tracemalloc.start()
    try:
        source = read_image(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The file, what the decoder gets of it, and a chunk.
    assert peak < 3 * len(content) + 1_000_000
    # The decoder may refuse what is too short, or more colours than the palette has.
    if colors != 3 and length >= 6:
        assert decode(source)[1] == (8, 8)


def test_a_gif_of_a_huge_canvas_or_of_thousands_of_frames_is_refused(tmp_path: Path) -> None:
    content = saved(Image.new("P", (4, 4)), "GIF")
    start = content.rindex(b"\x2c\x00\x00\x00\x00\x04\x00")
    frame = content[start:-1]
    many = content[:-1] + frame * 2_500 + b"\x3b"
    assert code_of(many, tmp_path) == "too_many_frames"
    # A frame at the far corner of the canvas needs a canvas of that size.
    far = content[: start + 1] + struct.pack("<HH", 60_000, 60_000) + content[start + 5 :]
    assert code_of(far, tmp_path) == "too_many_pixels"


@pytest.mark.parametrize("format_name", ["PNG", "WEBP"])
def test_animations_have_a_limit_in_every_format(format_name: str, tmp_path: Path) -> None:
    if format_name == "PNG":
        content = with_chunks(saved(photo(64, 48), "PNG"), chunk(b"acTL", struct.pack(">II", 1_000_000, 0)))
    else:
        frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "green")]
        small = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])
        at = small.index(b"ANMF")
        length = 8 + int.from_bytes(small[at + 4 : at + 8], "little")
        body = small[8:at] + small[at : at + length] * 3_000
        content = b"RIFF" + struct.pack("<I", len(body)) + body
    assert code_of(content, tmp_path) == "too_many_frames"


def test_a_jpeg_of_too_many_passes_is_refused(tmp_path: Path) -> None:
    content = saved(photo(64, 48), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    assert code_of(content[:last] + content[last:-2] * 200 + b"\xff\xd9", tmp_path) == "corrupt"
    assert code_of(with_segments(content, *[segment(0xFE, b"")] * 30_000), tmp_path) == "corrupt"


def archive() -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as opened:
        opened.writestr("META-INF/MANIFEST.MF", "Main-Class: A\n")
    return content.getvalue()


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(
    "document",
    [
        archive(),
        b"some bytes first" + archive(),
        archive() + b"",
        b"%PDF-1.7\n1 0 obj",
        b"\n<script>alert(1)</script>",
        b"<!DOCTYPE html><html>",
        b"<?php system('x'); ?>",
        b"<svg onload='x'>",
        b"Rar!\x1a\x07\x01\x00",
        b"\x7fELF\x02\x01",
        b"#!/bin/sh\n",
        b"<!-- --><img src=x onerror=x>",
        b"<?= 1 ?>",
        b"*/=1;alert(1)//",
        "\ufeff<html>".encode(),
        "<html>".encode("utf-16"),
        bytes(300) + b"<html>",
        b"{\\rtf1",
        b"\xfd7zXZ\x00",
        b"BZh91AY&SY",
        b"\x00asm\x01\x00\x00\x00",
        b"a.txt".ljust(257, b"\x00") + b"ustar\x0000",
    ],
)
def test_a_photo_that_is_a_document_as_well_is_refused(format_name: str, document: bytes, tmp_path: Path) -> None:
    assert code_of(saved(photo(64, 48), format_name) + document, tmp_path) == "polyglot"


def test_a_pdf_that_begins_as_a_photo_is_refused(tmp_path: Path) -> None:
    content = with_segments(saved(photo(64, 48), "JPEG"), segment(0xFE, b"%PDF-1.4\n"))
    assert code_of(content, tmp_path) == "polyglot"


def test_html_in_a_comment_is_removed_as_any_comment(tmp_path: Path) -> None:
    content = saved(photo(64, 48), "JPEG", comment=b"<script>PLANTED</script>")
    rendered(content, tmp_path)
    assert not [each for each in (tmp_path / "target").iterdir() if b"PLANTED" in each.read_bytes()]


def test_a_large_photo_of_noise_is_no_archive() -> None:
    noise = Image.frombytes("L", (600, 600), random.Random(1).randbytes(360_000))
    for seed in range(20):
        content = saved(noise.rotate(seed), "PNG")
        read = read_image(content + random.Random(seed).randbytes(70_000) + b"PK\x05\x06" + bytes(3))
        assert read.end == len(content)


@pytest.mark.parametrize(
    "content",
    [
        png(8, 8, 8, 3, [bytes(8)] * 8),
        with_chunks(png(8, 8, 8, 3, [bytes(8)] * 8), chunk(b"PLTE", b"\xff\x00\x00"), chunk(b"tRNS", bytes(300))),
    ],
    ids=["no palette", "more transparencies than colours"],
)
def test_colours_that_are_found_broken_when_they_are_converted_are_no_crash(content: bytes, tmp_path: Path) -> None:
    assert code_of(content, tmp_path) == "corrupt"


@pytest.mark.parametrize("code", range(0xE0, 0xF0))
@pytest.mark.parametrize(
    "payload", [b"", b"\x00", b"JFIF\x00", b"Adobe", b"Exif\x00\x00", b"ICC_PROFILE\x00", b"JP", b"MPF\x00"]
)
def test_no_broken_block_beside_the_picture_fails_it(code: int, payload: bytes, tmp_path: Path) -> None:
    assert rendered(with_segments(_PHOTO, segment(code, payload)), tmp_path).width == 64


def test_no_photo_has_a_fraction_of_a_pixel(tmp_path: Path) -> None:
    assert rendered(png(1, 1, 1, 0, [b"\x80"]), tmp_path).files[0].width == 1
