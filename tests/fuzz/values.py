"""Texts and numbers that clients do not send by themselves: characters that are invisible, combine or control, and extremes."""

import random
from typing import Any

# One of each kind, and some that only together are odd.
CHARACTERS = (
    "\u0301",
    "\u0316",
    "\u0345",
    "\u20dd",
    "\u202a",
    "\u202e",
    "\u2066",
    "\u2069",
    "\u200e",
    "\u061c",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\u3164",
    "\u2800",
    "\uffa0",
    "\ufe0f",
    "\U000e0041",
    "\U000e007f",
    "\U000e0100",
    "\uff1d",
    "\uff0b",
    "\uff10",
    "\uff20",
    "\u3000",
    "\u00a0",
    "\u2028",
    "\u2029",
    "\u0085",
    "\x00",
    "\x07",
    "\x1b[2J",
    "\x7f",
    "\r\n",
    "\t",
    "\ufffe",
    "\uffff",
    "\ud800",
    "\udfff",
    "\U0001fabf",
    "\U00031350",
    "\U0001f469\u200d\U0001f4bb",
    "\U0010ffff",
    "\ue000",
    "\u0131",
    "\u1e9e",
    "\ufdfa",
    "\u2126",
    "\uac00",
    "e\u0301",
    "#",
    "＃",
    "/",
    "%2F",
    "=1+1",
    "'",
    '"',
    "\\",
    "<b>",
    "读",
    "书",
    "a",
    " ",
)
# As they are written in JSON: valid as numbers there, or not at all.
RAW_NUMBERS = (
    "0E-99999999",
    "0e-9999999999999",
    "1e400",
    "-1e400",
    "-0",
    "-0.0",
    "1e-400",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "2147483648",
    "1" * 30,
    "1" * 5000,
    "0." + "1" * 5000,
    "0.1",
    "1.0",
    "NaN",
    "Infinity",
    "01",
    "+1",
    "1_0",
)
# The same as texts, and others that are numbers for some parsers.
TEXT_NUMBERS = (*RAW_NUMBERS, "-NaN", "sNaN", "１２", "٣", " 1", "1 ", "1\n", "0x1f", "1,5", ".5", "5.", "")
TIMES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-12-31T23:59:60Z",
    "2026-12-31",
    "2026-12-31T10:00:00",
    "2026-02-30T00:00:00Z",
    "2026-12-31T10:00:00." + "1" * 5000 + "Z",
    "２０２６-12-31T00:00:00Z",
    "1e400",
)


def hostile_text(chance: random.Random) -> str:
    """A text of such characters: mostly short, sometimes as long as a body may be."""
    if chance.random() < 0.1:
        return "a" + "\u0301\u0316" * chance.choice((30, 31, 500, 20_000, 60_000))
    if chance.random() < 0.1:
        return chance.choice(CHARACTERS) * chance.choice((1, 20, 2000, 2001, 50_000))
    return "".join(chance.choices(CHARACTERS, k=chance.randint(0, 12)))


def hostile_value(chance: random.Random) -> Any:
    """A text, a number as text, a time, or a value of another type."""
    kind = chance.random()
    if kind < 0.55:
        return hostile_text(chance)
    if kind < 0.75:
        return chance.choice(TEXT_NUMBERS)
    if kind < 0.85:
        return chance.choice(TIMES)
    return chance.choice((None, True, False, 0, -1, [], {}, [[]], {"": ""}, 1.5, [None] * 10_000, ["x"] * 6000))
