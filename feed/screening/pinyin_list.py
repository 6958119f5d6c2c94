"""Listed words that are written with other characters of the same sound, or in Latin letters: 度博, 赌bo, dubo.

Homophones are many, so a hit only ever holds a text for review; and it takes part of the worker's time only, not of a request's.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import ahocorasick_rs
import pypinyin

from feed.screening.borders import is_divided_by_clause
from feed.screening.forms import is_han, spelled
from feed.screening.model import Label
from feed.screening.word_list import Word

# Two syllables are the sound of too many words; with a syllable in Latin letters the intent is plain.
_SYLLABLES_LEAST = 3
_HITS_MOST = 10
_END = "'"
_RUN = re.compile("[a-z]+")


class _Syllable(NamedTuple):
    """A syllable with the place of its characters in the form of the text."""

    sound: str
    start: int
    end: int
    is_latin: bool


@lru_cache(maxsize=1)
def _sounds() -> frozenset[str]:
    """The syllables of Mandarin without tones."""
    from pypinyin.pinyin_dict import pinyin_dict

    found: set[str] = set()
    for code in range(0x4E00, 0x9FA6):
        if code in pinyin_dict:
            found.update(pypinyin.lazy_pinyin(chr(code)))
    return frozenset(each for each in found if each.isascii())


class PinyinList:
    """The sounds of the listed words of one version."""

    def __init__(self, words: Iterable[Word], *, version: int) -> None:
        self.version = version
        self._words = [
            word for word in words if word.level != "allow" and len(word.form) > 1 and all(map(is_han, word.form))
        ]
        sounds = [_END + "".join(f"{_sound(each)}{_END}" for each in word.form) for word in self._words]
        self._automaton = ahocorasick_rs.AhoCorasick(sounds) if sounds else None
        _sounds()

    def find(self, text: str) -> list[Label]:
        """The hits in the text, but for words that are there in their own characters."""
        if self._automaton is None:
            return []
        form, positions = spelled(text)
        labels: dict[tuple[int, int], Label] = {}
        for syllables in _runs(form):
            # Where each syllable begins within the line of sounds.
            line, begins = _END, {}
            for place, syllable in enumerate(syllables):
                begins[len(line) - 1] = place
                line += syllable.sound + _END
            for index, start, end in self._automaton.find_matches_as_indexes(line, overlapping=True):
                word = self._words[index]
                hit = syllables[begins[start] : begins.get(end - 1, len(syllables))]
                first, last = positions[hit[0].start], positions[hit[-1].end - 1]
                written = form[hit[0].start : hit[-1].end]
                is_meant = any(each.is_latin for each in hit) or len(hit) >= _SYLLABLES_LEAST
                if written == word.form or not is_meant or is_divided_by_clause(text[first : last + 1]):
                    continue
                labels[first, last] = Label(word.label, "review", word.term, first, last + 1 - first, "pinyin")
        return list(labels.values())[:_HITS_MOST]


def _runs(form: str) -> Iterable[list[_Syllable]]:
    """The syllables of the form, in runs without anything between them."""
    run: list[_Syllable] = []
    place = 0
    while place < len(form):
        if is_han(form[place]):
            run.append(_Syllable(_sound(form[place]), place, place + 1, is_latin=False))
            place += 1
            continue
        found = _RUN.match(form, place)
        parts = [] if found is None else _split(found.group())
        if parts:
            for part in parts:
                run.append(_Syllable(part, place, place + len(part), is_latin=True))
                place += len(part)
            continue
        if run:
            yield run
        run, place = [], place + 1 if found is None else found.end()
    if run:
        yield run


@lru_cache(maxsize=20_000)
def _sound(character: str) -> str:
    """The commonest sound of a character: quicker than that within its word, and what is compared has the same."""
    return pypinyin.lazy_pinyin(character)[0]


def _split(letters: str) -> list[str]:
    """Latin letters as syllables, the longest first; empty if they are none."""
    if len(letters) > 24:
        return []
    for length in range(min(6, len(letters)), 0, -1):
        if letters[:length] in _sounds():
            rest = _split(letters[length:]) if length < len(letters) else []
            if rest or length == len(letters):
                return [letters[:length], *rest]
    return []
