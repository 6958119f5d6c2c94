"""Texts that stand within the rules as people read them: each stays one line, and has something to be read. Pure."""

import unicodedata

from feed.texts import text_problem

# They begin another line, turn the direction of reading, or are not seen; a name has no use for any of them.
_NO_PART = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
# But these two join what is written (emoji of several signs, Indic and Persian letters).
_JOINERS = "\u200c\u200d"
# What keyboards and word processors write between and within lines.
_IN_PASSAGES = "\t\n\r"
# Letters and signs by their category, and blank all the same.
_BLANK = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


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
