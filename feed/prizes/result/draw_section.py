"""The section `draw` of a result: everything that determines the order of tickets, and its verification."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

import msgspec

from feed.campaigns.model import FREEZE_AFTER, Rules, parse_time, time_text
from feed.campaigns.rules.validation import LATEST
from feed.prizes.draw import algorithm
from feed.prizes.draw.beacon import Source, read_number, read_round, windows
from feed.prizes.draw.drand import Chain, first_round, is_signed, time_of, value_of
from feed.prizes.draw.model import AgreedNumber, Beacon, CorrectionReason, DrawInputs
from feed.prizes.result.problem import Problem

_SHA256_DIGITS = 64


class BeaconLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value of a draw. `name` is the number's name in the rules, or the hash of the drand chain; empty for our own value."""

    source: Source
    name: str
    round: str
    value: str
    appeared_at: str | None
    signature: str | None
    # Pseudonyms of the two editors.
    entered_by: list[str]


class WrongNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public number that was corrected: who entered it, why it was wrong, and when it was corrected.

    The two who corrected it are `entered_by` of the number that follows.
    """

    round: str
    value: str
    appeared_at: str
    entered_by: list[str]
    reason: CorrectionReason
    corrected_at: str


class DrawSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The draw, as its specification requires it. Hashes, nonce and seed are lower-case hexadecimal."""

    algorithm: Literal["feed-draw-1"]
    tickets: int
    list_sha256: str
    list_published_at: str
    nonce: str
    nonce_sha256: str
    beacon: BeaconLine
    seed: str
    publicly_verifiable: bool
    # Always empty. Signed results of 0.1.0 have this member, and the bytes of a result never change.
    earlier: list[str]
    # Of a repeated settlement: pseudonyms on the list that are not eligible any more, and eligible ones that are not on it.
    removed: list[str] | None = None
    added: list[str] | None = None
    # The wrong numbers before the one that counts, in order.
    corrected: list[WrongNumber] | None = None


def build_draw_section(
    inputs: DrawInputs, rules: Rules, editors: Mapping[int, str], *, eligible: Sequence[bytes]
) -> DrawSection:
    """The section of a draw that has a value. `eligible` are the tickets that may win, `editors` pseudonyms by account id."""
    beacon, published_at = inputs.draw.beacon, inputs.draw.list_published_at
    assert beacon is not None
    assert published_at is not None
    listed, eligible_now = set(inputs.tickets), set(eligible)
    return DrawSection(
        algorithm=algorithm.ALGORITHM,
        tickets=inputs.draw.ticket_count,
        list_sha256=inputs.draw.list_sha256.hex(),
        list_published_at=time_text(published_at),
        nonce=inputs.nonce.hex(),
        nonce_sha256=inputs.nonce_sha256.hex(),
        beacon=BeaconLine(
            source=beacon.source,
            name=_beacon_name(beacon, rules),
            round=beacon.round,
            value=beacon.value,
            appeared_at=None if beacon.appeared_at is None else time_text(beacon.appeared_at),
            signature=None if beacon.signature is None else beacon.signature.hex(),
            entered_by=[editors[each] for each in beacon.entered_by or ()],
        ),
        seed=seed(inputs.draw.list_sha256, inputs.nonce, beacon).hex(),
        publicly_verifiable=beacon.source != "own",
        earlier=[],
        removed=[each.hex() for each in inputs.tickets if each not in eligible_now] or None,
        added=[each.hex() for each in eligible if each not in listed] or None,
        corrected=[_wrong_number(wrong, right, editors) for wrong, right in pairwise(inputs.numbers)] or None,
    )


def seed(list_sha256: bytes, nonce: bytes, beacon: Beacon | BeaconLine) -> bytes:
    """The seed of a draw with this value."""
    return algorithm.seed_of(list_sha256, nonce, source=beacon.source, round_=beacon.round, value=beacon.value)


def check_draw_section(
    section: DrawSection, rules: Rules, campaign_id: int, pseudonyms: Sequence[str], chains: Sequence[Chain]
) -> Iterator[Problem]:
    """The problems of a draw section. `pseudonyms` are those of the eligible persons.

    If there are none, the order of tickets may be computed from `section.seed`.
    """
    try:
        tickets = _published_tickets(section, algorithm.tickets_of(pseudonyms))
        nonce = _read_hex(section.nonce, 2 * algorithm.NONCE_BYTES)
        published_at = parse_time(section.list_published_at)
        if not rules.ends_at + FREEZE_AFTER <= published_at < LATEST:
            yield Problem("frozen_too_early", "draw.list_published_at")
            return
    except ValueError as error:
        yield Problem("spelling", "draw", str(error))
        return
    if tickets is None:
        yield Problem("draw_list", "draw.removed")
        return
    expected = {
        "tickets": (section.tickets, len(tickets)),
        "list_sha256": (section.list_sha256, algorithm.list_hash(campaign_id, tickets).hex()),
        "nonce_sha256": (section.nonce_sha256, algorithm.nonce_hash(nonce).hex()),
        "seed": (section.seed, seed(algorithm.list_hash(campaign_id, tickets), nonce, section.beacon).hex()),
        "publicly_verifiable": (section.publicly_verifiable, section.beacon.source != "own"),
    }
    for name, (stated, computed) in expected.items():
        if stated != computed:
            yield Problem(f"draw_{name}", f"draw.{name}", str(computed))
    if section.earlier:
        yield Problem("draw_earlier", "draw.earlier")
    yield from _beacon_problems(section.beacon, rules, published_at, chains)
    yield from _correction_problems(section, rules, published_at)


def _beacon_problems(
    beacon: BeaconLine, rules: Rules, published_at: datetime, chains: Sequence[Chain]
) -> Iterator[Problem]:
    where = "draw.beacon"
    try:
        appeared_at = None if beacon.appeared_at is None else parse_time(beacon.appeared_at)
        signature = None if beacon.signature is None else _read_hex(beacon.signature, len(beacon.signature))
        for editor in beacon.entered_by:
            _read_hex(editor, 2 * algorithm.TICKET_BYTES)
    except ValueError as error:
        yield Problem("spelling", where, str(error))
        return
    if beacon.source == "own":
        if (beacon.name, beacon.round, appeared_at, signature, beacon.entered_by) != ("", "", None, None, []):
            yield Problem("draw_beacon", where)
        if not _is_hex(beacon.value, _SHA256_DIGITS):
            yield Problem("spelling", f"{where}.value")
        return
    window = next((each for each in windows(rules, published_at) if each.source == beacon.source), None)
    if window is None or appeared_at is None:
        yield Problem("draw_beacon", f"{where}.source")
        return
    if not window.not_before <= appeared_at < window.until:
        yield Problem("draw_beacon_time", f"{where}.appeared_at", time_text(window.not_before))
    if beacon.source == "drand":
        yield from _drand_problems(beacon, signature, window.not_before, chains)
        return
    if beacon.name != rules.beacon:
        yield Problem("draw_beacon", f"{where}.name", rules.beacon or "")
    if read_round(beacon.round) != beacon.round or read_number(beacon.value) != beacon.value:
        yield Problem("spelling", where)
    if signature is not None or len(set(beacon.entered_by)) != 2 or len(beacon.entered_by) != 2:
        yield Problem("draw_beacon", f"{where}.entered_by")


def _correction_problems(section: DrawSection, rules: Rules, published_at: datetime) -> Iterator[Problem]:
    if section.corrected is None:
        return
    window = next((each for each in windows(rules, published_at) if each.source == "public_number"), None)
    if window is None or section.beacon.source != "public_number" or not section.corrected:
        yield Problem("draw_corrected", "draw.corrected")
        return
    previous_at = published_at
    followers: list[WrongNumber | BeaconLine] = [*section.corrected[1:], section.beacon]
    for number, (wrong, right) in enumerate(zip(section.corrected, followers, strict=True)):
        where = f"draw.corrected[{number}]"
        try:
            appeared_at, corrected_at = parse_time(wrong.appeared_at), parse_time(wrong.corrected_at)
            editors = {_read_hex(each, 2 * algorithm.TICKET_BYTES) for each in wrong.entered_by}
        except ValueError as error:
            yield Problem("spelling", where, str(error))
            return
        if read_round(wrong.round) != wrong.round or read_number(wrong.value) != wrong.value:
            yield Problem("spelling", where)
        if (
            not window.not_before <= appeared_at < window.until
            or not max(previous_at, appeared_at) < corrected_at < LATEST
        ):
            yield Problem("draw_corrected", where)
        if len(editors) != 2 or len(wrong.entered_by) != 2 or set(wrong.entered_by).issuperset(right.entered_by):
            # At least one of the two who corrected the number had not entered it.
            yield Problem("draw_corrected", f"{where}.entered_by")
        if (wrong.round, wrong.value, wrong.appeared_at) == (right.round, right.value, right.appeared_at):
            yield Problem("draw_corrected", where)
        previous_at = corrected_at


def _drand_problems(
    beacon: BeaconLine, signature: bytes | None, not_before: datetime, chains: Sequence[Chain]
) -> Iterator[Problem]:
    where = "draw.beacon"
    chain = next((each for each in chains if each.sha256 == beacon.name), None)
    if chain is None:
        yield Problem("draw_chain", f"{where}.name", chains[0].sha256)
        return
    round_ = first_round(chain, not_before)
    if beacon.round != str(round_):
        yield Problem("draw_round", f"{where}.round", str(round_))
        return
    if beacon.appeared_at != time_text(time_of(chain, round_)):
        yield Problem("draw_beacon_time", f"{where}.appeared_at", time_text(time_of(chain, round_)))
    if signature is None or not is_signed(chain, round_, signature):
        yield Problem("draw_signature", f"{where}.signature")
    elif beacon.value != value_of(signature):
        yield Problem("draw_value", f"{where}.value", value_of(signature))
    if beacon.entered_by:
        yield Problem("draw_beacon", f"{where}.entered_by")


def _published_tickets(section: DrawSection, eligible: Sequence[bytes]) -> list[bytes] | None:
    """The published list, computed from the tickets that are eligible now. None if `removed` and `added` do not fit them.

    Raises ValueError for an invalid ticket.
    """
    removed = [algorithm.ticket_of(each) for each in section.removed or ()]
    added = [algorithm.ticket_of(each) for each in section.added or ()]
    current = set(eligible)
    fits = current.isdisjoint(removed) and current.issuperset(added)
    # An empty list has to be absent, and tickets are sorted and distinct.
    absent_if_empty = all(member is None or member for member in (section.removed, section.added))
    if not (fits and absent_if_empty and all(each == sorted(set(each)) for each in (removed, added))):
        return None
    return sorted((current - set(added)) | set(removed))


def _wrong_number(wrong: AgreedNumber, right: AgreedNumber, editors: Mapping[int, str]) -> WrongNumber:
    assert right.reason_code is not None
    return WrongNumber(
        round=wrong.round,
        value=wrong.value,
        appeared_at=time_text(wrong.appeared_at),
        entered_by=[editors[each] for each in wrong.entered_by],
        reason=right.reason_code,
        corrected_at=time_text(right.entered_at),
    )


def _beacon_name(beacon: Beacon, rules: Rules) -> str:
    return (rules.beacon if beacon.source == "public_number" else beacon.chain) or ""


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and all(each in "0123456789abcdef" for each in text)


def _read_hex(text: str, digits: int) -> bytes:
    if not _is_hex(text, digits):
        raise ValueError(text[:80])
    return bytes.fromhex(text)
