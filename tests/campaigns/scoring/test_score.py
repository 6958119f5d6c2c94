"""The score: monotone, exact, and a total order."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.model import Caps, Weights
from feed.campaigns.scoring.score import (
    RankedEntry,
    best_per_person,
    micro_points,
    points_by_count,
    ranking_key,
    saturation,
    score,
    total_score,
)

WEIGHTS = Weights(Decimal("0.5"), Decimal("0.3"), Decimal("0.2"))
CAPS = Caps(1000, 200)
counts = st.integers(0, 3000)
marks = st.decimals(0, 100, places=2)


def test_ten_likes_are_worth_ten_points_and_the_next_ten_three() -> None:
    ten, twenty = (score(Decimal(0), n, 0, WEIGHTS, CAPS).total for n in (10, 20))
    assert (round(ten), round(twenty - ten)) == (10, 3)


def test_everything_at_its_cap_is_exactly_a_hundred() -> None:
    assert micro_points(score(Decimal(100), 1000, 200, WEIGHTS, CAPS)) == 100_000_000
    assert score(Decimal(100), 9999, 9999, WEIGHTS, CAPS) == score(Decimal(100), 1000, 200, WEIGHTS, CAPS)


@given(marks, counts, counts, st.integers(0, 50))
def test_more_of_anything_never_scores_less(quality: Decimal, likes: int, commenters: int, more: int) -> None:
    base = score(quality, likes, commenters, WEIGHTS, CAPS).total
    assert score(quality, likes + more, commenters, WEIGHTS, CAPS).total >= base
    assert score(quality, likes, commenters + more, WEIGHTS, CAPS).total >= base
    assert score(min(quality + more, Decimal(100)), likes, commenters, WEIGHTS, CAPS).total >= base


@given(counts)
def test_the_saturation_lies_between_zero_and_one(count: int) -> None:
    assert 0 <= saturation(count, CAPS.likes) <= 1


def entry(post_id: int, likes: int, commenters: int, person: bytes) -> RankedEntry:
    points = score(Decimal(0), likes, commenters, WEIGHTS, CAPS).total
    return RankedEntry(post_id, person, datetime(2026, 9, 1, tzinfo=UTC), Decimal(0), likes, commenters, points)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.binary(min_size=1, max_size=1)), max_size=12),
    st.randoms(),
)
def test_the_order_is_total_and_independent_of_the_input_order(rows, random) -> None:  # type: ignore[no-untyped-def]
    entries = [entry(n, likes, commenters, person) for n, (likes, commenters, person) in enumerate(rows, 1)]
    ties = ("likes", "comments", "earliest")
    assert len({ranking_key(each, ties) for each in entries}) == len(entries)
    shuffled = random.sample(entries, len(entries))
    order = sorted(entries, key=lambda each: ranking_key(each, ties))
    assert order == sorted(shuffled, key=lambda each: ranking_key(each, ties))
    best = best_per_person(order)
    assert len(best) == len({each.person for each in entries}) == len({each.person for each in best})


@st.composite
def shares(draw: st.DrawFn) -> Weights:
    quality = draw(st.decimals(0, 1, places=4))
    likes = draw(st.decimals(0, 1 - quality, places=4))
    return Weights(quality, likes, 1 - quality - likes)


@given(shares(), st.builds(Caps, st.integers(1, 1_000_000), st.integers(1, 1_000_000)))
def test_the_points_by_count_equal_the_score(weights: Weights, caps: Caps) -> None:
    zero = Decimal(0)
    points = points_by_count(weights, caps)
    assert [count for count, _, _ in points] == [10, 50, 200]
    for count, likes, comments in points:
        # The score of the board, in millionths, and of the settlement.
        assert likes * 1_000_000 == micro_points(score(zero, count, 0, weights, caps))
        assert comments * 1_000_000 == micro_points(score(zero, 0, count, weights, caps))
        assert likes == total_score(zero, count, 0, weights, caps)
        assert comments == total_score(zero, 0, count, weights, caps)
