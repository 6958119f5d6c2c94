"""The form in which a text is compared with listed words: letters, digits and Han characters only, simplified, in lower case.

`form_of` is fast and has no positions. `spelled` gives the same characters with the position of each in the original text; it
is needed only if something was found.
"""

import re
from functools import cache, lru_cache

import opencc
import unicodedata2 as unicodedata

from feed.texts import IGNORABLE

# What most texts consist of beside letters: removed first, because that is cheaper than a pattern.
_COMMON = "，。！、 \n？"
_LESS_COMMON = "“”《》：；（）…—·,.!?:-~/"
# No letters by their category, but by their compatibility form: radicals, ①, ⓐ, ㊙, 🄰.
_ENCLOSED = "\u2f00-\u2fdf\u2460-\u24ff\u2776-\u2793\u3200-\u33ff\U0001f100-\U0001f1ff"
_HAS_ENCLOSED = re.compile(f"[{_ENCLOSED}]")
_NOISE = re.compile(r"[\W_]+")
_HAN = "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U000323af"
_RARE = re.compile(f"[^{_HAN}0-9a-z]")
_NOT_HAN = re.compile(f"[^{_HAN}]")
_IS_HAN = re.compile(f"[{_HAN}]")
_LATIN = b"0123456789abcdefghijklmnopqrstuvwxyz"

# Letters of other scripts that look like Latin ones (UTS 39), as far as they occur in words that are written to deceive.
_LOOK_ALIKE = {
    ord(each): latin
    for latin, others in {
        "a": "\u0430\u03b1\u0251",
        "e": "\u0435",
        "o": "\u043e\u03bf\u0585",
        "p": "\u0440\u03c1",
        "c": "\u0441\u03f2",
        "y": "\u0443\u03b3",
        "x": "\u0445\u03c7",
        "i": "\u0456\u03b9\u0131",
        "j": "\u0458",
        "s": "\u0455",
        "d": "\u0501",
        "h": "\u04bb\u043d",
        "l": "\u04cf",
        "b": "\u0432",
        "k": "\u043a\u03ba",
        "m": "\u043c",
        "t": "\u0442\u03c4",
        "v": "\u03bd\u0475",
        "u": "\u03c5\u057d",
        "w": "\u03c9\u0461",
        "n": "\u0578",
        "q": "\u051b",
        "g": "\u0261",
    }.items()
    for each in others
} | {ord(small): latin for small, latin in zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True)}
# White letters on a black circle or square have no compatibility form.
_WHITE_LETTERS = {first + place: 97 + place for first in (0x1F150, 0x1F170) for place in range(26)}


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _traditional() -> re.Pattern[str]:
    """A character that is another one when simplified: a quick look at most texts shows that there is none."""
    other = [each for each in map(chr, [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]) if simplified(each) != each]
    return re.compile(f"[{''.join(other)}]")


def simplified(text: str) -> str:
    """The text in simplified characters."""
    converted: str = _simplifier().convert(text)
    return converted


def form_of(text: str) -> str:
    """The form of a text whose length was checked: what is no letter or digit is left out, what stands for one is replaced."""
    for each in _COMMON:
        text = text.replace(each, "")
    if not text.isalnum():
        for each in _LESS_COMMON:
            text = text.replace(each, "")
    if not text.isalnum():
        if _HAS_ENCLOSED.search(text):
            text = unicodedata.normalize("NFKC", text.translate(_WHITE_LETTERS))
        text = _NOISE.sub("", text)
    text = unicodedata.normalize("NFKC", text).casefold()
    if _RARE.search(text):
        text = "".join(map(_plain, text))
    return simplified(text) if _traditional().search(text) else text


def spelled(text: str) -> tuple[str, list[int]]:
    """The form of a text character by character, and the position of each in the text, in code points."""
    characters: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(text):
        for each in _spelling(character):
            characters.append(each)
            positions.append(position)
    return "".join(characters), positions


def han_only(form: str) -> str:
    """The form without digits and letters of other scripts: in 赌1博 and 赌の博 they are inserted."""
    # Deleting bytes is several times faster than a pattern; no character beyond ASCII has such a byte.
    bare = form.encode().translate(None, _LATIN).decode()
    return _NOT_HAN.sub("", bare) if _NOT_HAN.search(bare) else bare


def is_han(character: str) -> bool:
    """Whether it is a Han character."""
    return _IS_HAN.match(character) is not None


def is_latin(character: str) -> bool:
    """Whether it is a Latin letter of a form."""
    return "a" <= character <= "z"


def is_letter(character: str) -> bool:
    """Whether it is a letter or a digit; false for the empty string. A character that is newer than the tables is noise."""
    return character.isalnum()


def is_invisible(text: str) -> bool:
    """Whether the text consists of marks and characters without a glyph, so that what it divides looks undivided."""
    return all(IGNORABLE.match(each) or unicodedata.category(each)[0] == "M" for each in text)


@lru_cache(maxsize=20_000)
def _spelling(character: str) -> str:
    return form_of(character)


@lru_cache(maxsize=5_000)
def _plain(character: str) -> str:
    """A letter without its marks, and the Latin letter for one that looks like it; empty for what is no letter or digit."""
    if _RARE.match(character) is None:
        return character
    # Fillers of Hangul are letters by their category, and without a glyph.
    if IGNORABLE.match(character):
        return ""
    bare = "".join(each for each in unicodedata.normalize("NFKD", character).casefold() if each.isalnum())
    # Syllables of Hangul and kana with marks stay whole.
    if len(bare) > 1 and not bare.isascii():
        bare = "".join(each for each in character if each.isalnum())
    return bare.translate(_LOOK_ALIKE)
