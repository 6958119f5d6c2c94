"""Verification of a published result, from its file alone; checking the signature also needs a public key."""

from collections.abc import Sequence

import msgspec

from feed.keys.signatures import PublicKey, Signature, canonical, is_document_signed, sha256_of
from feed.prizes.draw.drand import QUICKNET, Chain
from feed.prizes.result.amendment import Amendment
from feed.prizes.result.amendment_chain import apply_amendments, check_chain, initial_placement, is_dated_too_late
from feed.prizes.result.checks import check_result
from feed.prizes.result.document import Outcome, Result, SignedHead, label_of, unsigned_members
from feed.prizes.result.head_checks import rules_of
from feed.prizes.result.problem import Findings, Problem, SignatureStatus
from feed.prizes.result.reading import Unreadable, read_as, read_object


class Verification(Findings, frozen=True, kw_only=True):
    """The findings about a result."""

    outcome: Outcome | None = None
    amendments: list[Amendment] = msgspec.field(default_factory=list)
    # What names the holders of the places after the amendments, as `label_of` says; None for a place that is not held.
    holders: list[str | None] = msgspec.field(default_factory=list)
    # Number of names attached outside of the signed part, which cannot be verified.
    names: int = 0


def verify_result(text: bytes, keys: Sequence[PublicKey] | None, chains: Sequence[Chain] = (QUICKNET,)) -> Verification:
    """Verifies a published result. Without `keys` the signatures are not checked. `chains` are the known drand chains."""
    try:
        result, amendments, names = _read(text)
    except Unreadable as error:
        return Verification(problems=[Problem("unreadable", str(error))], signed="not_checked")
    problems = list(check_result(result, chains))
    problems += check_chain(result, sha256_of(canonical(result)), amendments, rules_of(result), keys)
    places = apply_amendments(initial_placement(result), amendments).places if not problems else []
    return Verification(
        problems=problems,
        signed=check_signature(result, result.signature, keys),
        key_id=result.signature.key_id,
        outcome=result,
        amendments=amendments,
        holders=[None if place is None else label_of(place) for place in places],
        names=names,
    )


def check_signature(
    result: Result | SignedHead, signature: Signature, keys: Sequence[PublicKey] | None
) -> SignatureStatus:
    """Who signed the result, or its signed part."""
    if keys is None:
        return "not_checked"
    if all(key.key_id != signature.key_id for key in keys):
        return "unknown_key"
    if not is_document_signed(result, keys, unsigned=unsigned_members(result.format)):
        return "wrong"
    try:
        # The document has the time of its freeze and is signed later, so a key that was retired before the freeze is wrong.
        key_expired = is_dated_too_late(result.frozen_at, signature.key_id, keys)
    except ValueError:
        return "wrong"
    return "key_over" if key_expired else "authentic"


def _read(text: bytes) -> tuple[Result, list[Amendment], int]:
    """The document, its amendments, and the number of attached names. Raises Unreadable."""
    document = read_object(text)
    people = read_as(document.pop("people", {}), dict[str, str])
    amendments = read_as(document.pop("amendments", []), list[Amendment])
    return read_as(document, Result), amendments, len(people)
