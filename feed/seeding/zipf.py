"""Zipf-distributed shares, and even spreading of items."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from math import gcd

# Fractional parts of multiples of irrational numbers are equidistributed (Weyl); different ones are independent.
SPREAD = (0.6180339887498949, 0.4142135623730951, 0.7320508075688772)


def shares(total: int, among: int, *, exponent: float, most: int) -> list[int]:
    """`among` integer parts of `total` in descending order, proportional to rank ** -exponent, at most `most` each.

    Their sum is exactly `total`, which must not exceed `among` times `most`.
    """
    weights = [rank**-exponent for rank in range(1, among + 1)]
    # What exceeds the cap goes to the other parts: the scale follows from the number of capped parts.
    capped, left, weight_left = 0, total, sum(weights)
    while capped < among and weights[capped] * left > most * weight_left:
        left -= most
        weight_left -= weights[capped]
        capped += 1
    scale = left / weight_left if capped < among else 0.0
    parts = (float(most) if place < capped else min(most, scale * weight) for place, weight in enumerate(weights))
    # Differences of a rounded running sum: each has an error below one, their sum has none.
    sums = [int(reached + 0.5) for reached in accumulate(parts)]
    sums[-1] = total
    return sorted((above - below for below, above in zip([0, *sums], sums, strict=False)), reverse=True)


def owners(parts: Sequence[int]) -> "array[int]":
    """The owner of each item: index 0 as often as the first part says, and so on."""
    owned: array[int] = array("L")
    for owner, part in enumerate(parts):
        owned.extend([owner] * part)
    return owned


def stride(length: int, part: float) -> int:
    """A step of about `part` * `length`, coprime to `length`, so that its multiples visit every index once."""
    step = max(1, int(length * part))
    while gcd(step, length) != 1:
        step += 1
    return step
