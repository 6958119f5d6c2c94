"""Numbers by reason say nothing about a single account, wherever they are published."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.scoring.disclosure import LEAST_SHOWN, OTHER, disclosed
from feed.campaigns.scoring.engagement import EXCLUSION_REASONS

COUNTS = st.dictionaries(st.sampled_from(EXCLUSION_REASONS), st.integers(1, 3 * LEAST_SHOWN))


@given(COUNTS, st.booleans())
def test_no_reason_has_a_small_number_and_the_total_is_the_same(counts: Mapping[str, int], announced: bool) -> None:
    shown = disclosed(counts, announced=announced)
    assert sum(shown.values()) == sum(counts.values())
    assert all(count >= LEAST_SHOWN for reason, count in shown.items() if reason != OTHER)
    assert all(count > 0 for count in shown.values())


@pytest.mark.parametrize("reason", EXCLUSION_REASONS)
def test_one_like_less_than_ten_is_in_the_sum_and_ten_are_named(reason: str) -> None:
    secret = reason in ("juror", "voided")
    assert disclosed({reason: LEAST_SHOWN - 1}, announced=True) == {OTHER: LEAST_SHOWN - 1}
    assert disclosed({reason: LEAST_SHOWN}, announced=True) == {reason: LEAST_SHOWN}
    assert disclosed({reason: LEAST_SHOWN}, announced=False) == {OTHER if secret else reason: LEAST_SHOWN}


def test_what_is_summed_once_may_be_summed_again() -> None:
    assert disclosed({OTHER: 30, "staff": 1}, announced=True) == {OTHER: 31}
    assert disclosed({}, announced=False) == {}
