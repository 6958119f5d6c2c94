from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.jury.mark import NewMark, compute_mark, mark_problems
from feed.campaigns.model import Criterion
from feed.campaigns.rules.validation import CRITERION_DECIMALS
from feed.campaigns.scoring.engagement import quality_of
from feed.errors import Invalid

marks = st.decimals(0, 100, places=6, allow_nan=False)
NAMES = ("立意", "文采", "真情", "新意")
MILLION = 10**CRITERION_DECIMALS
THREE = tuple(map(Criterion, NAMES[:3], map(Decimal, ("0.5", "0.3", "0.2"))))


@st.composite
def juries(draw: st.DrawFn) -> tuple[tuple[Criterion, ...], list[dict[str, Decimal]]]:
    """Criteria whose weights sum to 1 in millionths, and the scores of one to five jurors."""
    count = draw(st.integers(1, len(NAMES)))
    cuts = sorted(draw(st.sets(st.integers(1, MILLION - 1), min_size=count - 1, max_size=count - 1)))
    shares = [high - low for low, high in zip([0, *cuts], [*cuts, MILLION], strict=True)]
    criteria = tuple(
        Criterion(name, Decimal(share).scaleb(-CRITERION_DECIMALS)) for name, share in zip(NAMES, shares, strict=False)
    )
    jurors = draw(st.lists(st.fixed_dictionaries({each.name: marks for each in criteria}), min_size=1, max_size=5))
    return criteria, jurors


def rounded(value: Fraction) -> Fraction:
    """Rounds to millionths, half to even, as `round` does with fractions."""
    return Fraction(round(value * MILLION), MILLION)


@given(marks)
def test_a_mark_keeps_its_exact_score(score: Decimal) -> None:
    assert mark_problems(NewMark(score)) == []
    assert compute_mark(NewMark(score), ()).score == score


@given(st.decimals(min_value=-1000, max_value=1000, allow_nan=False, places=8))
def test_every_number_is_a_mark_or_rejected(score: Decimal) -> None:
    if mark_problems(NewMark(score)):
        return
    mark = compute_mark(NewMark(score), ()).score
    assert mark == score
    assert 0 <= mark <= 100


@given(juries())
def test_a_mark_is_the_weighted_sum_and_quality_the_mean_of_the_marks(
    jury: tuple[tuple[Criterion, ...], list[dict[str, Decimal]]],
) -> None:
    criteria, jurors = jury
    computed = [compute_mark(NewMark(scores=scores), criteria) for scores in jurors]
    exact = [
        rounded(sum((Fraction(each.weight) * Fraction(scores[each.name]) for each in criteria), Fraction(0)))
        for scores in jurors
    ]
    assert [Fraction(mark.score) for mark in computed] == exact
    assert Fraction(quality_of([mark.score for mark in computed])) == rounded(sum(exact, Fraction(0)) / len(exact))
    assert all(min(scores.values()) <= mark.score <= max(scores.values()) for mark, scores in zip(computed, jurors, strict=True))  # fmt: skip
    # Independent of the order of jurors and of criteria.
    assert quality_of([mark.score for mark in computed[::-1]]) == quality_of([mark.score for mark in computed])
    reordered = dict(reversed(jurors[0].items()))
    assert compute_mark(NewMark(scores=reordered), criteria[::-1]).score == computed[0].score


def test_without_a_mark_quality_is_zero() -> None:
    assert quality_of([]) == 0


@pytest.mark.parametrize(
    ("new", "fields"),
    [
        (NewMark(), ["score"]),
        (NewMark(scores={}), ["score"]),
        (NewMark(Decimal(1), {"a": Decimal(1)}), ["score"]),
        (NewMark(Decimal(-1), note="x" * 501), ["score", "note"]),
        (NewMark(scores={"a": Decimal(101), "b": Decimal("1.0000001")}), ["scores.a", "scores.b"]),
        (NewMark(scores={"a\0": Decimal(1)}), ["scores"]),
    ],
)
def test_a_rejected_mark_lists_all_errors(new: NewMark, fields: list[str]) -> None:
    assert [error.field for error in mark_problems(new)] == fields


@pytest.mark.parametrize(
    ("scores", "rejected"),
    [
        ({"立意": 1, "文采": 1}, [("scores.真情", "required")]),
        ({"立意": 1, "文采": 1, "真情": 1, "书法": 1}, [("scores.书法", "unknown_value")]),
        ({"立意": 1, "书法": 1}, [("scores.文采", "required"), ("scores.真情", "required"), ("scores.书法", "unknown_value")]),
        (None, [("scores", "required")]),
    ],
)  # fmt: skip
def test_scores_must_match_the_criteria(scores: dict[str, int] | None, rejected: list[tuple[str, str]]) -> None:
    new = NewMark(Decimal(50)) if scores is None else NewMark(scores={n: Decimal(v) for n, v in scores.items()})
    with pytest.raises(Invalid) as found:
        compute_mark(new, THREE)
    assert [(error.field, error.code) for error in found.value.errors] == rejected


def test_without_criteria_a_mark_is_one_score() -> None:
    with pytest.raises(Invalid) as found:
        compute_mark(NewMark(scores={"立意": Decimal(1)}), ())
    assert [(error.field, error.code) for error in found.value.errors] == [("scores", "no_criteria")]


def test_criterion_names_are_compared_in_nfc() -> None:
    composed, decomposed = "\u00e9", "e\u0301"
    criteria = (Criterion(composed, Decimal(1)),)
    assert compute_mark(NewMark(scores={decomposed: Decimal(7)}), criteria).score == 7
    with pytest.raises(Invalid):
        compute_mark(NewMark(scores={decomposed: Decimal(7), composed: Decimal(8)}), criteria)
