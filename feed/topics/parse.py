"""Topics in a text: `#话题#` with both marks, or `#话题` up to the end of the word."""

import re
import string
from collections import deque

import msgspec
import unicodedata2 as unicodedata

from feed.texts import IGNORABLE, has_visible_text
from feed.topics.model import TOPIC_NAME, TopicNotFound

MARKS = "#＃"
NAME_LONGEST = TOPIC_NAME.longest
# Normalization may expand a character: U+FDFA becomes eighteen. The limit keeps keys short.
KEY_LONGEST = 80

# URLs may contain marks. They are ASCII here, so that Chinese text may follow without a space.
_URL = re.compile(r"(?:https?://|www\.)[!-~]*", re.IGNORECASE)
# The keycap emoji begins with `#` but is not a topic mark.
_KEYCAP = re.compile("\ufe0f?\u20e3")
_ASCII_PUNCTUATION = frozenset(string.punctuation)
# Ignorable characters that affect how their neighbours are drawn: joiners, variation selectors, the tags of flags.
_DRAWN = re.compile("[\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef]")
# Clients and proxies resolve these segments of a path, so that a topic with such a name would have no page.
_DOT_SEGMENTS = frozenset({".", ".."})


class TopicMention(msgspec.Struct, frozen=True):
    """A topic in a text. `start` and `length` count code points and include the marks."""

    name: str
    key: str
    start: int
    length: int


def topic_key(name: str) -> str:
    """The key that all spellings of a topic share: NFKC, casefolded, without characters that are not drawn (U+FE0F, U+200B)."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    # Last, because case folding may decompose a character, and marks may combine across a character that was removed.
    return unicodedata.normalize("NFKC", IGNORABLE.sub("", folded))


def shown_name(name: str) -> str:
    """The name as typed, without invisible characters that have no effect on a name or reorder its neighbours."""
    return IGNORABLE.sub(lambda found: found[0] if _DRAWN.match(found[0]) else "", name)


def is_topic_name(name: str) -> bool:
    """Whether `#name#` is a topic with this name."""
    text = f"#{name}#"
    return [(mention.start, mention.length) for mention in find_topics(text)] == [(0, len(text))]


def lookup_key(name: str) -> str:
    """The key to look a topic up by name. Raises TopicNotFound for text that cannot be a name.

    Such text may contain characters that Postgres rejects.
    """
    if not is_topic_name(name):
        raise TopicNotFound
    return topic_key(name)


def find_topics(text: str) -> list[TopicMention]:
    """All occurrences of topics in a text, in order. Reads at most 41 code points after a mark."""
    urls = deque(match.span() for match in _URL.finditer(text))
    found: list[TopicMention] = []
    position = 0
    while (position := _next_mark(text, position)) < len(text):
        mention = _topic_at(text, position, urls)
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


def _topic_at(text: str, start: int, urls: deque[tuple[int, int]]) -> TopicMention | None:
    while urls and urls[0][1] <= start:
        urls.popleft()
    in_url = bool(urls) and urls[0][0] < start
    # A mark inside a URL is no topic (`…/#top`), but one that ends it may begin a topic (`https://x.cn/#读书#`).
    if (in_url and start + 1 < urls[0][1]) or _KEYCAP.match(text, start + 1):
        return None
    if (end := _paired_end(text, start)) is not None:
        return _mention(text[start + 1 : end], start, end + 1)
    if in_url or (start > 0 and _is_word(text[start - 1])):
        return None
    end = _open_end(text, start)
    name = text[start + 1 : end]
    mention = None if len(name) > NAME_LONGEST else _mention(name, start, end)
    return None if mention is None or mention.key.isdigit() else mention


def _mention(name: str, start: int, end: int) -> TopicMention | None:
    key = topic_key(name)
    return TopicMention(name, key, start, end - start) if _may_be_key(key) else None


def _may_be_key(key: str) -> bool:
    return len(key) <= KEY_LONGEST and has_visible_text(key) and key not in _DOT_SEGMENTS


def _paired_end(text: str, start: int) -> int | None:
    """The position of the mark that closes a name; None if there is none."""
    for position in range(start + 1, min(start + NAME_LONGEST + 2, len(text))):
        if text[position] in MARKS:
            return position if position > start + 1 else None
        if _is_space(text[position]):
            return None
    return None


def _open_end(text: str, start: int) -> int:
    """The end of the word. For a name that is too long it is one code point after the longest allowed end."""
    last = min(start + NAME_LONGEST + 2, len(text))
    for position in range(start + 1, last):
        if _is_space(text[position]) or _is_punctuation(text[position]):
            return position
    return last


def _is_space(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cs")


def _is_punctuation(character: str) -> bool:
    """Whether it is Unicode punctuation or an ASCII symbol (`~`, `+`, `|`) in half or full width."""
    if unicodedata.category(character).startswith("P"):
        return True
    return unicodedata.normalize("NFKC", character) in _ASCII_PUNCTUATION


def _is_word(character: str) -> bool:
    """Whether a mark directly after the character is inside a word, as in `C#语言`.

    Chinese has no spaces between words, so a topic may follow a wide character.
    """
    if character == "_":
        return True
    return unicodedata.category(character)[0] in "LNM" and unicodedata.east_asian_width(character) != "W"
