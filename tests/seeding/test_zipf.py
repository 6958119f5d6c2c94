"""Shares: exact sums, the cap, the skew; strides that visit every index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.seeding.zipf import SPREAD, owners, shares, stride


@given(st.data(), st.integers(1, 300), st.integers(1, 50), st.sampled_from([0.0, 0.6, 1.0, 2.0]))
def test_shares_sum_up_and_keep_the_cap(data: st.DataObject, among: int, most: int, exponent: float) -> None:
    total = data.draw(st.integers(0, among * most))

    parts = shares(total, among, exponent=exponent, most=most)

    assert sum(parts) == total
    assert len(parts) == among
    assert all(0 <= part <= most for part in parts)
    assert parts == sorted(parts, reverse=True)


def test_a_few_have_very_much_and_most_have_little() -> None:
    parts = shares(100_000, 10_000, exponent=1.0, most=5_000)

    assert parts[0] == pytest.approx(5_000, abs=1)
    assert sum(parts[:100]) > 45_000
    assert parts[5_000] <= 2


def test_each_thing_has_an_owner() -> None:
    assert list(owners([3, 0, 1])) == [0, 0, 0, 2]


@given(st.integers(1, 5_000), st.sampled_from(SPREAD))
def test_a_stride_meets_each_place_once(length: int, part: float) -> None:
    step = stride(length, part)

    assert len({number * step % length for number in range(length)}) == length
