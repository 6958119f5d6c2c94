"""Validation and normalisation of user texts: NFC, lengths in code points."""

import re
import unicodedata
from collections.abc import Mapping

from feed.errors import FieldError, Invalid

REASON_LONGEST = 500
# The maximum number of field errors reported for a long list.
_MAX_ERRORS = 20

# Postgres cannot store NUL, and a lone surrogate cannot be encoded.
_FORBIDDEN = re.compile(r"[\x00\ud800-\udfff]")


# Categories not allowed in a line: control, format, private and unassigned characters, and line separators.
_NOT_IN_LINES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


# Allowed all the same: joiners within emoji, Indic and Persian text.
_JOINERS = "\u200c\u200d"


# Control characters allowed in multi-line texts.
_IN_MULTILINE = "\t\n\r"


# Characters that are letters or symbols by category but render blank.
_BLANK = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


def clean_text(value: str) -> str:
    """The text in NFC, as it is stored. Does not repair what `text_problem` rejects."""
    return unicodedata.normalize("NFC", value)


def text_problem(value: str, *, shortest: int, longest: int) -> str | None:
    """The error code of an invalid text, else None. Lengths are in code points; white space alone counts as empty."""
    if _FORBIDDEN.search(value):
        return "forbidden_character"
    if len(value) > longest:
        return "too_long"
    written = len(value.strip())
    if written < shortest:
        return "too_short" if written else "required"
    return None


def require_texts(given: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """The normalised and stripped texts by field. `given` maps fields to (text, maximum length).

    Raises Invalid with every field whose text is empty, too long or contains forbidden characters.
    """
    texts = {field: clean_text(value).strip() for field, (value, _) in given.items()}
    errors = [
        FieldError(field, problem, {"longest": longest})
        for field, (_, longest) in given.items()
        if (problem := text_problem(texts[field], shortest=1, longest=longest))
    ]
    if errors:
        raise Invalid(*errors[:_MAX_ERRORS])
    return texts


def require_text(field: str, value: str, *, longest: int) -> str:
    """`require_texts` for one field. Raises Invalid."""
    return require_texts({field: (value, longest)})[field]


def read_reason(reason: str) -> str:
    """The reason of an editor's action, for the audit log. Raises Invalid."""
    return require_text("reason", reason, longest=REASON_LONGEST)


def line_problem(value: str, *, shortest: int, longest: int) -> str | None:
    """The error code of an invalid single-line text, else None. Lengths are in code points."""
    if problem := multiline_problem(value, shortest=shortest, longest=longest):
        return problem
    if any(unicodedata.category(each) in _NOT_IN_LINES and each not in _JOINERS for each in value):
        return "forbidden_character"
    return None


def multiline_problem(value: str, *, shortest: int, longest: int) -> str | None:
    """The error code of an invalid multi-line text, else None. An invisible text counts as empty."""
    if problem := text_problem(value, shortest=shortest, longest=longest):
        return problem
    if any(unicodedata.category(each) == "Cc" and each not in _IN_MULTILINE for each in value):
        return "forbidden_character"
    return "required" if shortest and not has_visible_text(value) else None


def has_visible_text(value: str) -> bool:
    """Whether the text has a visible character."""
    return any(unicodedata.category(each)[0] not in "CZM" and each not in _BLANK for each in value)
