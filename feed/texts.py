"""Text as people write it and as the database keeps it: NFC, counted in code points."""

import re
import unicodedata

# What no text may contain: Postgres cannot store NUL, and a lone surrogate is no character in any encoding.
_FORBIDDEN = re.compile(r"[\x00\ud800-\udfff]")


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
