"""Characters that look alike: those of UTS 39, and a table of our own for Latin letters and Chinese characters. Pure.

Only names are compared by these tables, and only for equality: what a table maps to has no meaning of its own.
"""

from functools import cache
from importlib.resources import files

import msgspec
import opencc
import unicodedata2 as unicodedata

from feed.bounded_cache import memoized

# What UTS 39 keeps apart and a reader does not, in lower case: digits, symbols, small capitals.
_LATIN = {
    "0": "o",
    "1": "l",
    "i": "l",
    "ı": "l",
    "|": "l",
    "@": "a",
    "$": "s",
    "ʙ": "b",
    "ᴄ": "c",
    "ᴅ": "d",
    "ᴇ": "e",
    "ꜰ": "f",
    "ɢ": "g",
    "ʜ": "h",
    "ɪ": "l",
    "ᴊ": "j",
    "ᴋ": "k",
    "ʟ": "l",
    "ᴍ": "rn",
    "ɴ": "n",
    "ᴏ": "o",
    "ᴘ": "p",
    "ʀ": "r",
    "ꜱ": "s",
    "ᴛ": "t",
    "ᴜ": "u",
    "ᴠ": "v",
    "ᴡ": "w",
    "ʏ": "y",
    "ᴢ": "z",
}
# Chinese characters that are taken for each other at the size of a name in a list, each group by its first one.
_HAN = (
    "官宫菅管宦",
    "日曰",
    "己已巳",
    "理埋",
    "员贠",
    "编偏煸褊",
    "辑揖缉楫",
    "部郜",
    "客喀",
    "特持恃",
    "读渎续犊読",
    "圈圏",
    "户戸",
    "圳玔",
    "深琛",
    "报抱",
    "未末",
    "士土",
    "人入",
    "大太犬",
    "千干",
    "天夭",
    "晴睛",
    "侯候",
    "戊戌戍",
)
_HAN_FIRST = {character: group[0] for group in _HAN for character in group}
_traditional = opencc.OpenCC("t2s")


@cache
def _confusables() -> dict[str, str]:
    """The prototype of each confusable character (UTS 39), from the data of the package `confusable-homoglyphs`.

    Its file lists for a character those that look like it, in both directions: a prototype has several, the others have it alone.
    """
    raw = files("confusable_homoglyphs").joinpath("confusables.json").read_bytes()
    listed: dict[str, list[dict[str, str]]] = msgspec.json.decode(raw)
    prototypes: dict[str, str] = {}
    for character, others in listed.items():
        # Names are in NFKD: other characters do not occur, nor may they stand for one that does.
        if len(character) != 1 or len(others) != 1 or not _is_decomposed(character):
            continue
        other = others[0]["c"]
        if _is_decomposed(other) and (len(listed.get(other, ())) > 1 or _rank(other) < _rank(character)):
            prototypes[character] = other
    return prototypes


def _rank(text: str) -> tuple[bool, bool, str]:
    """Of two that look like each other only, the lower one is the prototype: letters before symbols, ideographs before radicals."""
    return unicodedata.category(text[0])[0] not in "LN", not "\u4e00" <= text[0] <= "\u9fff", text


def _is_decomposed(text: str) -> bool:
    return unicodedata.normalize("NFKD", text) == text


@memoized(entries=8192, longest=1)
def look_of(character: str) -> str:
    """What a character is compared as, in lower case and simplified: the same for all that look like it, perhaps several letters."""
    confusables = _confusables()
    prototype = "".join(confusables.get(each, each) for each in confusables.get(character, character).casefold())
    return "".join(_LATIN.get(each) or _han(each) for each in prototype.casefold())


def _han(character: str) -> str:
    simplified: str = _traditional.convert(character)
    return _HAN_FIRST.get(simplified, simplified)
