"""Amendments: one signed document for each change of a place after the result, chained to the previous document."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from feed.campaigns.model import Rules, time_text
from feed.keys.signatures import Signature
from feed.prizes.model import Candidate, Place, Reserve, Winner
from feed.prizes.result.document import FORMATS, Shape, pseudonym, shape_of
from feed.prizes.result.document import Format as ResultFormat

Format = Literal["feed-amendment-1", "feed-amendment-2"]
# The format of the amendments of a result in each format: holders have the members that winners and reserves have there.
FORMAT_OF: dict[ResultFormat, Format] = {"feed-result-1": "feed-amendment-1", "feed-result-2": "feed-amendment-2"}
# Why a winner has lost a place, as the public document says it. An editor's own reason is in the audit log only.
Reason = Literal[
    "not_claimed",
    "declined",
    "post_deleted",
    "post_removed",
    "comment_deleted",
    "comment_removed",
    "erased",
    "objection_upheld",
    "replaced",
]
_OF_STATE: dict[str, Reason] = {"lapsed": "not_claimed", "declined": "declined"}
_OF_FORFEIT: dict[str, Reason] = {
    "post_deleted": "post_deleted",
    "post_removed": "post_removed",
    "comment_deleted": "comment_deleted",
    "comment_removed": "comment_removed",
    "erased": "erased",
    "objection_upheld": "objection_upheld",
}
# Why a reserve is passed over. `not_eligible` does not reveal whether the account is banned.
Obstacle = Literal["not_visible", "not_eligible"]


class Holder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The person who loses or takes a place, with rank, entry and score from the result, as far as it has them."""

    rank: int
    post_id: str | UnsetType = UNSET
    comment_id: str | UnsetType = UNSET
    person: str
    score: str | UnsetType = UNSET


class PassedOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reserve who was next in order and cannot win now."""

    post_id: str | UnsetType = UNSET
    comment_id: str | UnsetType = UNSET
    person: str
    reason: Obstacle


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The unsigned amendment. `enters` is None if the place stays empty."""

    format: Format
    campaign_id: str
    result_sha256: str
    number: int
    # SHA-256 of the previous amendment; of the result for the first one.
    previous_sha256: str
    made_at: str
    place: int
    reason: Reason
    leaves: Holder
    passed_over: list[PassedOver]
    enters: Holder | None


class Amendment(Change, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed amendment."""

    signature: Signature


class ChainHead(msgspec.Struct, frozen=True):
    """The last document of a chain: the result (`number` 0) or an amendment. `format` is that of the result."""

    format: int
    result_sha256: str
    number: int
    sha256: str


def build_change(
    head: ChainHead,
    winner: Winner,
    place: Place,
    candidates: Sequence[Candidate],
    *,
    rules: Rules,
    refill: bool,
    salt: bytes,
    at: datetime,
) -> tuple[Change, Reserve | None]:
    """The amendment for a place that `winner` has lost, and the reserve who takes it: the first candidate without an obstacle.

    Without `refill` the place stays empty.
    """
    format_ = FORMATS[head.format]
    shape = shape_of(format_, rules)
    passed_over = []
    enters = None
    for candidate in candidates if refill else ():
        if candidate.obstacle is None:
            enters = candidate.reserve
            break
        passed_over.append(candidate)
    change = Change(
        format=FORMAT_OF[format_],
        campaign_id=str(winner.campaign_id),
        result_sha256=head.result_sha256,
        number=head.number + 1,
        previous_sha256=head.sha256,
        made_at=time_text(at),
        place=place.place,
        reason=reason_of(winner),
        leaves=_holder(place, salt, shape),
        passed_over=[
            PassedOver(
                **_entry(each.reserve, salt, shape),
                reason="not_visible" if each.obstacle == "not_visible" else "not_eligible",
            )
            for each in passed_over
        ],
        enters=None if enters is None else _holder(enters, salt, shape),
    )
    return change, enters


def reason_of(winner: Winner) -> Reason:
    """Why the winner has lost the place, as the public document says it."""
    return _OF_STATE.get(winner.state) or _OF_FORFEIT.get(winner.state_reason or "", "replaced")


def _holder(each: Place | Reserve, salt: bytes, shape: Shape) -> Holder:
    return Holder(rank=each.rank, score=each.score if shape.is_scored else UNSET, **_entry(each, salt, shape))


def _entry(each: Place | Reserve, salt: bytes, shape: Shape) -> dict[str, Any]:
    """The members that name an entry and its person."""
    named = {} if shape.entry_id is None else {shape.entry_id: str(getattr(each, shape.entry_id))}
    return named | {"person": pseudonym(salt, each.person, each.account_id)}
