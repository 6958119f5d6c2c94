"""Campaigns: their rules as data, the states that the clock makes of them, and the document that is published and hashed."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NewType, get_args

import msgspec
import rfc8785

CampaignId = NewType("CampaignId", int)
StoredState = Literal["draft", "scheduled", "judging", "decided", "announced", "final", "archived", "cancelled"]
State = Literal[
    "draft", "scheduled", "open", "closed", "judging", "decided", "announced", "final", "archived", "cancelled"
]
STATES: tuple[State, ...] = get_args(State)

METHODS = ("ranked", "draw")
TIE_BREAKS = ("quality", "likes", "comments", "earliest")
UNCLAIMED = ("next_reserve", "void")
BOARDS = ("public", "after_close", "hidden")
TAX_BEARERS = ("organiser", "winner")
REVIEW_CHAINS = ("publish_first", 1, 2, 3)
# Whence a draw takes its public random value.
BEACONS = ("public_number", "drand")

# User actions are stamped before the end and committed within five seconds; nothing is in flight after ten.
FREEZE_AFTER = timedelta(seconds=10)
SETTLE_AFTER = timedelta(hours=72)
# A value of a draw's beacon is younger than the list by this much: whoever made the list could not know it.
BEACON_DELAY = timedelta(seconds=60)


class Weights(msgspec.Struct, frozen=True):
    """What quality, likes and comments are worth. They sum to 1 and are exact."""

    quality: Decimal = Decimal(0)
    likes: Decimal = Decimal(0)
    comments: Decimal = Decimal(0)


class Caps(msgspec.Struct, frozen=True):
    """From how many on more likes or commenters bring nothing more."""

    likes: int = 0
    comments: int = 0


class Prize(msgspec.Struct, frozen=True):
    """What each winner gets, `per_winner` times. Its value is in yuan, each.

    `terms` and `valid_until` say how and until when it can be used: the law asks for them where a prize is a voucher.
    """

    name: str = ""
    kind: str = ""
    per_winner: int = 1
    value_cny: Decimal | None = None
    image_media_id: str | None = None
    terms: str | None = None
    valid_until: datetime | None = None


class Criterion(msgspec.Struct, frozen=True):
    """One thing that jurors mark by itself, and what it weighs in a mark. The weights sum to 1 and are exact."""

    name: str = ""
    weight: Decimal = Decimal(0)


class Delivery(msgspec.Struct, frozen=True):
    """How prizes come to their winners: within so many days of the claim; `place` is where those are that are fetched."""

    within_days: int = 30
    place: str | None = None


class Eligibility(msgspec.Struct, frozen=True):
    """Who and what may take part, beside what is always demanded (a verified phone, no staff, no juror)."""

    min_account_age_days: int = 0
    require_media: bool = False


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as an editor describes it; everything that people read about it is made from this.

    What the law demands may be missing in a draft and is then empty. `problems` says what is wrong with the values.
    """

    title: str
    topic: str
    starts_at: datetime
    ends_at: datetime
    method: str
    winner_count: int
    body: str = ""
    notes: str | None = None
    cover_media_id: str | None = None
    announcement_post_id: str | None = None
    settle_at: datetime | None = None
    objection_days: int = 3
    reserve_count: int = 0
    shortlist_size: int | None = None
    prizes: tuple[Prize, ...] = ()
    weights: Weights = Weights(Decimal("0.5"), Decimal("0.3"), Decimal("0.2"))
    caps: Caps = Caps(1000, 200)
    tie_break: tuple[str, ...] = TIE_BREAKS
    claim_days: int = 0
    claim_ends_at: datetime | None = None
    unclaimed: str = "next_reserve"
    organiser: str = ""
    contact: str = ""
    board: str = "public"
    review_chain: str | int | None = None
    eligibility: Eligibility = Eligibility()
    beacon: str | None = None
    # Of a draw: where its public value comes from, in this order, and how long each is waited for. `beacon` names the number.
    beacon_order: tuple[str, ...] = BEACONS
    beacon_wait_hours: int = 96
    # None: a mark is one score.
    criteria: tuple[Criterion, ...] = ()
    # Marks that a shortlisted entry needs. None: those of the whole jury, of one editor where nobody was named.
    quorum: int | None = None
    delivery: Delivery = Delivery()
    tax_borne_by: str = "organiser"

    @property
    def settles_at(self) -> datetime:
        """When the worker settles: as the rules say, or 72 hours after the end."""
        return self.settle_at or self.ends_at + SETTLE_AFTER


def served_state(stored: StoredState, starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> State:
    """The state as everybody is told it: what is stored, and between publication and judging what the clock says."""
    if stored != "scheduled" or starts_at is None or ends_at is None or now < starts_at:
        return stored
    return "open" if now < ends_at else "closed"


def rules_document(rules: Rules) -> dict[str, Any]:
    """The rules as they are stored, served and hashed: JSON without floats, each value in one spelling."""
    document: dict[str, Any] = msgspec.to_builtins(rules, builtin_types=(Decimal, datetime))
    plain: dict[str, Any] = _plain(document)
    return plain


def rules_sha256(document: Mapping[str, Any]) -> str:
    """The hash of a rules document in canonical JSON (RFC 8785), hexadecimal."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def time_text(at: datetime) -> str:
    """A moment in the one spelling of our documents: UTC, six decimals, `Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """A moment in the spelling of `time_text`. Raises ValueError for any other spelling."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None and time_text(at) == text:
            return at
    except OverflowError:
        pass
    raise ValueError(text[:80])


def decimal_text(value: Decimal) -> str:
    """Every digit that counts, and no exponent: 0.50 and 5E-1 are both `0.5`."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case Decimal():
            return decimal_text(value)
        case datetime():
            return time_text(value)
        case _:
            return value
