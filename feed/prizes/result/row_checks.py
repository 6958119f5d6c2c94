"""Verification of one row of a result by itself: its values, marks, quality and score."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import UNSET

from feed.campaigns.jury.mark import weighted_score
from feed.campaigns.model import Criterion, Rules, parse_time
from feed.campaigns.scoring.engagement import quality_of
from feed.campaigns.scoring.score import RankedEntry
from feed.numbers import parse_decimal
from feed.prizes.draw.algorithm import ticket_of
from feed.prizes.result.document import MarkLine, Row, Shape, entry_number, label_of, six_decimals
from feed.prizes.result.head_checks import wrong_members
from feed.prizes.result.problem import Problem
from feed.prizes.result.selection import contender

_NO_QUALITY = Decimal(0)


def contender_of(row: Row, rules: Rules, shape: Shape) -> RankedEntry | None:
    """The row as an entry with its score; None if a value is not in the format of results."""
    likes, commenters = (row.likes_counted or 0, row.commenters_counted or 0) if shape.is_scored else (0, 0)
    try:
        number, entered_at = entry_number(row), parse_time(row.entered_at)
        quality = _read_score(row.quality) if shape.is_scored and row.quality is not UNSET else _NO_QUALITY
        if shape.is_second:
            ticket_of(row.person)
        if shape.entry_id is not None and str(number) != label_of(row):
            return None
    except ValueError:
        return None
    if min(number, likes, commenters) < 0:
        return None
    return contender(
        number,
        person=row.person.encode(),
        entered_at=entered_at,
        quality=quality,
        likes=likes,
        commenters=commenters,
        rules=rules,
    )


def check_row(row: Row, entry: RankedEntry, rules: Rules, shape: Shape, where: str) -> Iterator[Problem]:
    """The problems of a row whose members are those of its shape, and of which `entry` was made."""
    if not rules.starts_at <= entry.entered_at < rules.ends_at:
        yield Problem("outside_of_the_period", f"{where}.entered_at")
    if shape.is_second and (row.reason is None) is (row.rank is None):
        yield Problem("reason", f"{where}.reason")
    if row.marks is not UNSET:
        yield from _check_marks(row.marks, entry, rules.criteria, where)
    if row.score is not UNSET and row.score != six_decimals(entry.score):
        yield Problem("score", f"{where}.score", six_decimals(entry.score))


def check_row_members(row: Row, shape: Shape, where: str) -> Iterator[Problem]:
    """Whether the row has exactly the members of its shape."""
    yield from wrong_members(row, shape.of_row, where)


def _check_marks(
    marks: Sequence[MarkLine], entry: RankedEntry, criteria: Sequence[Criterion], where: str
) -> Iterator[Problem]:
    jurors = [mark.juror for mark in marks]
    if jurors != sorted(set(jurors)):
        yield Problem("mark_twice", f"{where}.marks")
    scores = []
    for number, mark in enumerate(marks):
        at = f"{where}.marks[{number}]"
        try:
            ticket_of(mark.juror)
            scores.append(_read_score(mark.score))
            parts = None if mark.scores is UNSET else [_read_score(each) for each in mark.scores]
        except ValueError:
            yield Problem("spelling", at)
            return
        if (parts is None) is bool(criteria) or (parts is not None and len(parts) != len(criteria)):
            yield Problem("mark_criteria", at, str(len(criteria)))
        elif parts is not None and scores[-1] != (weighted := weighted_score(parts, criteria)):
            yield Problem("mark_score", f"{at}.score", six_decimals(weighted))
    if entry.quality != (quality := quality_of(scores)):
        yield Problem("quality", f"{where}.quality", six_decimals(quality))


def _read_score(text: str) -> Decimal:
    """A mark, or a quality: 0 to 100 with six decimals. Raises ValueError for any other spelling."""
    value = parse_decimal(text)
    if not 0 <= value <= 100 or six_decimals(value) != text:
        raise ValueError(text[:80])
    return value
