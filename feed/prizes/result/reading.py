"""Strict reading of published documents: JSON that every parser reads alike and that has a canonical form."""

import json
from typing import Any, TypeVar

import msgspec
import rfc8785

T = TypeVar("T")
_MAX_INTEGER = 2**53 - 1


class Unreadable(ValueError):
    """The document cannot be read; the message says why."""


def read_object(text: bytes) -> dict[str, Any]:
    """The members of a JSON object. Raises Unreadable."""
    try:
        document = json.loads(
            text,
            object_pairs_hook=_reject_duplicates,
            parse_float=_reject_float,
            parse_int=_parse_integer,
            parse_constant=_reject_float,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error) or type(error).__name__) from None
    if not isinstance(document, dict):
        raise Unreadable("not an object")
    return document


def read_as(document: Any, kind: type[T]) -> T:
    """The document as a type. Raises Unreadable, also for one without a canonical form, which cannot have been signed."""
    try:
        # With a lone surrogate, for example.
        rfc8785.dumps(document)
        return msgspec.convert(document, kind)
    except (ValueError, msgspec.MsgspecError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise Unreadable(str(error) or type(error).__name__) from None


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Parsers differ in which of two members with the same name they keep.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("a name appears twice in one object")
    return members


def _reject_float(text: str) -> float:
    raise Unreadable(f"{text}: numbers with a fraction have no place in a result")


def _parse_integer(text: str) -> int:
    number = int(text) if len(text) <= 17 else _MAX_INTEGER + 1
    if abs(number) > _MAX_INTEGER:
        raise Unreadable(f"{text[:20]}: too large a number")
    return number
