"""Checks of what the law on prize promotions requires before users take part (docs/reference/law.md), and of what cannot be carried out. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from math import ceil

from feed.campaigns.claim_deadline import claim_deadline
from feed.campaigns.model import Prize, Rules, time_text
from feed.campaigns.prize_kinds import KINDS
from feed.campaigns.prize_places import tiers_of
from feed.errors import FieldError
from feed.texts import has_visible_text

# The highest value of one winner's prizes in a draw, in yuan, by the law on prize promotions.
DRAW_VALUE_MOST = Decimal(50_000)


def requirement_problems(rules: Rules) -> Iterator[FieldError]:
    """The problems that keep valid rules from being published.

    They are missing information, options that do not go together, and prizes that expire too early.
    """
    yield from _required((field, has_visible_text(getattr(rules, field))) for field in ("body", "organiser", "contact"))
    yield from _required([("claim_days", rules.claim_days > 0), ("prizes", bool(rules.prizes))])
    yield from _required((f"prizes[{i}].value_cny", bool(p.value_cny)) for i, p in enumerate(rules.prizes))
    if rules.method == "draw" and "public_number" in rules.beacon_order:
        yield from _required([("beacon", has_visible_text(rules.beacon or ""))])
    yield from _places_without_prize(rules)
    if rules.method == "draw" and max(_value(tier.prizes) for tier in tiers_of(rules)) > DRAW_VALUE_MOST:
        yield FieldError("prizes", "draw_value_too_high", {"most": int(DRAW_VALUE_MOST)})
    if rules.entry_by != "post":
        yield from _required([("announcement_post_id", rules.announcement_post_id is not None)])
        if rules.method != "draw":
            yield FieldError("entry_by", "draws_only")
        # A comment or a like carries none.
        if rules.eligibility.require_media:
            yield FieldError("eligibility.require_media", "posts_only")
    yield from _vouchers(rules.prizes)
    yield from _validity(rules)
    yield from _claim_window(rules)


def _vouchers(prizes: Sequence[Prize]) -> Iterator[FieldError]:
    """A voucher needs its terms and its end before users take part."""
    for i, prize in enumerate(prizes):
        if prize.kind in KINDS and KINDS[prize.kind].is_voucher:
            required = [("terms", prize.terms is not None), ("valid_until", prize.valid_until is not None)]
            yield from _required((f"prizes[{i}].{name}", is_given) for name, is_given in required)


def _validity(rules: Rules) -> Iterator[FieldError]:
    """A prize must not expire before its last winner can have it. The error names what adds up to that time."""
    decided_by = rules.decides_by
    in_hand = max(decided_by + timedelta(days=rules.objection_days), claim_deadline(rules, decided_by))
    for i, prize in enumerate(rules.prizes):
        if prize.valid_until is not None and prize.valid_until < in_hand:
            parts = {
                "earliest": time_text(in_hand),
                "missing_hours": ceil((in_hand - prize.valid_until) / timedelta(hours=1)),
                "settle_at": time_text(rules.settles_at),
                "beacon_hours": (decided_by - rules.settles_at) // timedelta(hours=1),
                "objection_days": rules.objection_days,
                "claim_days": rules.claim_days,
            }
            yield FieldError(f"prizes[{i}].valid_until", "expires_before_claimed", parts)


def _claim_window(rules: Rules) -> Iterator[FieldError]:
    """Prizes are handed over after the objections: a claim window that ends before them would end before any prize is final."""
    days = rules.objection_days
    if 0 < rules.claim_days < days:
        yield FieldError("claim_days", "before_objections_end", {"days": days})
    objections_end = rules.decides_by + timedelta(days=days)
    if rules.claim_ends_at is not None and rules.claim_ends_at < objections_end:
        yield FieldError("claim_ends_at", "too_early", {"earliest": time_text(objections_end)})


def _required(fields: Iterable[tuple[str, bool]]) -> Iterator[FieldError]:
    for field, is_given in fields:
        if not is_given:
            yield FieldError(field, "required")


def _places_without_prize(rules: Rules) -> Iterator[FieldError]:
    empty = [tier for tier in tiers_of(rules) if not tier.prizes]
    if rules.prizes and empty:
        first, last = empty[0].first, empty[0].last
        places = f"{first}" if first == last else f"{first}–{last}"
        yield FieldError("prizes", "places_without_prize", {"places": places})


def _value(prizes: Sequence[Prize]) -> Decimal:
    """The value of what one winner gets, in yuan."""
    values = [prize.per_winner * prize.value_cny for prize in prizes if prize.value_cny is not None]
    return sum(values, Decimal(0))
