from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.marking import mark_of
from feed.errors import Invalid

marks = st.decimals(0, 100, places=6, allow_nan=False)


@given(marks)
def test_a_mark_is_kept_as_it_was_given(score: Decimal) -> None:
    assert mark_of(score, None, None) == score


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_every_number_is_a_mark_or_refused(score: Decimal) -> None:
    try:
        mark = mark_of(score, None, None)
    except Invalid:
        return
    assert mark == score
    assert 0 <= mark <= 100


@given(st.dictionaries(st.sampled_from(["立意", "文采", "真情"]), marks, min_size=1))
def test_the_mean_of_the_criteria_lies_between_them(scores: dict[str, Decimal]) -> None:
    assert min(scores.values()) <= mark_of(None, scores, None) <= max(scores.values())


@pytest.mark.parametrize(
    ("score", "scores", "note", "fields"),
    [
        (None, None, None, ["score"]),
        (None, {}, None, ["score"]),
        (Decimal(1), {"a": Decimal(1)}, None, ["score"]),
        (Decimal(-1), None, "x" * 501, ["score", "note"]),
        (None, {"a": Decimal(101), "b": Decimal("1.0000001")}, None, ["scores.a", "scores.b"]),
        (None, {"a\0": Decimal(1)}, None, ["scores"]),
        (None, {str(number): Decimal(1) for number in range(21)}, None, ["scores"]),
    ],
)
def test_everything_wrong_with_a_mark_is_named(
    score: Decimal | None, scores: dict[str, Decimal] | None, note: str | None, fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        mark_of(score, scores, note)
    assert [error.field for error in refused.value.errors] == fields
