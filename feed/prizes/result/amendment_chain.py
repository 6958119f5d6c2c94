"""Verification of a chain of amendments, and the holders of the places after them."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from feed.campaigns.model import Rules, parse_time
from feed.keys.signatures import PublicKey, canonical, is_document_signed, sha256_of
from feed.prizes.result.amendment import FORMAT_OF, Amendment, Change, Holder, PassedOver
from feed.prizes.result.document import Head, ReserveLine, WinnerLine, label_of
from feed.prizes.result.problem import Problem


class Placement(msgspec.Struct):
    """The holder of each place, None if it is not held, and the reserves who are not promoted."""

    places: list[Holder | None]
    reserves: list[Holder]


def initial_placement(result: Head) -> Placement:
    """The placement of the result before any amendment."""
    return Placement(
        [_holder(each) for each in result.winners],
        [_holder(each) for each in result.reserves],
    )


def apply_amendments(placement: Placement, amendments: Sequence[Change]) -> Placement:
    """The placement after these amendments, which have to be verified before."""
    places, reserves = list(placement.places), list(placement.reserves)
    for each in amendments:
        places[each.place - 1] = each.enters
        if each.enters in reserves:
            reserves.remove(each.enters)
    return Placement(places, reserves)


def check_chain(
    result: Head,
    result_sha256: str,
    amendments: Sequence[Amendment],
    rules: Rules | None,
    keys: Sequence[PublicKey] | None,
) -> Iterator[Problem]:
    """The problems of a chain of amendments. Holders are not checked after the first amendment whose holders are wrong."""
    previous, earliest = result_sha256, result.frozen_at
    placement: Placement | None = initial_placement(result)
    for number, each in enumerate(amendments):
        where = f"amendments[{number}]"
        if each.format != FORMAT_OF[result.format]:
            yield Problem("amendment_format", f"{where}.format", FORMAT_OF[result.format])
        chained = (result.campaign.id, result_sha256, number + 1, previous)
        if (each.campaign_id, each.result_sha256, each.number, each.previous_sha256) != chained:
            yield Problem("amendment_chain", where, previous)
        wrong = _time_problem(each, earliest)
        if wrong is not None:
            yield Problem(wrong, f"{where}.made_at")
        if keys is not None:
            yield from _signature_problems(each, where, keys)
        if placement is not None:
            found = list(_place_problems(each, placement, rules, where))
            yield from found
            placement = None if found else apply_amendments(placement, [each])
        previous = sha256_of(canonical(each))
        earliest = each.made_at


def is_dated_too_late(at: str, key_id: str, keys: Sequence[PublicKey]) -> bool:
    """Whether a document with this time was signed with a key that had expired by then."""
    key = next((each for each in keys if each.key_id == key_id), None)
    return key is not None and key.valid_until is not None and parse_time(at) >= key.valid_until


def _time_problem(each: Amendment, earliest: str) -> str | None:
    try:
        return "amendment_time" if parse_time(each.made_at) < parse_time(earliest) else None
    except ValueError:
        return "spelling"


def _signature_problems(each: Amendment, where: str, keys: Sequence[PublicKey]) -> Iterator[Problem]:
    if all(key.key_id != each.signature.key_id for key in keys):
        yield Problem("amendment_key", f"{where}.signature", each.signature.key_id)
        return
    if not is_document_signed(each, keys):
        yield Problem("amendment_signature", f"{where}.signature")
    try:
        if is_dated_too_late(each.made_at, each.signature.key_id, keys):
            yield Problem("amendment_key_over", f"{where}.made_at")
    except ValueError:
        return  # `_time_problem` has reported it.


def _place_problems(each: Change, placement: Placement, rules: Rules | None, where: str) -> Iterator[Problem]:
    if not 1 <= each.place <= len(placement.places) or placement.places[each.place - 1] != each.leaves:
        yield Problem("amendment_leaves", f"{where}.leaves")
        return
    stays_empty = rules is not None and rules.unclaimed == "void" and each.reason == "not_claimed"
    passed_over = [_identity(reserve) for reserve in each.passed_over]
    turn = len(passed_over)
    expected = [_identity(holder) for holder in placement.reserves[:turn]]
    if stays_empty:
        if each.enters is not None or passed_over:
            yield Problem("amendment_kept_empty", f"{where}.enters")
    elif passed_over != expected:
        yield Problem("amendment_passed_over", f"{where}.passed_over", _labels(placement.reserves, each.passed_over))
    elif each.enters != (placement.reserves[turn] if turn < len(placement.reserves) else None):
        yield Problem("amendment_enters", f"{where}.enters", _labels(placement.reserves[turn : turn + 1], [None]))


def _holder(line: WinnerLine | ReserveLine) -> Holder:
    return Holder(
        rank=line.rank, post_id=line.post_id, comment_id=line.comment_id, person=line.person, score=line.score
    )


def _identity(each: Holder | PassedOver) -> tuple[Any, ...]:
    return each.post_id, each.comment_id, each.person


def _labels(reserves: Sequence[Holder], stated: Sequence[PassedOver | None]) -> str:
    return " ".join(label_of(holder) for holder in reserves[: len(stated)])
