"""Verification of a published result, from its file alone; checking the signature also needs a public key."""

import json
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import rfc8785

from feed.keys.signatures import PublicKey, is_document_signed
from feed.prizes.draw.drand import QUICKNET, Chain
from feed.prizes.result.amendment import Amendment
from feed.prizes.result.amendment_chain import apply_amendments, check_chain, initial_placement, is_dated_too_late
from feed.prizes.result.checks import check_result, rules_of
from feed.prizes.result.document import Outcome, Result
from feed.prizes.result.problem import Problem

SignatureStatus = Literal["authentic", "unknown_key", "wrong", "key_over", "not_checked"]
_MAX_INTEGER = 2**53 - 1


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The findings about a document. Without problems it is consistent in itself."""

    problems: list[Problem]
    signed: SignatureStatus
    key_id: str | None = None
    outcome: Outcome | None = None
    amendments: list[Amendment] = []
    # Post ids of the holders of the places after the amendments; None for a place that is not held.
    holders: list[str | None] = []
    # Number of names attached outside of the signed part, which cannot be verified.
    names: int = 0

    @property
    def is_consistent(self) -> bool:
        """Whether everything that can be computed again comes out the same."""
        return not self.problems

    @property
    def is_valid(self) -> bool:
        """Whether the document is consistent and, if keys were given, signed with one of them."""
        return self.is_consistent and self.signed in ("authentic", "not_checked")


class Unreadable(ValueError):
    """The document cannot be read; the message says why."""


def verify_result(text: bytes, keys: Sequence[PublicKey] | None, chains: Sequence[Chain] = (QUICKNET,)) -> Verification:
    """Verifies a published result. Without `keys` the signatures are not checked. `chains` are the known drand chains."""
    try:
        result, amendments, names = _read(text)
    except Unreadable as error:
        return Verification(problems=[Problem("unreadable", str(error))], signed="not_checked")
    problems = list(check_result(result, chains))
    problems += check_chain(result, amendments, rules_of(result), keys)
    places = apply_amendments(initial_placement(result), amendments).places if not problems else []
    return Verification(
        problems=problems,
        signed=_check_signature(result, keys),
        key_id=result.signature.key_id,
        outcome=result,
        amendments=amendments,
        holders=[None if place is None else place.post_id for place in places],
        names=names,
    )


def _read(text: bytes) -> tuple[Result, list[Amendment], int]:
    """The document, its amendments, and the number of attached names. Raises Unreadable."""
    try:
        document = json.loads(
            text,
            object_pairs_hook=_reject_duplicates,
            parse_float=_reject_float,
            parse_int=_parse_integer,
            parse_constant=_reject_float,
        )
        if not isinstance(document, dict):
            raise Unreadable("not an object")
        people = msgspec.convert(document.pop("people", {}), dict[str, str])
        # A document without a canonical form, with a lone surrogate for example, cannot have been signed.
        rfc8785.dumps(document)
        amendments = msgspec.convert(document.pop("amendments", []), list[Amendment])
        result = msgspec.convert(document, Result)
    except Unreadable:
        raise
    except (ValueError, msgspec.MsgspecError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise Unreadable(str(error) or type(error).__name__) from None
    return result, amendments, len(people)


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


def _check_signature(result: Result, keys: Sequence[PublicKey] | None) -> SignatureStatus:
    if keys is None:
        return "not_checked"
    if all(key.key_id != result.signature.key_id for key in keys):
        return "unknown_key"
    if not is_document_signed(result, keys):
        return "wrong"
    try:
        # The document has the time of its freeze and is signed later, so a key that was retired before the freeze is wrong.
        key_expired = is_dated_too_late(result.frozen_at, result.signature.key_id, keys)
    except ValueError:
        return "wrong"
    return "key_over" if key_expired else "authentic"
