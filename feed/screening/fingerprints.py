"""What nearly equal texts have in common: a hash of the form, and a simhash of 64 bits over its parts of three characters. Pure."""

import hashlib
import re
from collections import Counter

import msgspec

# Shorter texts are alike by chance: 好看, 支持一下.
REPEATED_LEAST = 8
SIMILAR_LEAST = 24
# Of 64 bits. Texts with a few changed characters differ in about seven, others in about thirty.
DISTANCE_MOST = 8
_BANDS = 4
_BAND_BITS = 64 // _BANDS
_SIGN = 1 << 63
_NUMBER = re.compile("[0-9]+")


class Fingerprint(msgspec.Struct, frozen=True):
    """A text's fingerprint as signed numbers, and four bands of the simhash; nearly equal texts mostly have one band in common."""

    exact: int
    simhash: int
    bands: tuple[int, int, int, int]


def fingerprint_of(form: str) -> Fingerprint | None:
    """The fingerprint of a text by its form; None for one that is too short."""
    if len(form) < REPEATED_LEAST:
        return None
    exact = _hash(form)
    # A short text is compared as a whole only: its simhash is that of no other text.
    simhash = _simhash(form) if len(form) >= SIMILAR_LEAST else exact
    mask = (1 << _BAND_BITS) - 1
    one, two, three, four = ((simhash >> (_BAND_BITS * place)) & mask for place in range(_BANDS))
    return Fingerprint(_signed(exact), _signed(simhash), (one, two, three, four))


def is_similar(one: int, other: int) -> bool:
    """Whether two simhashes are those of nearly equal texts."""
    return ((one ^ other) & (2**64 - 1)).bit_count() <= DISTANCE_MOST


def _simhash(form: str) -> int:
    # Numbers are what such texts vary first.
    form = _NUMBER.sub("0", form)
    weights = Counter(form[place : place + 3] for place in range(len(form) - 2))
    sums = [0] * 64
    for part, weight in weights.items():
        hashed = _hash(part)
        for bit in range(64):
            sums[bit] += weight if hashed >> bit & 1 else -weight
    return sum(1 << bit for bit, total in enumerate(sums) if total > 0)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _signed(number: int) -> int:
    return number - (1 << 64) if number & _SIGN else number
