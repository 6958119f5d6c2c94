"""The draw's part of a result: everything that its order follows from, and whether it does."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

import msgspec

from feed.campaigns.model import FREEZE_AFTER, Rules, parse_time, time_text
from feed.campaigns.rules.validation import LATEST
from feed.prizes.draw import algorithm as draw
from feed.prizes.draw.beacon import Source, read_number, read_round, windows
from feed.prizes.draw.drand import Chain, first_round, is_signed, time_of, value_of
from feed.prizes.draw.model import AgreedNumber, Beacon, CorrectionReason, DrawInputs
from feed.prizes.result.problem import Problem

_SHA256_DIGITS = 64


class BeaconLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value that decided. `name` is what the rules call the number, or the chain's hash; of our own value it is empty."""

    source: Source
    name: str
    round: str
    value: str
    appeared_at: str | None
    signature: str | None
    # Pseudonyms of the two editors.
    entered_by: list[str]


class WrongNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public number that was corrected: who entered it, why it was wrong, and when two people said so.

    Those two are named at the number that came instead of it.
    """

    round: str
    value: str
    appeared_at: str
    entered_by: list[str]
    reason: CorrectionReason
    corrected_at: str


class DrawSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What docs/draw-spec.md asks for. Hashes, the nonce and the seed are lower-case hexadecimal."""

    algorithm: Literal["feed-draw-1"]
    tickets: int
    list_sha256: str
    list_published_at: str
    nonce: str
    nonce_sha256: str
    beacon: BeaconLine
    seed: str
    publicly_verifiable: bool
    # Always empty. Signed results of 0.1.0 have this member, and a result keeps its bytes.
    earlier: list[str]
    # Of a settlement that was made again: pseudonyms that were on the list and may not win any more, and those that were not on it.
    removed: list[str] | None = None
    added: list[str] | None = None
    # Numbers that were entered before the one that decides, the first one first.
    corrected: list[WrongNumber] | None = None


def build_draw_section(
    lots: DrawInputs, rules: Rules, editors: Mapping[int, str], *, able: Sequence[bytes]
) -> DrawSection:
    """The part of the result. The lots have their value by now; `able` are the tickets that may win, `editors` pseudonyms."""
    beacon, published_at = lots.draw.beacon, lots.draw.list_published_at
    assert beacon is not None
    assert published_at is not None
    listed, now = set(lots.tickets), set(able)
    return DrawSection(
        algorithm=draw.ALGORITHM,
        tickets=lots.draw.ticket_count,
        list_sha256=lots.draw.list_sha256.hex(),
        list_published_at=time_text(published_at),
        nonce=lots.nonce.hex(),
        nonce_sha256=lots.nonce_sha256.hex(),
        beacon=BeaconLine(
            source=beacon.source,
            name=_name(beacon, rules),
            round=beacon.round,
            value=beacon.value,
            appeared_at=None if beacon.appeared_at is None else time_text(beacon.appeared_at),
            signature=None if beacon.signature is None else beacon.signature.hex(),
            entered_by=[editors[each] for each in beacon.entered_by or ()],
        ),
        seed=seed(lots.draw.list_sha256, lots.nonce, beacon).hex(),
        publicly_verifiable=beacon.source != "own",
        earlier=[],
        removed=[each.hex() for each in lots.tickets if each not in now] or None,
        added=[each.hex() for each in able if each not in listed] or None,
        corrected=[_wrong(wrong, right, editors) for wrong, right in pairwise(lots.numbers)] or None,
    )


def seed(list_sha256: bytes, nonce: bytes, beacon: Beacon | BeaconLine) -> bytes:
    """The seed that this value makes."""
    return draw.seed_of(list_sha256, nonce, source=beacon.source, round_=beacon.round, value=beacon.value)


def check_draw_section(
    drawn: DrawSection, rules: Rules, campaign_id: int, persons: Sequence[str], chains: Sequence[Chain]
) -> Iterator[Problem]:
    """What does not follow in the draw's part. Without any, its order may be worked out from `drawn.seed`."""
    try:
        tickets = _listed(drawn, draw.tickets_of(persons))
        nonce = _exact_hex(drawn.nonce, 2 * draw.NONCE_BYTES)
        published_at = parse_time(drawn.list_published_at)
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
        "tickets": (drawn.tickets, len(tickets)),
        "list_sha256": (drawn.list_sha256, draw.list_hash(campaign_id, tickets).hex()),
        "nonce_sha256": (drawn.nonce_sha256, draw.nonce_hash(nonce).hex()),
        "seed": (drawn.seed, seed(draw.list_hash(campaign_id, tickets), nonce, drawn.beacon).hex()),
        "publicly_verifiable": (drawn.publicly_verifiable, drawn.beacon.source != "own"),
    }
    for name, (stated, right) in expected.items():
        if stated != right:
            yield Problem(f"draw_{name}", f"draw.{name}", str(right))
    if drawn.earlier:
        yield Problem("draw_earlier", "draw.earlier")
    yield from _beacon_problems(drawn.beacon, rules, published_at, chains)
    yield from _correction_problems(drawn, rules, published_at)


def _beacon_problems(
    beacon: BeaconLine, rules: Rules, published_at: datetime, chains: Sequence[Chain]
) -> Iterator[Problem]:
    where = "draw.beacon"
    try:
        appeared_at = None if beacon.appeared_at is None else parse_time(beacon.appeared_at)
        signature = None if beacon.signature is None else _exact_hex(beacon.signature, len(beacon.signature))
        for editor in beacon.entered_by:
            _exact_hex(editor, 2 * draw.TICKET_BYTES)
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


def _correction_problems(drawn: DrawSection, rules: Rules, published_at: datetime) -> Iterator[Problem]:
    if drawn.corrected is None:
        return
    window = next((each for each in windows(rules, published_at) if each.source == "public_number"), None)
    if window is None or drawn.beacon.source != "public_number" or not drawn.corrected:
        yield Problem("draw_corrected", "draw.corrected")
        return
    since = published_at
    followers: list[WrongNumber | BeaconLine] = [*drawn.corrected[1:], drawn.beacon]
    for number, (wrong, right) in enumerate(zip(drawn.corrected, followers, strict=True)):
        where = f"draw.corrected[{number}]"
        try:
            appeared_at, corrected_at = parse_time(wrong.appeared_at), parse_time(wrong.corrected_at)
            editors = {_exact_hex(each, 2 * draw.TICKET_BYTES) for each in wrong.entered_by}
        except ValueError as error:
            yield Problem("spelling", where, str(error))
            return
        if read_round(wrong.round) != wrong.round or read_number(wrong.value) != wrong.value:
            yield Problem("spelling", where)
        if not window.not_before <= appeared_at < window.until or not max(since, appeared_at) < corrected_at < LATEST:
            yield Problem("draw_corrected", where)
        if len(editors) != 2 or len(wrong.entered_by) != 2 or set(wrong.entered_by).issuperset(right.entered_by):
            # Who corrects is not only who was mistaken.
            yield Problem("draw_corrected", f"{where}.entered_by")
        if (wrong.round, wrong.value, wrong.appeared_at) == (right.round, right.value, right.appeared_at):
            yield Problem("draw_corrected", where)
        since = corrected_at


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


def _listed(drawn: DrawSection, able: Sequence[bytes]) -> list[bytes] | None:
    """The list that lots were drawn from, of the tickets that may win now; None where what came and went does not fit them.

    Raises ValueError for what is no ticket.
    """
    removed = [draw.ticket_of(each) for each in drawn.removed or ()]
    added = [draw.ticket_of(each) for each in drawn.added or ()]
    now = set(able)
    fits = now.isdisjoint(removed) and now.issuperset(added)
    named = all(given is None or given for given in (drawn.removed, drawn.added))
    if not (fits and named and all(each == sorted(set(each)) for each in (removed, added))):
        return None
    return sorted((now - set(added)) | set(removed))


def _wrong(wrong: AgreedNumber, right: AgreedNumber, editors: Mapping[int, str]) -> WrongNumber:
    assert right.reason_code is not None
    return WrongNumber(
        round=wrong.round,
        value=wrong.value,
        appeared_at=time_text(wrong.appeared_at),
        entered_by=[editors[each] for each in wrong.entered_by],
        reason=right.reason_code,
        corrected_at=time_text(right.entered_at),
    )


def _name(beacon: Beacon, rules: Rules) -> str:
    return (rules.beacon if beacon.source == "public_number" else beacon.chain) or ""


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and all(each in "0123456789abcdef" for each in text)


def _exact_hex(text: str, digits: int) -> bytes:
    if not _is_hex(text, digits):
        raise ValueError(text[:80])
    return bytes.fromhex(text)
