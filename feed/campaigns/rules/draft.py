"""A campaign while it is being written: fields that may still be missing, and the rules that are made of them."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from feed.campaigns.model import Caps, Criterion, Delivery, Eligibility, Prize, Rules, Weights, rules_document
from feed.campaigns.rules.validation import EARLIEST, rules_problems
from feed.errors import FieldError

# What has no default: missing in a draft, demanded by the publication.
_NEEDED: dict[str, Any] = {
    "title": "",
    "topic": "",
    "starts_at": EARLIEST,
    "ends_at": EARLIEST + timedelta(days=1),
    "method": "ranked",
    "winner_count": 1,
}
# Problems that compare with a date say nothing while that date is missing.
_DATES = {"starts_at", "ends_at", "settle_at", "claim_ends_at"}


class CampaignFields(msgspec.Struct, frozen=True, kw_only=True):
    """What an editor writes. A field that is left out stays as it is; null takes it back."""

    title: str | UnsetType | None = UNSET
    topic: str | UnsetType | None = UNSET
    body: str | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    cover_media_id: str | UnsetType | None = UNSET
    announcement_post_id: str | UnsetType | None = UNSET
    starts_at: datetime | UnsetType | None = UNSET
    ends_at: datetime | UnsetType | None = UNSET
    settle_at: datetime | UnsetType | None = UNSET
    objection_days: int | UnsetType | None = UNSET
    method: str | UnsetType | None = UNSET
    winner_count: int | UnsetType | None = UNSET
    reserve_count: int | UnsetType | None = UNSET
    shortlist_size: int | UnsetType | None = UNSET
    prizes: list[Prize] | UnsetType | None = UNSET
    weights: Weights | UnsetType | None = UNSET
    caps: Caps | UnsetType | None = UNSET
    tie_break: list[str] | UnsetType | None = UNSET
    claim_days: int | UnsetType | None = UNSET
    claim_ends_at: datetime | UnsetType | None = UNSET
    unclaimed: str | UnsetType | None = UNSET
    organiser: str | UnsetType | None = UNSET
    contact: str | UnsetType | None = UNSET
    board: str | UnsetType | None = UNSET
    review_chain: str | int | UnsetType | None = UNSET
    eligibility: Eligibility | UnsetType | None = UNSET
    beacon: str | UnsetType | None = UNSET
    beacon_order: list[str] | UnsetType | None = UNSET
    beacon_wait_hours: int | UnsetType | None = UNSET
    criteria: list[Criterion] | UnsetType | None = UNSET
    quorum: int | UnsetType | None = UNSET
    delivery: Delivery | UnsetType | None = UNSET
    tax_borne_by: str | UnsetType | None = UNSET


def merge_fields(draft: Mapping[str, Any], fields: CampaignFields) -> dict[str, Any]:
    """The draft with these fields written into it; texts in NFC."""
    given = {**draft, **_normal(msgspec.to_builtins(fields))}
    return {name: value for name, value in given.items() if value is not None}


def read_rules(draft: Mapping[str, Any], *, publishing: bool) -> tuple[Rules, list[FieldError]]:
    """The rules that the draft amounts to, and all that is wrong with them.

    What is missing is wrong only when it is to be published; until then something stands in its place.
    """
    missing = [name for name in _NEEDED if name not in draft]
    rules = msgspec.convert(_NEEDED | dict(draft), Rules)
    silent = set(missing)
    if silent & _DATES:
        silent |= _DATES
    found = [error for error in rules_problems(rules, publishing=publishing) if not _says(error, silent, publishing)]
    if publishing:
        named = {error.field for error in found}
        found = [*(FieldError(name, "required") for name in missing if name not in named), *found]
    return rules, found


def draft_fields(draft: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of the rules: as the editor has written it, else its default, else None."""
    rules, _ = read_rules(draft, publishing=False)
    unwritten = {name: None for name in _NEEDED if name not in draft}
    return rules_document(rules) | unwritten


def copy_fields(draft: Mapping[str, Any]) -> dict[str, Any]:
    """A draft like this one, without what belongs to its one time."""
    dated = {"starts_at", "ends_at", "settle_at", "claim_ends_at", "announcement_post_id"}
    return {name: value for name, value in draft.items() if name not in dated}


def _says(error: FieldError, silent: set[str], publishing: bool) -> bool:
    """Whether the problem speaks of what is not there yet."""
    if error.field in silent and error.code not in ("no_time_zone", "out_of_range"):
        return True
    return not publishing and error.code == "required"


def _normal(value: Any) -> Any:
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case dict():
            return {key: _normal(each) for key, each in value.items()}
        case list():
            return [_normal(each) for each in value]
        case _:
            return value
