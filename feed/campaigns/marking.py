"""What a mark may be: exact, between 0 and 100, with at most six decimals."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from feed.campaigns.verdicts import note_problems
from feed.errors import FieldError, Invalid
from feed.texts import text_problem

MOST = Decimal(100)
STEP = Decimal("0.000001")
CRITERIA_MOST = 20
CRITERION_LONGEST = 40


def mark_of(score: Decimal | None, scores: Mapping[str, Decimal] | None, note: str | None) -> Decimal:
    """The mark: the score itself, or the mean of the criteria's scores. Raises Invalid."""
    errors: list[FieldError] = []
    if (score is None) == (not scores):
        errors.append(FieldError("score", "one_of", {"fields": ["score", "scores"]}))
    if score is not None:
        errors += _problems("score", score)
    if scores is not None:
        if len(scores) > CRITERIA_MOST or any(
            text_problem(name, shortest=1, longest=CRITERION_LONGEST) for name in scores
        ):
            errors.append(FieldError("scores", "invalid_value"))
        else:
            errors += [error for name, each in scores.items() for error in _problems(f"scores.{name}", each)]
    errors += note_problems(note)
    if errors:
        raise Invalid(*errors)
    with localcontext() as context:
        context.prec = 34
        given = [score] if score is not None else list((scores or {}).values())
        return (sum(given, Decimal(0)) / len(given)).quantize(STEP, ROUND_HALF_EVEN)


def _problems(field: str, score: Decimal) -> list[FieldError]:
    if not score.is_finite() or not 0 <= score <= MOST:
        return [FieldError(field, "out_of_range", {"least": 0, "most": int(MOST)})]
    # Digits below the step are refused, not rounded: a juror's number counts as it was written.
    if (score and score.adjusted() < -6) or score.quantize(STEP, ROUND_HALF_EVEN) != score:
        return [FieldError(field, "too_precise", {"decimals": 6})]
    return []
