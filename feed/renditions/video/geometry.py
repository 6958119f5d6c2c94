"""The size and the orientation of a transcoded video. Pure."""

import struct
from fractions import Fraction
from typing import Literal

# What a phone plays everywhere without thinking: 720p, and the long side of 1080p for very wide pictures.
SHORT_SIDE_MOST = 720
LONG_SIDE_MOST = 1920
# A pixel that is more than four times as wide as high is an error in the file.
_PIXEL_ASPECT_MOST = 4

Turn = Literal["transpose=clock", "transpose=cclock", "transpose=cclock_flip", "transpose=clock_flip", "hflip"]

# By the dominant directions of the matrix: where the horizontal and the vertical axis of the picture go. Without the filter `vflip`,
# which turns nothing but reads the lines backwards: code that reads its frames has to support negative distances between lines.
_TURNS: dict[tuple[int, int, int, int], tuple[Turn, ...]] = {
    (1, 0, 0, 1): (),
    (-1, 0, 0, -1): ("transpose=clock", "transpose=clock"),
    (0, 1, -1, 0): ("transpose=clock",),
    (0, -1, 1, 0): ("transpose=cclock",),
    (-1, 0, 0, 1): ("hflip",),
    (1, 0, 0, -1): ("transpose=cclock_flip", "transpose=cclock"),
    (0, 1, 1, 0): ("transpose=cclock_flip",),
    (0, -1, -1, 0): ("transpose=clock_flip",),
}


def turns_of(matrix: bytes | None) -> tuple[Turn, ...]:
    """What makes a picture upright that is to be shown by this display matrix: nine 32-bit numbers in the machine's order.

    Other angles than those of a quarter turn are taken as the nearest one.
    """
    if matrix is None or len(matrix) < 36:
        return ()
    a, b, _, c, d, _, _, _, _ = struct.unpack("=9i", matrix[:36])
    key = (_sign(a), 0, 0, _sign(d)) if abs(a) + abs(d) >= abs(b) + abs(c) else (0, _sign(b), _sign(c), 0)
    return _TURNS[key]


def _sign(number: int) -> int:
    return -1 if number < 0 else 1


def swaps_sides(turns: tuple[Turn, ...]) -> bool:
    """Whether width and height change places."""
    return sum(turn.startswith("transpose") for turn in turns) % 2 == 1


def display_size(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """The size with square pixels, before turning."""
    if pixel_aspect is None or pixel_aspect <= 0:
        return width, height
    if not Fraction(1, _PIXEL_ASPECT_MOST) <= pixel_aspect <= _PIXEL_ASPECT_MOST:
        return width, height
    return max(1, round(width * pixel_aspect)), height


def output_size(width: int, height: int) -> tuple[int, int]:
    """Even sides, never longer than those of the picture, of the same aspect within a pixel.

    A side of one pixel becomes two: H.264 with 4:2:0 has no less.
    """
    scale = min(
        Fraction(1), Fraction(SHORT_SIDE_MOST, min(width, height)), Fraction(LONG_SIDE_MOST, max(width, height))
    )
    return _even(width * scale), _even(height * scale)


def _even(side: Fraction) -> int:
    """The nearest even number that is not greater by a whole pixel than an integer side would allow."""
    nearest = 2 * round(side / 2)
    return max(2, nearest if nearest <= side or side.denominator != 1 else nearest - 2)
