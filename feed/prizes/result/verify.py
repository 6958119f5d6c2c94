"""Working a published result out again from what it holds. Needs nothing but the file and, to know who made it, a key."""

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

Signed = Literal["authentic", "unknown_key", "wrong", "key_over", "not_checked"]
_LARGEST = 2**53 - 1


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found. Without problems the document agrees with itself."""

    problems: list[Problem]
    signed: Signed
    key_id: str | None = None
    outcome: Outcome | None = None
    amendments: list[Amendment] = []
    # Who holds each place after the amendments, by post; None where nobody does.
    holders: list[str | None] = []
    # Names joined outside of what is signed; nothing vouches for them.
    names: int = 0

    @property
    def is_consistent(self) -> bool:
        """Whether everything that can be worked out again comes out the same."""
        return not self.problems

    @property
    def is_valid(self) -> bool:
        """Whether nothing speaks against the document: consistent, and if a key was given signed with it."""
        return self.is_consistent and self.signed in ("authentic", "not_checked")


class Unreadable(ValueError):
    """The document is none; the message says where."""


def verify_result(text: bytes, keys: Sequence[PublicKey] | None, chains: Sequence[Chain] = (QUICKNET,)) -> Verification:
    """What is right and wrong about a result. Without `keys` the signature is not looked at.

    `chains` are the beacons whose keys are known.
    """
    try:
        result, amendments, names = _read(text)
    except Unreadable as error:
        return Verification(problems=[Problem("unreadable", str(error))], signed="not_checked")
    found = list(check_result(result, chains))
    found += check_chain(result, amendments, rules_of(result), keys)
    places = apply_amendments(initial_placement(result), amendments).places if not found else []
    return Verification(
        problems=found,
        signed=_look_at_signature(result, keys),
        key_id=result.signature.key_id,
        outcome=result,
        amendments=amendments,
        holders=[None if place is None else place.post_id for place in places],
        names=names,
    )


def _read(text: bytes) -> tuple[Result, list[Amendment], int]:
    """The document, its amendments, and how many names are joined to it. Raises Unreadable."""
    try:
        document = json.loads(
            text,
            object_pairs_hook=_once_each,
            parse_float=_no_float,
            parse_int=_small_int,
            parse_constant=_no_float,
        )
        if not isinstance(document, dict):
            raise Unreadable("not an object")
        people = msgspec.convert(document.pop("people", {}), dict[str, str])
        # Whatever has no canonical form, a lone surrogate for instance, was never signed.
        rfc8785.dumps(document)
        amendments = msgspec.convert(document.pop("amendments", []), list[Amendment])
        result = msgspec.convert(document, Result)
    except Unreadable:
        raise
    except (ValueError, msgspec.MsgspecError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise Unreadable(str(error) or type(error).__name__) from None
    return result, amendments, len(people)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two members with one name readers see different ones.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a name appears twice in one object")
    return found


def _no_float(text: str) -> float:
    raise Unreadable(f"{text}: numbers with a fraction have no place in a result")


def _small_int(text: str) -> int:
    number = int(text) if len(text) <= 17 else _LARGEST + 1
    if abs(number) > _LARGEST:
        raise Unreadable(f"{text[:20]}: too large a number")
    return number


def _look_at_signature(result: Result, keys: Sequence[PublicKey] | None) -> Signed:
    if keys is None:
        return "not_checked"
    if all(key.key_id != result.signature.key_id for key in keys):
        return "unknown_key"
    if not is_document_signed(result, keys):
        return "wrong"
    try:
        # A result is dated by its freeze, and may be signed later: by a newer key, but by no older one.
        late = is_dated_too_late(result.frozen_at, result.signature.key_id, keys)
    except ValueError:
        return "wrong"
    return "key_over" if late else "authentic"
