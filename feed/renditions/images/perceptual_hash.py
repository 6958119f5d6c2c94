"""The perceptual hash of a picture: equal or nearly so for copies of it that were compressed, resized or slightly changed.

A difference hash (dHash) in both directions, after N. Krawetz, "Kind of Like That" (hackerfactor.com, 2013): the picture is reduced to
a few grey cells, and each bit says whether a cell is darker than its neighbour. Here 17 × 8 cells with their neighbours to the right
and 8 × 17 with those below give 2 × 128 bits. A difference that is less than noise counts as none, and a picture with hardly any
differences has no hash: all skies and all white pages would be copies of one another.
"""

from collections.abc import Sequence

from PIL import Image

from feed.renditions.images.pictures import without_alpha
from feed.renditions.model import NEAR

HASH_BYTES = 32
# Levels of 256 between two cells.
_NOISE = 2
# Bits, of either kind, that stand for a difference: with fewer a picture is flat.
_DIFFERENCES = 40
_LONG, _SHORT = 17, 8


def hash_of(picture: Image.Image) -> bytes | None:
    """The hash of an upright picture, RGB or RGBA; None if it is flat."""
    grey = without_alpha(picture).convert("L")
    across = _cells(grey, _LONG, _SHORT)
    down = _cells(grey, _SHORT, _LONG)
    differences = [
        *(row[x + 1] - row[x] for row in across for x in range(_LONG - 1)),
        *(down[y + 1][x] - down[y][x] for y in range(_LONG - 1) for x in range(_SHORT)),
    ]
    if sum(abs(each) > _NOISE for each in differences) < _DIFFERENCES:
        return None
    bits = sum(1 << place for place, each in enumerate(differences) if each > _NOISE)
    return bits.to_bytes(HASH_BYTES, "big")


def distance(one: bytes, other: bytes) -> int:
    """In how many bits two hashes differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def is_near(one: bytes | None, other: bytes | None) -> bool:
    """Whether two pictures are near-duplicates; a picture without a hash is none of any."""
    return one is not None and other is not None and distance(one, other) <= NEAR


def _cells(grey: Image.Image, width: int, height: int) -> Sequence[Sequence[int]]:
    values = grey.resize((width, height), Image.Resampling.BOX).tobytes()
    return [values[row * width : (row + 1) * width] for row in range(height)]
