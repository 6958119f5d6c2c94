"""Whether amendments follow from a result and from each other, and who holds each place after them."""

from collections.abc import Iterator, Sequence

import msgspec

from feed.campaigns.model import Rules, parse_time
from feed.keys.signatures import PublicKey, canonical, is_document_signed, sha256_of
from feed.prizes.result.amendment import Amendment, Change, Holder, PassedOver
from feed.prizes.result.document import Outcome, Result
from feed.prizes.result.problem import Problem


class Placement(msgspec.Struct):
    """Who holds each place (None: nobody), and who of the reserves still waits."""

    places: list[Holder | None]
    line: list[Holder]


def initial_placement(result: Outcome) -> Placement:
    """As the result itself says it."""
    return Placement(
        [Holder(each.rank, each.post_id, each.person, each.score) for each in result.winners],
        [Holder(each.rank, each.post_id, each.person, each.score) for each in result.reserves],
    )


def apply_amendments(standing: Placement, amendments: Sequence[Change]) -> Placement:
    """The places after these amendments, which have been found to follow."""
    places, line = list(standing.places), list(standing.line)
    for each in amendments:
        places[each.place - 1] = each.enters
        if each.enters in line:
            line.remove(each.enters)
    return Placement(places, line)


def check_chain(
    result: Result, amendments: Sequence[Amendment], rules: Rules | None, keys: Sequence[PublicKey] | None
) -> Iterator[Problem]:
    """What does not follow. After the first thing that does not, who holds which place is not asked any more."""
    result_sha256 = sha256_of(canonical(result))
    previous, earliest = result_sha256, result.frozen_at
    standing: Placement | None = initial_placement(result)
    for number, each in enumerate(amendments):
        where = f"amendments[{number}]"
        chained = (result.campaign.id, result_sha256, number + 1, previous)
        if (each.campaign_id, each.result_sha256, each.number, each.previous_sha256) != chained:
            yield Problem("amendment_chain", where, previous)
        wrong = _time_problem(each, earliest)
        if wrong is not None:
            yield Problem(wrong, f"{where}.made_at")
        if keys is not None:
            yield from _signature_problems(each, where, keys)
        if standing is not None:
            found = list(_place_problems(each, standing, rules, where))
            yield from found
            standing = None if found else apply_amendments(standing, [each])
        previous = sha256_of(canonical(each))
        earliest = each.made_at


def is_dated_too_late(at: str, key_id: str, keys: Sequence[PublicKey]) -> bool:
    """Whether something that bears this time was signed with a key whose time was over by then."""
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
        return  # Said already.


def _place_problems(each: Change, standing: Placement, rules: Rules | None, where: str) -> Iterator[Problem]:
    if not 1 <= each.place <= len(standing.places) or standing.places[each.place - 1] != each.leaves:
        yield Problem("amendment_leaves", f"{where}.leaves")
        return
    kept_empty = rules is not None and rules.unclaimed == "void" and each.reason == "not_claimed"
    passed = [(line.post_id, line.person) for line in each.passed_over]
    turn = len(passed)
    expected = [(holder.post_id, holder.person) for holder in standing.line[:turn]]
    if kept_empty:
        if each.enters is not None or passed:
            yield Problem("amendment_kept_empty", f"{where}.enters")
    elif passed != expected:
        yield Problem("amendment_passed_over", f"{where}.passed_over", _posts(standing.line, each.passed_over))
    elif each.enters != (standing.line[turn] if turn < len(standing.line) else None):
        yield Problem("amendment_enters", f"{where}.enters", _posts(standing.line[turn : turn + 1], [None]))


def _posts(line: Sequence[Holder], stated: Sequence[PassedOver | None]) -> str:
    return " ".join(holder.post_id for holder in line[: len(stated)])
