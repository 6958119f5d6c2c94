"""What changes in a result after it was signed: a document of its own for each place that is left, chained to what came before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.campaigns.model import time_text
from feed.keys.signatures import Signature
from feed.prizes.model import Candidate, Place, Reserve, Winner
from feed.prizes.result.document import pseudonym

FORMAT: Literal["feed-amendment-1"] = "feed-amendment-1"
# Why a place is left. Words of the public document: what an editor wrote for others stays in the audit.
Reason = Literal["not_claimed", "declined", "post_deleted", "erased", "objection_upheld", "replaced"]
_OF_STATE: dict[str, Reason] = {"lapsed": "not_claimed", "declined": "declined"}
_OF_FORFEIT: dict[str, Reason] = {
    "post_deleted": "post_deleted",
    "erased": "erased",
    "objection_upheld": "objection_upheld",
}
# Why somebody in the line is passed over. Whether a ban is behind it is nobody's business.
Obstacle = Literal["not_visible", "not_eligible"]


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who leaves or takes a place, as the result has them."""

    rank: int
    post_id: str
    person: str
    score: str


class PassedOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody whose turn it was, and who cannot win now."""

    post_id: str
    person: str
    reason: Obstacle


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed. `enters` is empty where the place stays so."""

    format: Literal["feed-amendment-1"]
    campaign_id: str
    result_sha256: str
    number: int
    # Of the amendment before this one; for the first one the result's.
    previous_sha256: str
    made_at: str
    place: int
    reason: Reason
    leaves: Holder
    passed_over: list[PassedOver]
    enters: Holder | None


class Amendment(Change, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change and its signature."""

    signature: Signature


class ChainHead(msgspec.Struct, frozen=True):
    """What the next amendment is chained to."""

    result_sha256: str
    number: int
    sha256: str


def build_change(
    link: ChainHead, gone: Winner, left: Place, line: Sequence[Candidate], *, fills: bool, salt: bytes, at: datetime
) -> tuple[Change, Reserve | None]:
    """What is to be signed when `left` becomes free, and who takes it: the first in line whom nothing stands against.

    `fills`: whether anybody takes it at all.
    """
    passed = []
    enters = None
    for waiting in line if fills else ():
        if waiting.obstacle is None:
            enters = waiting.reserve
            break
        passed.append(waiting)
    change = Change(
        format=FORMAT,
        campaign_id=str(gone.campaign_id),
        result_sha256=link.result_sha256,
        number=link.number + 1,
        previous_sha256=link.sha256,
        made_at=time_text(at),
        place=left.place,
        reason=reason_of(gone),
        leaves=_holder(left, salt),
        passed_over=[
            PassedOver(
                str(each.reserve.post_id),
                pseudonym(salt, each.reserve.person, each.reserve.account_id),
                "not_visible" if each.obstacle == "not_visible" else "not_eligible",
            )
            for each in passed
        ],
        enters=None if enters is None else _holder(enters, salt),
    )
    return change, enters


def reason_of(gone: Winner) -> Reason:
    """The public word for why this winner has lost the place."""
    return _OF_STATE.get(gone.state) or _OF_FORFEIT.get(gone.state_reason or "", "replaced")


def _holder(each: Place | Reserve, salt: bytes) -> Holder:
    return Holder(each.rank, str(each.post_id), pseudonym(salt, each.person, each.account_id), each.score)
