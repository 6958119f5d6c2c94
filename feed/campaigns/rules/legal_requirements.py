"""What the law on prize promotions asks for before anybody takes part (docs/law.md), and what could not be carried out. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from feed.campaigns.claim_deadline import claim_deadline
from feed.campaigns.model import Prize, Rules, time_text
from feed.campaigns.prize_kinds import KINDS
from feed.errors import FieldError
from feed.texts import is_written

# What one winner of a draw may get at most, by the rules on prize promotions.
DRAW_VALUE_MOST = Decimal(50_000)


def requirement_problems(rules: Rules) -> Iterator[FieldError]:
    """What those who take part must be able to read before they do: who, what, how much, until when, and whom to ask."""
    yield from _required((field, is_written(getattr(rules, field))) for field in ("body", "organiser", "contact"))
    yield from _required([("claim_days", rules.claim_days > 0), ("prizes", bool(rules.prizes))])
    yield from _required((f"prizes[{i}].value_cny", bool(p.value_cny)) for i, p in enumerate(rules.prizes))
    if rules.method == "draw" and "public_number" in rules.beacon_order:
        yield from _required([("beacon", is_written(rules.beacon or ""))])
    if rules.method == "draw" and _value_per_winner(rules.prizes) > DRAW_VALUE_MOST:
        yield FieldError("prizes", "draw_value_too_high", {"most": int(DRAW_VALUE_MOST)})
    # Nothing can carry them out yet, and what is published must be carried out.
    if rules.eligibility.require_media:
        yield FieldError("eligibility.require_media", "not_available")
    if rules.review_chain not in (None, "publish_first"):
        yield FieldError("review_chain", "not_available")
    yield from _exchangeable(rules.prizes)
    yield from _usable(rules)


def _exchangeable(prizes: Sequence[Prize]) -> Iterator[FieldError]:
    """Of a voucher people must be able to read how, where and until when it is exchanged, before they take part for it."""
    for i, prize in enumerate(prizes):
        if prize.kind in KINDS and KINDS[prize.kind].is_voucher:
            said = [("terms", prize.terms is not None), ("valid_until", prize.valid_until is not None)]
            yield from _required((f"prizes[{i}].{name}", is_said) for name, is_said in said)


def _usable(rules: Rules) -> Iterator[FieldError]:
    """A prize that ends before its last winner can have it is none."""
    waits = rules.beacon_wait_hours * len(rules.beacon_order) if rules.method == "draw" else 0
    notified_at = rules.settles_at + timedelta(hours=waits)
    in_hand = max(notified_at + timedelta(days=rules.objection_days), claim_deadline(rules, notified_at))
    for i, prize in enumerate(rules.prizes):
        if prize.valid_until is not None and prize.valid_until < in_hand:
            yield FieldError(f"prizes[{i}].valid_until", "too_early", {"earliest": time_text(in_hand)})


def _required(given: Iterable[tuple[str, bool]]) -> Iterator[FieldError]:
    for field, is_there in given:
        if not is_there:
            yield FieldError(field, "required")


def _value_per_winner(prizes: Sequence[Prize]) -> Decimal:
    values = [prize.per_winner * prize.value_cny for prize in prizes if prize.value_cny is not None]
    return sum(values, Decimal(0))
