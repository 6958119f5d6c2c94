"""The compiled list of words: which listed words a text contains, and where. Immutable; a new version replaces it as a whole."""

from collections.abc import Iterable, Sequence
from typing import Literal

import ahocorasick_rs
import msgspec

from feed.screening.borders import strength_of
from feed.screening.builtin_phrases import HARMLESS_PHRASES
from feed.screening.forms import han_only, is_han, is_letter, spelled
from feed.screening.model import Label
from feed.screening.split_forms import split_forms

ListedLevel = Literal["block", "review", "allow"]
# A text with more hits is decided by the first ones.
HITS_MOST = 20
_STRICTER = {"block": 1, "review": 0}


class Word(msgspec.Struct, frozen=True):
    """A listed word. `form` is what is searched for; `label` the reason code that the author of a text reads.

    A word of the level `allow` is a harmless phrase: a hit within it does not count.
    """

    term: str
    form: str
    level: ListedLevel
    label: str


class _Pattern(msgspec.Struct, frozen=True):
    """A form of a word that is searched for."""

    word: Word
    form: str
    is_split: bool


class WordList:
    """The words of one version, ready to be searched for. Building it takes a tenth of a second for 30,000 words."""

    def __init__(self, words: Iterable[Word] = (), *, version: int = 0, hints: Sequence[str] = ()) -> None:
        """`hints` are forms that make `may_contain` true without being words."""
        everything = list(words)
        given = [word for word in everything if is_sound(word)]
        # Words that cannot be searched for. Rows of the table may be older than its checks.
        self.skipped = [word.term for word in everything if not is_sound(word)]
        self.version = version
        self._patterns = [
            _Pattern(word, form, form != word.form)
            for word in given
            if word.level != "allow"
            for form in (word.form, *split_forms(word.form))
        ]
        forms = [pattern.form for pattern in self._patterns]
        self._found = _automaton([*forms, *hints])
        self._words = _automaton(forms)
        allowed = {word.form for word in given if word.level == "allow"} | HARMLESS_PHRASES
        self._allowed = _automaton(sorted(allowed))

    def may_contain(self, form: str) -> bool:
        """Whether a text of this form may contain a listed word. Fast; False is certain."""
        if self._found is None:
            return False
        if self._found.find_matches_as_indexes(form):
            return True
        bare = han_only(form)
        return len(bare) < len(form) and bool(self._found.find_matches_as_indexes(bare))

    def find(self, text: str) -> list[Label]:
        """The hits in the text, in its order; a hit within a stricter or longer one is left out."""
        form, positions = spelled(text)
        labels = self._labels(text, form, positions)
        return _outermost(self._without_allowed(labels, form, positions))[:HITS_MOST]

    def without_allowed(self, text: str, labels: list[Label]) -> list[Label]:
        """The hits that no longer harmless phrase of the list covers."""
        return self._without_allowed(labels, *spelled(text)) if labels else []

    def _without_allowed(self, labels: list[Label], form: str, positions: Sequence[int]) -> list[Label]:
        if self._allowed is None or not labels:
            return labels
        places = [
            (positions[start], positions[end - 1] + 1)
            for _, start, end in self._allowed.find_matches_as_indexes(form, overlapping=True)
        ]
        return [each for each in labels if not _is_within(each, places)]

    def _labels(self, text: str, form: str, positions: list[int]) -> list[Label]:
        if self._words is None:
            return []
        found = self._matches(text, form, positions)
        if not all(map(is_han, form)):
            kept = [(character, at) for character, at in zip(form, positions, strict=True) if is_han(character)]
            bare = "".join(character for character, _ in kept)
            found |= self._matches(text, bare, [at for _, at in kept])
        return list(found.values())

    def _matches(self, text: str, form: str, positions: list[int]) -> dict[tuple[int, int, str], Label]:
        labels: dict[tuple[int, int, str], Label] = {}
        assert self._words is not None
        for index, start, end in self._words.find_matches_as_indexes(form, overlapping=True):
            pattern = self._patterns[index]
            places = positions[start:end]
            strength = strength_of(text, places, pattern.form)
            if strength is None:
                continue
            is_listed = strength == "listed" and not pattern.is_split and pattern.word.level == "block"
            label = Label(
                pattern.word.label,
                "block" if is_listed else "review",
                pattern.word.term,
                places[0],
                places[-1] + 1 - places[0],
                "words",
            )
            labels[label.start, label.length, label.term] = label
        return labels


def _automaton(forms: Sequence[str]) -> ahocorasick_rs.AhoCorasick | None:
    return ahocorasick_rs.AhoCorasick(forms) if forms else None


def _is_within(label: Label, places: Sequence[tuple[int, int]]) -> bool:
    """Whether a harmless phrase covers the hit. A word and a phrase of the same form are not both listed."""
    end = label.start + label.length
    return any(start <= label.start and end <= until for start, until in places)


def _outermost(labels: list[Label]) -> list[Label]:
    kept: list[Label] = []
    for label in sorted(labels, key=lambda each: (each.start, -each.length, -_STRICTER[each.level])):
        end = label.start + label.length
        if not any(
            other.start <= label.start
            and end <= other.start + other.length
            and _STRICTER[other.level] >= _STRICTER[label.level]
            for other in kept
        ):
            kept.append(label)
    return kept


def is_sound(word: Word) -> bool:
    """Whether the word can be searched for: letters and digits only, and more than a Latin one."""
    return all(map(is_letter, word.form)) and bool(word.form) and (len(word.form) > 1 or is_han(word.form))
