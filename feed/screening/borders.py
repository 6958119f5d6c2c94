"""Whether a listed word that was found with something between its characters is that word, or two words side by side. Pure."""

import itertools
from collections.abc import Sequence
from typing import Literal

from feed.screening.forms import is_han, is_invisible, is_latin, is_letter

# Ends of sentences and clauses, quotes and brackets in Chinese typography, and line breaks.
_HARD = frozenset("。！？，；：、…“”‘’「」『』《》〈〉（）【】\n\r\u2028\u2029\t")
# Stand between words as well as within a word that is to be hidden.
_BETWEEN_WORDS = frozenset(" \u3000\u00a0-—–/|&+~·.,;:!?()'\"")
# Letters or digits between Han characters, at most so many: 赌1博.
INSERTED_MOST = 3

Strength = Literal["listed", "held"]


def strength_of(text: str, positions: Sequence[int], form: str) -> Strength | None:
    """How a hit counts: `listed` as its level says, `held` for review at most, None for no hit.

    `positions` are those of the characters of `form` within the text. Undivided, or divided by what is invisible, a hit counts
    as listed. A space or a symbol may also stand between two words, so it only holds. Over the end of a clause or a line a hit
    needs all its characters apart.
    """
    gaps = [text[left + 1 : right] for left, right in itertools.pairwise(positions)]
    if not _has_borders(text, positions, form):
        return None
    divided = [gap for gap in gaps if gap and not is_invisible(gap)]
    if not divided:
        return "listed"
    is_apart = len(divided) == len(gaps)
    if any(_HARD & set(gap) for gap in divided):
        return "held" if is_apart and (len(form) > 2 or _is_alone(text, positions)) else None
    inserted = [sum(map(is_letter, gap)) for gap in divided]
    if any(inserted):
        # A word with Latin letters of its own would be found anywhere.
        return "held" if max(inserted) <= INSERTED_MOST and all(map(is_han, form)) else None
    if not _is_latin_apart(gaps, form, is_apart=is_apart):
        return None
    return (
        "held" if any(_BETWEEN_WORDS & set(gap) for gap in divided) and not (is_apart and len(form) > 2) else "listed"
    )


def is_divided_by_clause(text: str) -> bool:
    """Whether a clause or a line ends within the text."""
    return not _HARD.isdisjoint(text)


def _has_borders(text: str, positions: Sequence[int], form: str) -> bool:
    """Whether the hit does not begin or end within a Latin word or a number."""
    before = text[positions[0] - 1 : positions[0]]
    after = text[positions[-1] + 1 : positions[-1] + 2]
    return not _joins(form[0], before) and not _joins(form[-1], after)


def _joins(edge: str, neighbour: str) -> bool:
    if is_latin(edge):
        return is_letter(neighbour) and not neighbour.isdigit() and not is_han(neighbour)
    return edge.isascii() and neighbour.isdigit()


def _is_alone(text: str, positions: Sequence[int]) -> bool:
    """Whether no letter or digit touches the hit."""
    before, after = text[positions[0] - 1 : positions[0]], text[positions[-1] + 1 : positions[-1] + 2]
    return not is_letter(before) and not is_letter(after)


def _is_latin_apart(gaps: Sequence[str], form: str, *, is_apart: bool) -> bool:
    """Whether spaces within the Latin part of a hit are inserted, as in `s e x`, and do not end words, as in `as ex`."""
    for left, right, gap in zip(form, form[1:], gaps, strict=False):
        if is_latin(left) and is_latin(right) and gap.isspace() and not is_apart:
            return False
    return True
