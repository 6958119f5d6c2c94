"""Names as they look: the skeleton of a name is the same for all spellings that a reader takes for it. Pure."""

import re

import unicodedata2 as unicodedata

from feed.names.look_alikes import look_of
from feed.texts import IGNORABLE

# Runs of Latin letters, and of Latin letters and what stands for them.
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN_RUN = re.compile(r"[a-z]+")
_OUTER_DIGITS = re.compile(r"^\d+|\d+$")


def skeleton(name: str) -> str:
    """The letters and digits of a name by their look, without case, width, marks, spaces, symbols and invisible characters.

    For a text whose length was checked before. Empty for a name of symbols only.
    """
    shown = "".join(look_of(each) for each in _without_marks(name))
    return "".join(each for each in shown if unicodedata.category(each)[0] in "LN")


def name_skeleton(name: str) -> str:
    """What names are compared by: the skeleton, or for a name of symbols only the symbols."""
    return skeleton(name) or IGNORABLE.sub("", unicodedata.normalize("NFKC", name)).casefold()


def latin_words(name: str) -> set[str]:
    """The skeletons of the words in a name that are written in Latin letters, or in what looks like them.

    Each run of letters between others, the whole with its symbols left out, and each without the digits around it.
    """
    plain = _without_marks(name)
    parts = re.split(r"[\W_]+", plain)
    spellings = {plain, *parts, *(_OUTER_DIGITS.sub("", part) for part in parts), *_LETTERS.findall(plain)}
    spellings |= {_OUTER_DIGITS.sub("", "".join(parts))}
    return {run for each in spellings for run in _LATIN_RUN.findall(skeleton(each))}


def _without_marks(name: str) -> str:
    # Decomposed, so that an accent is a mark of its own.
    decomposed = unicodedata.normalize("NFKD", IGNORABLE.sub("", name))
    return "".join(each for each in decomposed if unicodedata.category(each) not in ("Mn", "Me"))
