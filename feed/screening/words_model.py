"""The words of the list as staff write them, and which of them cannot be listed."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from feed.errors import FieldError, NotFound
from feed.reasons import AdverseReason
from feed.screening.forms import form_of, is_han
from feed.screening.word_list import ListedLevel
from feed.texts import field_errors, line, quoted, read_text

TERM = line(60)
NOTE = line(200, required=False)
Term = Annotated[str, TERM.bound]
WordNote = Annotated[str, NOTE.bound]
# In one request; a file is imported in portions.
WORDS_MOST = 500

# What has a meaning in patterns: an entry with it was meant to be one.
_PATTERN = re.compile(r"[*+?\[\](){}|\\^$]")
# A listed word is too common if it is in so many of the texts that it was tried on, and in three at least.
HARMLESS_SHARE = 0.01
RECENT_SHARE = 0.02
_HITS_LEAST = 3


class WordNotFound(NotFound):
    """The term is not listed."""


class WordIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word for the list. It replaces a listed one that is the same without width, case, spaces and symbols."""

    term: Term
    level: ListedLevel
    label: AdverseReason = "other"
    note: WordNote = ""
    single: bool = False


class NewWord(msgspec.Struct, frozen=True):
    """A valid word with its form."""

    form: str
    term: str
    level: ListedLevel
    label: str
    note: str


class Trial(msgspec.Struct, frozen=True):
    """On how many texts the words were tried, the forms with the number of texts that have each, and one such text."""

    harmless: int = 0
    recent: int = 0
    is_complete: bool = True
    in_harmless: dict[str, int] = {}
    in_recent: dict[str, int] = {}
    examples: dict[str, str] = {}


class ListChange(msgspec.Struct, frozen=True):
    """What a change has done. Without a difference the version stays."""

    version: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    tried_on: int = 0


def read_words(given: Sequence[WordIn]) -> tuple[dict[str, NewWord], list[FieldError]]:
    """The valid words by their fields in the request, and every problem of the others."""
    words: dict[str, NewWord] = {}
    errors: list[FieldError] = []
    seen: set[str] = set()
    for place, word in enumerate(given):
        field = f"words[{place}].term"
        term, problem = read_text(word.term, TERM)
        note, note_problem = read_text(word.note, NOTE)
        errors += field_errors(field, problem, TERM) + field_errors(f"words[{place}].note", note_problem, NOTE)
        if problem:
            continue
        form = form_of(term)
        if code := _problem(term, form, is_single=word.single):
            errors.append(FieldError(field, code))
        elif form in seen:
            errors.append(FieldError(field, "repeated"))
        else:
            words[field] = NewWord(form, term, word.level, word.label, note)
        seen.add(form)
    return words, errors


def common_words(words: Mapping[str, NewWord], trial: Trial, *, even_if_common: bool) -> list[FieldError]:
    """The errors of words that would stop ordinary texts.

    `even_if_common` accepts those in recent texts, which a wave of spam explains; never those in harmless ones.
    """
    errors = []
    for field, word in words.items():
        harmless, recent = trial.in_harmless.get(word.form, 0), trial.in_recent.get(word.form, 0)
        is_common = is_too_common(harmless, trial.harmless)
        if is_common or (not even_if_common and _is_common(recent, trial.recent, RECENT_SHARE)):
            count, most = (harmless, trial.harmless) if is_common else (recent, trial.recent)
            params = {"count": count, "most": most, "example": quoted(trial.examples[word.form], 40)}
            errors.append(FieldError(field, "too_common", params))
    return errors


def is_too_common(count: int, harmless: int) -> bool:
    """Whether a word that stops so many of the harmless texts must not be in force."""
    return _is_common(count, harmless, HARMLESS_SHARE)


def _is_common(count: int, of: int, share: float) -> bool:
    return count >= max(_HITS_LEAST, share * of)


def _problem(term: str, form: str, *, is_single: bool) -> str | None:
    if _PATTERN.search(term):
        return "is_pattern"
    if not form:
        return "not_searchable"
    # A Latin letter or digit alone is in every text.
    if len(form) == 1 and not (is_single and is_han(form)):
        return "too_short"
    return None
