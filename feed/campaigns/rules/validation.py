"""Validation of rules, field by field: what keeps them from being stored or published."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext

from feed.campaigns import number_rules, text_rules
from feed.campaigns.model import (
    BEACONS,
    BOARDS,
    ENTRY_WAYS,
    FREEZE_AFTER,
    METHODS,
    REVIEW_CHAINS,
    TAX_BEARERS,
    TIE_BREAKS,
    UNCLAIMED,
    Criterion,
    Prize,
    Rules,
    time_text,
)
from feed.campaigns.prize_kinds import KINDS
from feed.campaigns.rules.legal_requirements import requirement_problems
from feed.errors import FieldError
from feed.ids import parse_id
from feed.numbers import Range
from feed.texts import TextRule, text_problems
from feed.topics.model import TOPIC_NAME
from feed.topics.parse import is_topic_name

TEXTS = {
    "title": text_rules.TITLE,
    "body": text_rules.BODY,
    "organiser": text_rules.ORGANISER,
    "contact": text_rules.CONTACT,
    "notes": text_rules.NOTES,
    "beacon": text_rules.BEACON,
    "licence": text_rules.LICENCE_KEY,
}
# Least and most of each whole number.
RANGES: dict[str, Range] = {
    "winner_count": number_rules.WINNERS,
    "reserve_count": number_rules.RESERVES,
    "objection_days": number_rules.OBJECTION_DAYS,
    "claim_days": number_rules.CLAIM_DAYS,
    "shortlist_size": number_rules.SHORTLIST,
    "beacon_wait_hours": number_rules.BEACON_WAIT_HOURS,
    "quorum": number_rules.QUORUM,
}
VALUE_MOST = Decimal(10_000_000)
# A sum of three such weights is exact in the 34 digits that scores are computed with.
WEIGHT_DECIMALS = 28
# Such a weight of a criterion, times a score with six decimals, summed over all criteria, is exact as well.
CRITERION_DECIMALS = 6
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_DATES = ("starts_at", "ends_at", "settle_at", "claim_ends_at")


def rules_problems(rules: Rules, *, publishing: bool) -> list[FieldError]:
    """All problems of the values; with `publishing`, also of missing ones. Empty: the rules are valid."""
    problems = [*_texts(rules), *_topic(rules.topic), *value_problems(rules)]
    if publishing:
        wrong = {error.field for error in problems}
        problems += [error for error in requirement_problems(rules) if error.field not in wrong]
    return problems


def value_problems(rules: Rules) -> list[FieldError]:
    """The problems of values that are no texts. Empty: the rules can be executed.

    What a text may contain changes with versions, and a result of an earlier one stays valid: its verification asks for this only.
    """
    return [
        *_dates(rules),
        *_choices(rules),
        *_numbers(rules),
        *_weights(rules),
        *_criteria(rules.criteria),
        *_number("delivery.within_days", rules.delivery.within_days, number_rules.DELIVERY_DAYS),
        *_prizes(rules.prizes, rules.winner_count),
        *_ids(rules),
    ]


def _texts(rules: Rules) -> Iterator[FieldError]:
    for field, rule in TEXTS.items():
        value = getattr(rules, field)
        if value is not None:
            yield from _text(field, value, rule, required=field == "title")
    for i, criterion in enumerate(rules.criteria):
        yield from _text(f"criteria[{i}].name", criterion.name, text_rules.CRITERION)
    if rules.delivery.place is not None:
        yield from _text("delivery.place", rules.delivery.place, text_rules.PLACE)
    for i, prize in enumerate(rules.prizes):
        yield from _text(f"prizes[{i}].name", prize.name, text_rules.PRIZE_NAME)
        if prize.terms is not None:
            yield from _text(f"prizes[{i}].terms", prize.terms, text_rules.PRIZE_TERMS)


def _text(field: str, value: str, rule: TextRule, *, required: bool = True) -> Iterator[FieldError]:
    if problems := text_problems(field, value, rule):
        yield from problems
    elif required and not value.strip():
        yield FieldError(field, "required")


def _topic(topic: str) -> Iterator[FieldError]:
    if problems := [*_text("topic", topic, TOPIC_NAME)]:
        yield from problems
    elif not is_topic_name(topic):
        yield FieldError("topic", "invalid_topic")


def _dates(rules: Rules) -> Iterator[FieldError]:
    values = [(field, at) for field in _DATES if (at := getattr(rules, field)) is not None]
    wrong: list[FieldError] = []
    for field, at in values:
        wrong += _time(field, at)
    yield from wrong
    # Invalid times cannot be compared; the other problems follow once they are valid.
    if wrong:
        return
    if rules.ends_at <= rules.starts_at:
        yield FieldError("ends_at", "not_after", {"other": "starts_at"})
    freeze = rules.ends_at + FREEZE_AFTER
    if rules.settles_at < freeze:
        yield FieldError("settle_at", "too_early", {"earliest": time_text(freeze)})
    elif rules.claim_ends_at is not None and rules.claim_ends_at <= rules.settles_at:
        yield FieldError("claim_ends_at", "not_after", {"other": "settle_at"})


def _time(field: str, at: datetime) -> Iterator[FieldError]:
    if not EARLIEST <= at < LATEST:
        yield FieldError(field, "out_of_range", {"least": time_text(EARLIEST), "most": time_text(LATEST)})


def _choices(rules: Rules) -> Iterator[FieldError]:
    yield from _choice("method", rules.method, METHODS)
    yield from _choice("unclaimed", rules.unclaimed, UNCLAIMED)
    yield from _choice("board", rules.board, BOARDS)
    yield from _choice("entry_by", rules.entry_by, ENTRY_WAYS)
    yield from _choice("tax_borne_by", rules.tax_borne_by, TAX_BEARERS)
    if rules.review_chain is not None:
        yield from _choice("review_chain", rules.review_chain, REVIEW_CHAINS)
    yield from _order("tie_break", rules.tie_break, TIE_BREAKS)
    yield from _order("beacon_order", rules.beacon_order, BEACONS)


def _order(field: str, values: Sequence[str], allowed: Sequence[str]) -> Iterator[FieldError]:
    for i, each in enumerate(values):
        if each in values[:i]:
            yield FieldError(f"{field}[{i}]", "repeated")
        else:
            yield from _choice(f"{field}[{i}]", each, allowed)
        if i >= len(allowed):  # All further values repeat or are unknown, and a body may contain thousands.
            break


def _choice(field: str, value: str | int, allowed: Sequence[str | int]) -> Iterator[FieldError]:
    if value not in allowed:
        yield FieldError(field, "unknown_value", {"allowed": list(allowed)})


def _numbers(rules: Rules) -> Iterator[FieldError]:
    for field, limits in RANGES.items():
        value = getattr(rules, field)
        if value is not None:
            yield from _number(field, value, limits)
    yield from _number("caps.likes", rules.caps.likes, number_rules.CAP)
    yield from _number("caps.comments", rules.caps.comments, number_rules.CAP)
    yield from _number(
        "eligibility.min_account_age_days", rules.eligibility.min_account_age_days, number_rules.ACCOUNT_AGE_DAYS
    )


def _number(field: str, value: int, limits: Range) -> Iterator[FieldError]:
    least, most = limits
    if not least <= value <= most:
        yield FieldError(field, "out_of_range", {"least": least, "most": most})


def _weights(rules: Rules) -> Iterator[FieldError]:
    weights = (
        ("weights.quality", rules.weights.quality),
        ("weights.likes", rules.weights.likes),
        ("weights.comments", rules.weights.comments),
    )
    wrong = [error for field, value in weights for error in _decimal(field, value, Decimal(1), WEIGHT_DECIMALS)]
    yield from wrong
    if not wrong:
        with localcontext(prec=34):
            total = sum((value for _, value in weights), Decimal(0))
        if total != 1:
            yield FieldError("weights", "sum_is_not_one", {"sum": format(total, "f")})


def _criteria(criteria: Sequence[Criterion]) -> Iterator[FieldError]:
    wrong: list[FieldError] = []
    for i, criterion in enumerate(criteria):
        at = f"criteria[{i}]"
        if criterion.name in {each.name for each in criteria[:i]}:
            yield FieldError(f"{at}.name", "repeated")
        wrong += _decimal(f"{at}.weight", criterion.weight, Decimal(1), CRITERION_DECIMALS)
        if not wrong and not criterion.weight:
            wrong.append(FieldError(f"{at}.weight", "required"))
    yield from wrong
    if criteria and not wrong:
        total = sum((criterion.weight for criterion in criteria), Decimal(0))
        if total != 1:
            yield FieldError("criteria", "sum_is_not_one", {"sum": format(total, "f")})


def _decimal(field: str, value: Decimal, most: Decimal, decimals: int) -> Iterator[FieldError]:
    if not 0 <= value <= most:
        yield FieldError(field, "out_of_range", {"least": 0, "most": int(most)})
    elif value and _decimals(value) > decimals:
        yield FieldError(field, "too_precise", {"decimals": decimals})


def _decimals(value: Decimal) -> int:
    """The number of decimal places without trailing zeros."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return -exponent - zeros


def _prizes(prizes: Sequence[Prize], winner_count: int) -> Iterator[FieldError]:
    for i, prize in enumerate(prizes):
        at = f"prizes[{i}]"
        if prize.kind:
            yield from _choice(f"{at}.kind", prize.kind, tuple(KINDS))
        else:
            yield FieldError(f"{at}.kind", "required")
        yield from _number(f"{at}.per_winner", prize.per_winner, number_rules.PER_WINNER)
        if prize.value_cny is not None:
            yield from _decimal(f"{at}.value_cny", prize.value_cny, VALUE_MOST, 2)
        yield from _id(f"{at}.image_media_id", prize.image_media_id)
        if prize.valid_until is not None:
            yield from _time(f"{at}.valid_until", prize.valid_until)
        if prize.places is not None:
            yield from _places(f"{at}.places", prize.places, winner_count)


def _places(field: str, places: Sequence[int], winner_count: int) -> Iterator[FieldError]:
    first, last = places
    wrong = [error for i, place in enumerate(places) for error in _number(f"{field}[{i}]", place, number_rules.WINNERS)]
    yield from wrong
    if wrong:
        return
    if last < first:
        yield FieldError(field, "last_before_first", {"first": first, "last": last})
    elif last > winner_count:
        yield FieldError(field, "beyond_winners", {"last": last, "most": winner_count})


def _ids(rules: Rules) -> Iterator[FieldError]:
    yield from _id("cover_media_id", rules.cover_media_id)
    yield from _id("announcement_post_id", rules.announcement_post_id)


def _id(field: str, value: str | None) -> Iterator[FieldError]:
    if value is not None and parse_id(value) is None:
        yield FieldError(field, "not_found")
