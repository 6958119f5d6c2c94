"""Sizes and orientations."""

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.renditions.video.geometry import display_size, output_size, swaps_sides, turns_of


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack("=9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1080, 1920), (720, 1280)),
        ((1920, 1080), (1280, 720)),
        ((3840, 2160), (1280, 720)),
        ((1280, 720), (1280, 720)),
        ((640, 360), (640, 360)),
        ((1164, 767), (1092, 720)),
        ((853, 480), (852, 480)),
        ((405, 720), (404, 720)),
        ((1, 1), (2, 2)),
        ((3000, 1), (1920, 2)),
        ((4096, 720), (1920, 338)),
    ],
)
def test_the_short_side_is_at_most_720_and_nothing_is_enlarged(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert output_size(*size) == expected


@given(st.integers(2, 8192), st.integers(2, 8192))
def test_sizes_are_even_and_keep_the_aspect_within_a_pixel(width: int, height: int) -> None:
    out_width, out_height = output_size(width, height)
    assert out_width % 2 == out_height % 2 == 0
    assert out_width <= max(2, width)
    assert out_height <= max(2, height)
    assert min(out_width, out_height) <= 720
    scale = min(Fraction(1), Fraction(720, min(width, height)), Fraction(1920, max(width, height)))
    assert abs(out_width - width * scale) <= 1 or out_width == 2
    assert abs(out_height - height * scale) <= 1 or out_height == 2


def test_pixels_that_are_not_square_are_stretched_unless_they_are_nonsense() -> None:
    assert display_size(720, 576, Fraction(64, 45)) == (1024, 576)
    assert display_size(1440, 1080, Fraction(4, 3)) == (1920, 1080)
    assert display_size(720, 576, None) == (720, 576)
    assert display_size(720, 576, Fraction(0)) == (720, 576)
    assert display_size(720, 576, Fraction(1, 1000)) == (720, 576)


def test_every_orientation_of_a_matrix_has_its_turns() -> None:
    assert turns_of(None) == turns_of(b"short") == turns_of(matrix(1, 0, 0, 1)) == ()
    assert turns_of(matrix(0, 1, -1, 0)) == ("transpose=clock",)
    assert turns_of(matrix(0, -1, 1, 0)) == ("transpose=cclock",)
    assert turns_of(matrix(-1, 0, 0, -1)) == ("transpose=clock",) * 2
    assert turns_of(matrix(-1, 0, 0, 1)) == ("hflip",)
    assert turns_of(matrix(0, 1, 1, 0)) == ("transpose=cclock_flip",)
    assert swaps_sides(turns_of(matrix(0, 1, -1, 0)))
    assert not swaps_sides(turns_of(matrix(-1, 0, 0, -1)))


@given(st.binary(min_size=36, max_size=36))
def test_no_matrix_is_too_wild(payload: bytes) -> None:
    assert isinstance(turns_of(payload), tuple)
