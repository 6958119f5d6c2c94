"""Shares as people take them: a few have very much, most have little."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from math import gcd

# Multiples of such numbers are spread evenly over the circle, and of different ones independently of each other.
SPREAD = (0.6180339887498949, 0.4142135623730951, 0.7320508075688772)


def shares(total: int, among: int, *, exponent: float, most: int) -> list[int]:
    """Parts of `total`, the largest first, that fall with the power `exponent` of their rank; none is above `most`.

    They sum up to `total` exactly, which must not be more than `among` times `most`.
    """
    weights = [rank**-exponent for rank in range(1, among + 1)]
    # What the first ones may not have, the others get: the scale follows from how many of the first are capped.
    capped, left, weight_left = 0, total, sum(weights)
    while capped < among and weights[capped] * left > most * weight_left:
        left -= most
        weight_left -= weights[capped]
        capped += 1
    scale = left / weight_left if capped < among else 0.0
    parts = (float(most) if place < capped else min(most, scale * weight) for place, weight in enumerate(weights))
    # Differences of a rounded running sum: each is off by less than one, and their sum by nothing.
    sums = [int(reached + 0.5) for reached in accumulate(parts)]
    sums[-1] = total
    return sorted((above - below for below, above in zip([0, *sums], sums, strict=False)), reverse=True)


def owners(parts: Sequence[int]) -> "array[int]":
    """Who owns each of the things that are shared out: the first as often as the first part says, and so on."""
    owned: array[int] = array("L")
    for owner, part in enumerate(parts):
        owned.extend([owner] * part)
    return owned


def stride(length: int, part: float) -> int:
    """About this part of a circle of `length` places; steps of it meet each place once before they meet one again."""
    step = max(1, int(length * part))
    while gcd(step, length) != 1:
        step += 1
    return step
