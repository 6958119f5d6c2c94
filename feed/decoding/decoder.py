"""Decoding of JSON bodies and stored documents into typed values, with bounds that are enforced while decoding."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from feed.decoding.problems import list_problems, without_unknown
from feed.errors import FieldError, Invalid, MalformedBody
from feed.numbers import BoundedDecimal, read_decimal
from feed.times import Instant, read_instant

T = TypeVar("T")

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# Types that the decoder does not know, with the function that reads a decoded JSON value.
READERS: dict[Any, Callable[[Any], Any]] = {BoundedDecimal: read_decimal, Instant: read_instant}


def read_value(kind: Any, value: Any) -> Any:
    """The `dec_hook` of our decoders. Raises InvalidValue."""
    return READERS[kind](value)


def convert(value: Any, kind: type[T]) -> T:
    """A stored document as a typed value, without the members that its type does not know. Raises msgspec.ValidationError."""
    try:
        return msgspec.convert(value, kind, dec_hook=read_value)
    except msgspec.ValidationError:
        # Types that requests share with stored documents reject unknown members, which another version may have stored.
        return msgspec.convert(without_unknown(value, kind), kind, dec_hook=read_value)


def without_lone_surrogates(body: bytes) -> bytes:
    """The JSON document with U+FFFD for each half of a surrogate pair in its texts, which the decoder rejects.

    For bodies that must not be rejected for a text, from a system that cuts a name within a character. What is no JSON is
    returned as it is.
    """
    if _ESCAPED_SURROGATE.search(body) is None:
        return body
    try:
        document = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
    return _LONE_SURROGATE.sub("\ufffd", document).encode()


class BodyDecoder(Generic[T]):
    """Decodes bodies of one type."""

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        # A number with a fraction is passed on as its text, so that decimals are exact.
        self._decoder = msgspec.json.Decoder(kind, dec_hook=read_value, float_hook=str)

    def decode(self, body: bytes) -> T:
        """The typed body; None for an empty one where the operation has an optional body.

        Raises Invalid with every member that is unknown, of a wrong type or out of its bounds, and MalformedBody for anything but JSON and for
        another kind of value than the operation expects.
        """
        try:
            value = self._decoder.decode(body or b"null")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._error(body, error) from None
        if value is None and body:  # An optional body is left out; `null` is no object.
            raise MalformedBody
        return value

    def _error(self, body: bytes, error: Exception) -> Invalid | MalformedBody:
        """The decoder stops at the first problem; all of them are found by reading the body again, member by member.

        It takes half of a surrogate pair for malformed JSON: a problem of one text, which a client has cut within an emoji.
        """
        try:
            problems = list_problems(body, self.kind, READERS)
        except (ValueError, RecursionError):
            return MalformedBody()
        if not problems and (field := _field_of(error)):
            # For instance the first of two members with the same name, of which the last one is valid.
            problems = [FieldError(field, "invalid_value")]
        return Invalid(*problems) if problems and problems[0].field else MalformedBody()


@cache
def body_decoder(kind: Any) -> BodyDecoder[Any]:
    """The decoder for the type of a handler's body."""
    return BodyDecoder(kind)


def _field_of(error: Exception) -> str:
    """The path that ends the decoder's message, `… - at `$.prizes[0].name``, in our form; empty for the body itself."""
    _, found, path = str(error).rpartition(" - at `$")
    return path.rstrip("`").replace("[...]", "").removeprefix(".") if found else ""
