"""Requests to SMS providers, their responses, and the mapping of error codes to exceptions."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from feed.sms.provider import Held, Rejected, Throttled, Uncertain


class Request(msgspec.Struct, frozen=True):
    """A POST request. The URL may contain a phone number and must not be logged."""

    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return "Request(…)"


class ProviderResponse(msgspec.Struct, frozen=True):
    """Status and body of the response."""

    status: int
    body: bytes


class Meaning(msgspec.Struct, frozen=True):
    """What an error code means: rejected for good, retry later, blocked until an operator acts, or unknown."""

    kind: Literal["rejected", "throttled", "held", "uncertain"]
    seconds: int = 30


REJECTED = Meaning("rejected")
UNCERTAIN = Meaning("uncertain")
# An operator has to act first, so frequent retries are pointless.
HELD = Meaning("held", 600)

_ID = re.compile(r"[\x21-\x7e]{1,100}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")


def safe_code(code: object) -> str:
    """The code if it looks like one, else `unreadable`: any other value might contain a phone number."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) and not code.isdecimal() else "unreadable"


def valid_id(text: str) -> str:
    """The text if it can be a provider's message id, else the empty string."""
    return text if _ID.fullmatch(text) else ""


def meaning_of(code: str, meanings: Mapping[str, Meaning]) -> Meaning:
    """The meaning of the code, else of the part before its last dot, and so on. Unknown codes are UNCERTAIN."""
    while code:
        if code in meanings:
            return meanings[code]
        code = code.rpartition(".")[0]
    return UNCERTAIN


def error_for(code: str, meaning: Meaning) -> Exception:
    """The exception to raise for a code with this meaning."""
    pause = timedelta(seconds=meaning.seconds)
    match meaning.kind:
        case "rejected":
            return Rejected(safe_code(code))
        case "throttled":
            return Throttled(safe_code(code), retry_after=pause)
        case "held":
            return Held(safe_code(code), retry_after=pause)
        case "uncertain":
            return Uncertain(safe_code(code))
