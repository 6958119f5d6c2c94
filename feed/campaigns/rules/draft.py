"""Drafts of campaigns: fields that may be missing, and the rules that they make."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from feed.campaigns.model import (
    CRITERIA_MOST,
    PRIZES_MOST,
    TIE_BREAKS,
    BeaconSource,
    Board,
    Caps,
    Criterion,
    Delivery,
    Eligibility,
    EntryWay,
    Method,
    Prize,
    ReviewChain,
    Rules,
    TaxBearer,
    TieBreak,
    Unclaimed,
    Weights,
    rules_document,
    rules_sha256,
)
from feed.campaigns.number_rules import (
    BeaconWaitHours,
    ClaimDays,
    ObjectionDays,
    Quorum,
    ReserveCount,
    ShortlistSize,
    WinnerCount,
)
from feed.campaigns.rules.validation import EARLIEST, rules_problems
from feed.campaigns.text_rules import BeaconName, Body, Contact, LicenceKey, Notes, Organiser, Title
from feed.decoding.decoder import convert
from feed.errors import FieldError
from feed.ids import GivenId
from feed.texts import normalised
from feed.times import Instant
from feed.topics.model import TopicName

# Fields without a default, which may be missing in a draft, with their placeholders; publishing requires them.
_NEEDED: dict[str, Any] = {
    "title": "",
    "topic": "",
    "starts_at": EARLIEST,
    "ends_at": EARLIEST + timedelta(days=1),
    "method": "ranked",
    "winner_count": 1,
}
# Fields of the rules that no editor writes: publishing sets them to what the site has then.
SET_BY_PUBLISHING = frozenset({"licence_text", "claims_kept_days", "claims_kept_at_most_days", "credits"})
# While one of these dates is missing, problems that compare it are left out.
_DATES = {"starts_at", "ends_at", "settle_at", "claim_ends_at"}


Prizes = Annotated[list[Prize], msgspec.Meta(max_length=PRIZES_MOST)]
Criteria = Annotated[list[Criterion], msgspec.Meta(max_length=CRITERIA_MOST)]
# Longer than any order without repetitions, which are checked with the rules.
ORDER = msgspec.Meta(max_length=2 * len(TIE_BREAKS), extra_json_schema={"uniqueItems": True})


class CampaignFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fields that an editor writes. An absent field stays as it is; null removes it, so that its default holds. The title is always needed."""

    title: Title | UnsetType | None = UNSET
    topic: TopicName | UnsetType | None = UNSET
    body: Body | UnsetType | None = UNSET
    notes: Notes | UnsetType | None = UNSET
    cover_media_id: GivenId | UnsetType | None = UNSET
    announcement_post_id: GivenId | UnsetType | None = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET
    settle_at: Instant | UnsetType | None = UNSET
    objection_days: ObjectionDays | UnsetType | None = UNSET
    method: Method | UnsetType | None = UNSET
    winner_count: WinnerCount | UnsetType | None = UNSET
    reserve_count: ReserveCount | UnsetType | None = UNSET
    shortlist_size: ShortlistSize | UnsetType | None = UNSET
    prizes: Prizes | UnsetType | None = UNSET
    weights: Weights | UnsetType | None = UNSET
    caps: Caps | UnsetType | None = UNSET
    tie_break: Annotated[list[TieBreak], ORDER] | UnsetType | None = UNSET
    claim_days: ClaimDays | UnsetType | None = UNSET
    claim_ends_at: Instant | UnsetType | None = UNSET
    unclaimed: Unclaimed | UnsetType | None = UNSET
    organiser: Organiser | UnsetType | None = UNSET
    contact: Contact | UnsetType | None = UNSET
    board: Board | UnsetType | None = UNSET
    review_chain: ReviewChain | UnsetType | None = UNSET
    eligibility: Eligibility | UnsetType | None = UNSET
    beacon: BeaconName | UnsetType | None = UNSET
    beacon_order: Annotated[list[BeaconSource], ORDER] | UnsetType | None = UNSET
    beacon_wait_hours: BeaconWaitHours | UnsetType | None = UNSET
    criteria: Criteria | UnsetType | None = UNSET
    quorum: Quorum | UnsetType | None = UNSET
    delivery: Delivery | UnsetType | None = UNSET
    tax_borne_by: TaxBearer | UnsetType | None = UNSET
    licence: LicenceKey | UnsetType | None = UNSET
    shares_topic: bool | UnsetType | None = UNSET
    entry_by: EntryWay | UnsetType | None = UNSET


def merge_fields(draft: Mapping[str, Any], fields: CampaignFields) -> dict[str, Any]:
    """The draft with these fields changed; texts in NFC."""
    values = {**draft, **_normalised(msgspec.to_builtins(fields))}
    return {name: value for name, value in values.items() if value is not None}


def read_rules(draft: Mapping[str, Any], *, publishing: bool) -> tuple[Rules, list[FieldError]]:
    """The rules of the draft, and all of their problems.

    Missing fields are problems only when publishing; until then they have placeholders.
    """
    missing = [name for name in _NEEDED if name not in draft]
    rules = convert(_NEEDED | dict(draft), Rules)
    ignored = set(missing)
    if ignored & _DATES:
        ignored |= _DATES
    problems = [
        error for error in rules_problems(rules, publishing=publishing) if not _is_premature(error, ignored, publishing)
    ]
    if publishing:
        named = {error.field for error in problems}
        problems = [*(FieldError(name, "required") for name in missing if name not in named), *problems]
    return rules, problems


def draft_fields(draft: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of the rules: as in the draft, else its default, else None."""
    rules, _ = read_rules(draft, publishing=False)
    unwritten = {name: None for name in _NEEDED if name not in draft}
    return rules_document(rules) | unwritten


def content_sha256(draft: Mapping[str, Any]) -> bytes:
    """The hash of what editors have written, for the signatures on it: canonical JSON without the fields that publishing sets."""
    fields = {name: value for name, value in draft_fields(draft).items() if name not in SET_BY_PUBLISHING}
    return bytes.fromhex(rules_sha256(fields))


def copy_fields(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a draft without those that belong to its dates, and without its pictures: each is used by one campaign."""
    single = {
        "starts_at",
        "ends_at",
        "settle_at",
        "claim_ends_at",
        "announcement_post_id",
        "shares_topic",
        "cover_media_id",
    }
    fields = {name: value for name, value in draft.items() if name not in single | SET_BY_PUBLISHING}
    if "prizes" in fields:
        fields["prizes"] = [{**prize, "image_media_id": None} for prize in fields["prizes"]]
    return fields


def _is_premature(error: FieldError, ignored: set[str], publishing: bool) -> bool:
    """Whether the problem is only that a field is not written yet."""
    if error.field in ignored and error.code not in ("no_time_zone", "out_of_range"):
        return True
    if error.code == "beyond_winners" and "winner_count" in ignored:
        return True
    return not publishing and error.code == "required"


def _normalised(value: Any) -> Any:
    match value:
        case str():
            return normalised(value)
        case dict():
            return {key: _normalised(each) for key, each in value.items()}
        case list():
            return [_normalised(each) for each in value]
        case _:
            return value
