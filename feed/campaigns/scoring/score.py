"""The campaign score, in decimal arithmetic, so that equal scores are equal: for the live leaderboard and the settlement.

100 · (w_q · quality / 100 + w_l · s(likes) + w_c · s(commenters)),   s(n) = ln(1 + min(n, cap)) / ln(1 + cap)
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

import msgspec

from feed.campaigns.model import Caps, Weights

_CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN)
_STEP = Decimal("0.000001")
_MILLION = Decimal(1_000_000)


class Score(msgspec.Struct, frozen=True):
    """The score of an entry: three parts and their total, each a multiple of 0.000001."""

    quality: Decimal
    likes: Decimal
    comments: Decimal
    total: Decimal


class RankedEntry(msgspec.Struct, frozen=True):
    """An entry with the fields that its rank depends on. `entry_id`: of its post, comment or account."""

    entry_id: int
    person: bytes
    entered_at: datetime
    quality: Decimal
    likes: int
    commenters: int
    score: Decimal


def saturation(count: int, cap: int) -> Decimal:
    """s(count) of the formula above: 0 for none, 1 from `cap` on; 34 digits."""
    if cap <= 0 or count <= 0:
        return Decimal(0)
    return _CONTEXT.divide(_CONTEXT.ln(Decimal(1 + min(count, cap))), _CONTEXT.ln(Decimal(1 + cap)))


def score(quality: Decimal, likes: int, commenters: int, weights: Weights, caps: Caps) -> Score:
    """The score of an entry with this quality (0 to 100) and these numbers of likers and commenters; 0 to 100."""
    parts = _exact(quality, likes, commenters, weights, caps)
    return Score(*(value.quantize(_STEP, ROUND_HALF_EVEN) for value in (*parts, _sum(parts))))


def total_score(quality: Decimal, likes: int, commenters: int, weights: Weights, caps: Caps) -> Decimal:
    """The total of `score`: the rounded sum of the exact parts, not the sum of the rounded ones."""
    return _sum(_exact(quality, likes, commenters, weights, caps)).quantize(_STEP, ROUND_HALF_EVEN)


def micro_points(value: Score) -> int:
    """The total in millionths of a point, as boards store it."""
    return int(value.total * _MILLION)


def ranking_key(entry: RankedEntry, tie_break: Sequence[str]) -> tuple[Decimal | int, ...]:
    """The sort key of a total order, best first: score, tie-breaks of the rules, time of entry, id."""
    return (
        -entry.score,
        *(_TIES[name](entry) for name in tie_break),
        _microseconds(entry.entered_at),
        entry.entry_id,
    )


def best_per_person(order: Sequence[RankedEntry]) -> list[RankedEntry]:
    """The first entry of each person, in the given order."""
    best: dict[bytes, RankedEntry] = {}
    for entry in order:
        best.setdefault(entry.person, entry)
    return list(best.values())


def points_by_count(
    weights: Weights, caps: Caps, counts: Sequence[int] = (10, 50, 200)
) -> list[tuple[int, Decimal, Decimal]]:
    """(count, points of so many likes, points of so many commenters) for each count: examples for editors and the rules text."""
    zero = Decimal(0)
    return [
        (count, score(zero, count, 0, weights, caps).total, score(zero, 0, count, weights, caps).total)
        for count in counts
    ]


def _exact(
    quality: Decimal, likes: int, commenters: int, weights: Weights, caps: Caps
) -> tuple[Decimal, Decimal, Decimal]:
    return (
        _CONTEXT.multiply(weights.quality, quality),
        _weighted(weights.likes, likes, caps.likes),
        _weighted(weights.comments, commenters, caps.comments),
    )


def _sum(parts: tuple[Decimal, Decimal, Decimal]) -> Decimal:
    return _CONTEXT.add(_CONTEXT.add(parts[0], parts[1]), parts[2])


@lru_cache(maxsize=65_536)
def _weighted(weight: Decimal, count: int, cap: int) -> Decimal:
    return _CONTEXT.multiply(_CONTEXT.multiply(Decimal(100), weight), saturation(count, cap))


def _microseconds(at: datetime) -> int:
    # In integers: a float would make neighbouring microseconds equal.
    return int(at.timestamp()) * 1_000_000 + at.microsecond


_TIES: dict[str, Callable[[RankedEntry], Decimal | int]] = {
    "quality": lambda entry: -entry.quality,
    "likes": lambda entry: -entry.likes,
    "comments": lambda entry: -entry.commenters,
    "earliest": lambda entry: _microseconds(entry.entered_at),
}
