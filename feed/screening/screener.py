"""The check of a text in the API process, before it is stored."""

import re
from collections.abc import Iterable

from feed.screening.contacts import HINTS, MANY_DIGITS, find_contacts
from feed.screening.forms import form_of
from feed.screening.model import PASSED, Label, MachineResult, TextKind
from feed.screening.word_list import Word, WordList

# A text with more hits is decided by the first ones.
LABELS_MOST = 40
_HOST = re.compile("^https?://")
# What participants write for all to see. Texts of the newsroom name its own addresses and phones.
_WITHOUT_CONTACTS: frozenset[TextKind] = frozenset({"post", "comment", "name", "bio", "place", "alt", "topic"})


class Screener:
    """Checks texts with the word list that is loaded now. `check` neither waits nor raises."""

    def __init__(self, words: WordList | None = None, *, own_hosts: Iterable[str] = ()) -> None:
        """`own_hosts` are hosts whose links are not held."""
        self._own_hosts = tuple(own_hosts)
        self._words = words or compiled((), 0)

    @property
    def words(self) -> WordList:
        """The list in force."""
        return self._words

    def replace(self, words: WordList) -> None:
        """Puts another version in force, between two checks."""
        self._words = words

    def check(self, text: str, kind: TextKind) -> MachineResult:
        """The result for a text whose length was checked."""
        words = self._words
        form = form_of(text)
        labels: list[Label] = []
        if words.may_contain(form):
            labels = words.find(text)
            if kind in _WITHOUT_CONTACTS:
                labels += self._contacts(text)
        elif kind in _WITHOUT_CONTACTS and MANY_DIGITS.search(form):
            labels = self._contacts(text)
        labels = labels[:LABELS_MOST]
        return result_of(labels, list_version=words.version) if labels else _passed(words.version)

    def _contacts(self, text: str) -> list[Label]:
        found = find_contacts(text)
        if not found:
            return []
        kept = [each for each in found if each.layer != "links" or not self._is_own(each.term)]
        return self._words.without_allowed(text, kept)

    def _is_own(self, link: str) -> bool:
        host = _HOST.sub("", link.lower()).partition("/")[0].partition("?")[0].partition("#")[0].partition(":")[0]
        return any(host == own or host.endswith(f".{own}") for own in self._own_hosts)


def compiled(words: Iterable[Word], version: int) -> WordList:
    """The list with what makes a closer look for contacts necessary."""
    return WordList(words, version=version, hints=HINTS)


def result_of(labels: list[Label], *, list_version: int, provider: str = "local") -> MachineResult:
    """The result for these hits."""
    if not labels:
        return MachineResult("pass", list_version=list_version, provider=provider)
    blocks = sum(each.level == "block" for each in labels)
    if blocks:
        return MachineResult("block", min(100, 85 + 5 * blocks), labels, list_version, provider)
    return MachineResult("review", min(80, 30 + 10 * len(labels)), labels, list_version, provider)


def _passed(list_version: int) -> MachineResult:
    return PASSED if list_version == 0 else MachineResult("pass", list_version=list_version)
