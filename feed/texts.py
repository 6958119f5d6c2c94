"""Text as people write it and as the database keeps it: NFC, counted in code points."""

import re
import unicodedata
from collections.abc import Mapping

from feed.errors import FieldError, Invalid

REASON_LONGEST = 500
# Of a long list each wrong text is an error of its own; so many are enough to see what is wrong with it.
_ERRORS_MOST = 20

# What no text may contain: Postgres cannot store NUL, and a lone surrogate is no character in any encoding.
_FORBIDDEN = re.compile(r"[\x00\ud800-\udfff]")


# They begin another line, turn the direction of reading, or are not seen; a name has no use for any of them.
_NO_PART = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


# But these two join what is written (emoji of several signs, Indic and Persian letters).
_JOINERS = "\u200c\u200d"


# What keyboards and word processors write between and within lines.
_IN_PASSAGES = "\t\n\r"


# Letters and signs by their category, and blank all the same.
_BLANK = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


def clean_text(value: str) -> str:
    """The text in NFC, as it is stored. Changes nothing that `text_problem` refuses."""
    return unicodedata.normalize("NFC", value)


def text_problem(value: str, *, shortest: int, longest: int) -> str | None:
    """The code of what is wrong with a text, None if nothing: lengths in code points, white space alone is no text."""
    if _FORBIDDEN.search(value):
        return "forbidden_character"
    if len(value) > longest:
        return "too_long"
    written = len(value.strip())
    if written < shortest:
        return "too_short" if written else "required"
    return None


def require_texts(given: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """The texts of some fields, clean and without white space around them; each is given with its greatest length.

    Raises Invalid with every field whose text is empty, too long or holds what cannot be stored.
    """
    texts = {field: clean_text(value).strip() for field, (value, _) in given.items()}
    errors = [
        FieldError(field, problem, {"longest": longest})
        for field, (_, longest) in given.items()
        if (problem := text_problem(texts[field], shortest=1, longest=longest))
    ]
    if errors:
        raise Invalid(*errors[:_ERRORS_MOST])
    return texts


def require_text(field: str, value: str, *, longest: int) -> str:
    """The text of one field, as `require_texts` reads it. Raises Invalid."""
    return require_texts({field: (value, longest)})[field]


def read_reason(reason: str) -> str:
    """Why an editor does what others will ask about, as the audit keeps it. Raises Invalid."""
    return require_text("reason", reason, longest=REASON_LONGEST)


def line_problem(value: str, *, shortest: int, longest: int) -> str | None:
    """The code of what is wrong with a text of one line, None if nothing: lengths in code points."""
    if problem := passage_problem(value, shortest=shortest, longest=longest):
        return problem
    if any(unicodedata.category(each) in _NO_PART and each not in _JOINERS for each in value):
        return "forbidden_character"
    return None


def passage_problem(value: str, *, shortest: int, longest: int) -> str | None:
    """The same of a text that may have several lines. A text of which nothing is seen is none."""
    if problem := text_problem(value, shortest=shortest, longest=longest):
        return problem
    if any(unicodedata.category(each) == "Cc" and each not in _IN_PASSAGES for each in value):
        return "forbidden_character"
    return "required" if shortest and not is_written(value) else None


def is_written(value: str) -> bool:
    """Whether there is anything to be seen."""
    return any(unicodedata.category(each)[0] not in "CZM" and each not in _BLANK for each in value)
