"""Requests to providers and their answers, and what an error code means for a message."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from feed.sms.provider import Held, Refused, Throttled, Uncertain


class Request(msgspec.Struct, frozen=True):
    """What is posted. Its address may hold a phone number: it belongs into no log."""

    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return "Request(…)"


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes


class Meaning(msgspec.Struct, frozen=True):
    """What a provider's code means: refused for good, not now, not until somebody acts, or nobody knows."""

    kind: Literal["refused", "throttled", "held", "uncertain"]
    seconds: int = 30


REFUSED = Meaning("refused")
UNCERTAIN = Meaning("uncertain")
# Somebody has to pay, to register or to mend first; asking each time would help nobody.
HELD = Meaning("held", 600)

_ID = re.compile(r"[\x21-\x7e]{1,100}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")


def shown_code(code: object) -> str:
    """A provider's code as it may be kept: whatever else came in its place may be somebody's number."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) and not code.isdecimal() else "unreadable"


def kept_id(text: str) -> str:
    """A provider's id of a message; empty for what none of them gives out."""
    return text if _ID.fullmatch(text) else ""


def meaning_of(code: str, meanings: Mapping[str, Meaning]) -> Meaning:
    """By the whole code, else by what stands before its last dot, and so on; what nobody has heard of is uncertain."""
    while code:
        if code in meanings:
            return meanings[code]
        code = code.rpartition(".")[0]
    return UNCERTAIN


def refuse(code: str, meaning: Meaning) -> Exception:
    """The refusal to raise."""
    pause = timedelta(seconds=meaning.seconds)
    match meaning.kind:
        case "refused":
            return Refused(shown_code(code))
        case "throttled":
            return Throttled(shown_code(code), retry_after=pause)
        case "held":
            return Held(shown_code(code), retry_after=pause)
        case "uncertain":
            return Uncertain(shown_code(code))
