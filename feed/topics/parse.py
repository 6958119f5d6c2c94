"""Topics in a text: `#话题#` with both marks, or `#话题` up to the end of the word."""

import re
import string
import unicodedata
from collections import deque

import msgspec

from feed.topics.model import TopicNotFound

MARKS = "#＃"
NAME_LONGEST = 40
# One sign may stand for a whole sentence (U+FDFA becomes eighteen); a key stays an identifier.
KEY_LONGEST = 80

# Addresses may hold marks of their own. They are ASCII here, so Chinese text may follow without a space.
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]*", re.IGNORECASE)
# The keycap emoji is written with a mark, and is none.
_KEYCAP = ("\ufe0f", "\u20e3")
_INVISIBLE = frozenset("\u200b\u2060\ufeff")
_KEYBOARD = frozenset(string.punctuation)


class TopicMention(msgspec.Struct, frozen=True):
    """A topic where it stands in a text. `start` and `length` count code points and cover the marks."""

    name: str
    key: str
    start: int
    length: int


def topic_key(name: str) -> str:
    """What two spellings of one topic share: NFKC and casefold."""
    # Folding may take a sign apart again; without the second pass a key would not be its own key.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def is_topic_name(name: str) -> bool:
    """Whether `#name#` is this topic."""
    return [mention.name for mention in find_topics(f"#{name}#")] == [name]


def lookup_key(name: str) -> str:
    """The key of a topic that somebody asks for by name. Raises TopicNotFound for what can be no name.

    It may hold what the database cannot even be asked about.
    """
    if not is_topic_name(name):
        raise TopicNotFound
    return topic_key(name)


def find_topics(text: str) -> list[TopicMention]:
    """The topics of a text, in order, each occurrence for itself. Looks at most 41 code points ahead of a mark."""
    addresses = deque(match.span() for match in _ADDRESS.finditer(text))
    found: list[TopicMention] = []
    position = 0
    while (position := _next_mark(text, position)) < len(text):
        mention = _topic_at(text, position, addresses)
        if mention is None:
            position += 1
        else:
            found.append(mention)
            position += mention.length
    return found


def _next_mark(text: str, start: int) -> int:
    while start < len(text) and text[start] not in MARKS:
        start += 1
    return start


def _topic_at(text: str, start: int, addresses: deque[tuple[int, int]]) -> TopicMention | None:
    while addresses and addresses[0][1] <= start:
        addresses.popleft()
    in_address = bool(addresses) and addresses[0][0] < start
    # A mark that ends the address is followed by something else: `https://x.cn/#读书#` bears a topic, `…/#top` none.
    if (in_address and start + 1 < addresses[0][1]) or text[start + 1 : start + 2] in _KEYCAP:
        return None
    if (end := _paired_end(text, start)) is not None:
        return _mention(text[start + 1 : end], start, end + 1)
    if in_address or (start > 0 and _is_word(text[start - 1])):
        return None
    end = _open_end(text, start)
    name = text[start + 1 : end]
    return None if len(name) > NAME_LONGEST or name.isdigit() else _mention(name, start, end)


def _mention(name: str, start: int, end: int) -> TopicMention | None:
    key = topic_key(name)
    return TopicMention(name, key, start, end - start) if name and _may_be_key(key) else None


def _may_be_key(key: str) -> bool:
    return 0 < len(key) <= KEY_LONGEST


def _paired_end(text: str, start: int) -> int | None:
    """Where the closing mark stands, None if there is none that closes a name."""
    for position in range(start + 1, min(start + NAME_LONGEST + 2, len(text))):
        if text[position] in MARKS:
            return position if position > start + 1 else None
        if _is_space(text[position]):
            return None
    return None


def _open_end(text: str, start: int) -> int:
    """Where the word ends; one code point past the longest name tells that it is longer."""
    last = min(start + NAME_LONGEST + 2, len(text))
    for position in range(start + 1, last):
        if _is_space(text[position]) or _is_punctuation(text[position]):
            return position
    return last


def _is_space(character: str) -> bool:
    return character.isspace() or character in _INVISIBLE or unicodedata.category(character) == "Cc"


def _is_punctuation(character: str) -> bool:
    """Unicode's punctuation, and the signs of a keyboard (`~`, `+`, `|`) in both widths."""
    if unicodedata.category(character).startswith("P"):
        return True
    return unicodedata.normalize("NFKC", character) in _KEYBOARD


def _is_word(character: str) -> bool:
    """Whether a mark right after it stands inside a word, as in `C#语言`.

    Chinese puts no spaces between words, so after a wide character a new word may begin.
    """
    if character == "_":
        return True
    return unicodedata.category(character)[0] in "LNM" and unicodedata.east_asian_width(character) != "W"
