"""Marks: validation, and the score of a mark by criteria. Scores are exact decimals from 0 to 100 with six decimals."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Annotated

import msgspec

from feed.campaigns.inputs import Note, note_problems
from feed.campaigns.model import CRITERIA_MOST, Criterion
from feed.campaigns.text_rules import CRITERION, CriterionName
from feed.errors import FieldError, Invalid
from feed.numbers import BoundedDecimal, Ordinal
from feed.texts import normalised, text_problems

MOST = Decimal(100)
STEP = Decimal("0.000001")


class ComputedMark(msgspec.Struct, frozen=True):
    """The score of a mark, and its scores by criterion if the rules have criteria."""

    score: Decimal
    scores: dict[str, Decimal] | None


class NewMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a mark: one score, or one for each criterion. `revision`: the one that the juror read, if sent."""

    score: BoundedDecimal | None = None
    scores: Annotated[dict[CriterionName, BoundedDecimal], msgspec.Meta(max_length=CRITERIA_MOST)] | None = None
    note: Note | None = None
    revision: Ordinal | None = None


def mark_problems(new: NewMark) -> list[FieldError]:
    """Errors of a mark that do not depend on the rules."""
    errors: list[FieldError] = []
    if (new.score is None) == (not new.scores):
        errors.append(FieldError("score", "one_of", {"allowed": ["score", "scores"]}))
    if new.score is not None:
        errors += _problems("score", new.score)
    if new.scores is not None:
        if any(not name or text_problems("scores", name, CRITERION) for name in new.scores):
            errors.append(FieldError("scores", "invalid_value"))
        else:
            errors += [error for name, each in new.scores.items() for error in _problems(f"scores.{name}", each)]
    return errors + note_problems(new.note)


def compute_mark(new: NewMark, criteria: Sequence[Criterion]) -> ComputedMark:
    """Computes a mark: its score, or the weighted sum of its scores, which must be those of the criteria; to six decimals.

    Raises Invalid.
    """
    if not criteria:
        if new.score is None:
            raise Invalid(FieldError("scores", "no_criteria"))
        return ComputedMark(new.score.quantize(STEP, ROUND_HALF_EVEN), None)
    if new.scores is None:
        raise Invalid(FieldError("scores", "required"))
    # Names are compared in NFC, whatever normalisation form the client uses.
    scores = {normalised(name): each for name, each in new.scores.items()}
    names = [criterion.name for criterion in criteria]
    errors = [FieldError(f"scores.{name}", "required") for name in names if name not in scores]
    errors += [
        FieldError(f"scores.{name}", "unknown_value", {"allowed": names}) for name in scores if name not in names
    ]
    if len(scores) < len(new.scores):
        errors.append(FieldError("scores", "repeated"))
    if errors:
        raise Invalid(*errors)
    return ComputedMark(weighted_score([scores[name] for name in names], criteria), scores)


def weighted_score(scores: Sequence[Decimal], criteria: Sequence[Criterion]) -> Decimal:
    """The score of a mark with these scores, in the order of the criteria: their weighted sum, to six decimals."""
    with localcontext() as context:
        # Every product has at most 15 digits, so the sum is exact and is rounded only once.
        context.prec = 34
        total = sum((each.weight * score for each, score in zip(criteria, scores, strict=True)), Decimal(0))
        return total.quantize(STEP, ROUND_HALF_EVEN)


def _problems(field: str, score: Decimal) -> list[FieldError]:
    if not 0 <= score <= MOST:
        return [FieldError(field, "out_of_range", {"least": 0, "most": int(MOST)})]
    # Excess decimals are an error and not rounded: a score counts exactly as the juror entered it.
    if score.quantize(STEP, ROUND_HALF_EVEN) != score:
        return [FieldError(field, "too_precise", {"decimals": 6})]
    return []
