"""Which fields of the rules may change after the opening: only in favour of participants. docs/reference/law.md has the same table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.campaigns.model import Prize, Rules
from feed.errors import FieldError

# Whether the first value may be changed to the second one, which differs.
Allowed = Callable[[Any, Any], bool]


def find_unamendable(old: Rules, new: Rules) -> list[FieldError]:
    """The changed fields that may not change after the opening. Empty: the new rules are possible then."""
    return [
        FieldError(name, "fixed_after_opening")
        for name, allowed in AFTER_OPENING.items()
        if (before := getattr(old, name)) != (after := getattr(new, name))
        and (not allowed(before, after) or _is_entered_under(name, old))
    ]


def _is_entered_under(name: str, rules: Rules) -> bool:
    """Whether the field names the post under which a draw is entered by comment or like."""
    return name == "announcement_post_id" and rules.entry_by != "post"


def _free(before: object, after: object) -> bool:
    return True


def _fixed(before: object, after: object) -> bool:
    return False


def _more(before: Any, after: Any) -> bool:
    return bool((after or 0) > (before or 0))


def _later(before: datetime | None, after: datetime | None) -> bool:
    return after is not None and (before is None or after > before)


def _longer(before: datetime | None, after: datetime | None) -> bool:
    # A limit where there was none is a disadvantage.
    return before is not None and after is not None and after > before


def _wider(before: Sequence[int] | None, after: Sequence[int] | None) -> bool:
    """Whether every place that had the prize keeps it."""
    return after is None or (before is not None and after[0] <= before[0] and before[-1] <= after[-1])


def _sooner(before: msgspec.Struct, after: msgspec.Struct) -> bool:
    return _each(before, after, {"within_days": lambda old, new: new < old, "place": _fixed})


def _richer(before: tuple[Prize, ...], after: tuple[Prize, ...]) -> bool:
    return len(after) >= len(before) and all(
        _each(old, new, _OF_A_PRIZE) for old, new in zip(before, after, strict=False)
    )


def _lighter(before: str, after: str) -> bool:
    return after == "organiser"


def _each(before: msgspec.Struct, after: msgspec.Struct, table: Mapping[str, Allowed]) -> bool:
    return all(
        allowed(old, new)
        for name, allowed in table.items()
        if (old := getattr(before, name)) != (new := getattr(after, name))
    )


_OF_A_PRIZE: Mapping[str, Allowed] = {
    "name": _fixed,
    "kind": _fixed,
    "per_winner": _more,
    "value_cny": _more,
    "image_media_id": _free,
    "terms": _fixed,
    "valid_until": _longer,
    "places": _wider,
}
# Every field of the rules, so that a new field needs a decision; a test compares them.
AFTER_OPENING: Mapping[str, Allowed] = {
    "title": _free,
    "topic": _fixed,
    "starts_at": _fixed,
    "ends_at": _fixed,
    "method": _fixed,
    "winner_count": _more,
    "body": _free,
    "notes": _free,
    "cover_media_id": _free,
    "announcement_post_id": _free,
    "settle_at": _fixed,
    "objection_days": _fixed,
    "reserve_count": _more,
    "shortlist_size": _fixed,
    "prizes": _richer,
    "weights": _fixed,
    "caps": _fixed,
    "tie_break": _fixed,
    "claim_days": _more,
    "claim_ends_at": _later,
    "unclaimed": _fixed,
    "organiser": _fixed,
    "contact": _free,
    "board": _fixed,
    "review_chain": _fixed,
    "eligibility": _fixed,
    "beacon": _fixed,
    "beacon_order": _fixed,
    "beacon_wait_hours": _fixed,
    "criteria": _fixed,
    "quorum": _fixed,
    "delivery": _sooner,
    "tax_borne_by": _lighter,
    "licence": _fixed,
    "licence_text": _fixed,
    "shares_topic": _fixed,
    "claims_kept_days": _fixed,
    "claims_kept_at_most_days": _fixed,
    "entry_by": _fixed,
    # Each version is signed anew.
    "credits": _free,
}
# What no change can touch after the opening, whatever its direction.
FIXED_AFTER_OPENING = frozenset(name for name, allowed in AFTER_OPENING.items() if allowed is _fixed)
