"""Campaigns: rules, states, and the rules document that is published and hashed."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, get_args

import msgspec
import rfc8785

from feed.campaigns.number_rules import ACCOUNT_AGE_DAYS, CAP, DELIVERY_DAYS, PER_WINNER, WINNERS
from feed.campaigns.prize_kinds import KINDS
from feed.campaigns.text_rules import CriterionName, DeliveryPlace, LicenceKey, LicenceText, PrizeName, PrizeTerms
from feed.ids import GivenId, parse_id
from feed.numbers import BoundedDecimal, Duration, Int32
from feed.signoffs.model import STAGES, Credit
from feed.texts import among
from feed.times import Instant

CampaignId = NewType("CampaignId", int)
StoredState = Literal["draft", "scheduled", "judging", "decided", "announced", "final", "archived", "cancelled"]
State = Literal[
    "draft", "scheduled", "open", "closed", "judging", "decided", "announced", "final", "archived", "cancelled"
]
STATES: tuple[State, ...] = get_args(State)

# What a settlement waits for, in the order in which readers are shown it. What names posts, comments and jurors is for editors only.
WaitKind = Literal[
    "settlement_undone",
    "announcement_hidden",
    "entry_waits",
    "comment_waits",
    "media_processing",
    "mark_missing",
    "awaiting_beacon",
]
WAIT_KINDS: tuple[WaitKind, ...] = get_args(WaitKind)

Method = Literal["ranked", "draw"]
METHODS: tuple[Method, ...] = get_args(Method)
TieBreak = Literal["quality", "likes", "comments", "earliest"]
TIE_BREAKS: tuple[TieBreak, ...] = get_args(TieBreak)
Unclaimed = Literal["next_reserve", "void"]
UNCLAIMED: tuple[Unclaimed, ...] = get_args(Unclaimed)
Board = Literal["public", "after_close", "hidden"]
BOARDS: tuple[Board, ...] = get_args(Board)
TaxBearer = Literal["organiser", "winner"]
TAX_BEARERS: tuple[TaxBearer, ...] = get_args(TaxBearer)
PRIZES_MOST = 20
CRITERIA_MOST = 20
ReviewChain = Literal["publish_first", 1, 2, 3]
REVIEW_CHAINS: tuple[ReviewChain, ...] = get_args(ReviewChain)
# What enters a draw: a post with the topic, a comment under the announcement post, or a like of it.
EntryWay = Literal["post", "comment", "like"]
ENTRY_WAYS: tuple[EntryWay, ...] = get_args(EntryWay)
# Sources of a draw's public random value.
BeaconSource = Literal["public_number", "drand"]
BEACONS: tuple[BeaconSource, ...] = get_args(BeaconSource)

# Actions of users get their timestamp before the end and commit within five seconds; none is in flight after ten.
FREEZE_AFTER = timedelta(seconds=10)
SETTLE_AFTER = timedelta(hours=72)
# A draw's public value is younger than its list by this much, so that it is unknown when the list is made.
BEACON_DELAY = timedelta(seconds=60)
# How long after the last time of the decision a result may be announced before it is overdue.
ANNOUNCED_WITHIN = timedelta(days=7)


# Records of winners are kept masked for two years, as the law on prize promotions requires.
ARCHIVE = timedelta(days=2 * 365 + 1)


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weights of quality, likes and comments in the score: exact decimals that sum to 1."""

    quality: BoundedDecimal = Decimal(0)
    likes: BoundedDecimal = Decimal(0)
    comments: BoundedDecimal = Decimal(0)


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of likes and commenters above which the score grows no more."""

    likes: Annotated[Int32, CAP.documented] = 0
    comments: Annotated[Int32, CAP.documented] = 0


class Prize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prize; each winner in `places` (first and last, counted from 1; null: all) gets `per_winner` of it. `value_cny` is the value of one, in yuan.

    `terms` and `valid_until` say how and until when it can be used: the law requires them of a voucher.
    """

    name: PrizeName = ""
    kind: Annotated[str, among(("", *KINDS))] = ""
    per_winner: Annotated[Int32, PER_WINNER.documented] = 1
    value_cny: BoundedDecimal | None = None
    image_media_id: GivenId | None = None
    terms: PrizeTerms | None = None
    valid_until: Instant | None = None
    places: (
        Annotated[tuple[Annotated[Int32, WINNERS.documented], ...], msgspec.Meta(min_length=2, max_length=2)] | None
    ) = None


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a mark with its weight. The weights are exact decimals that sum to 1."""

    name: CriterionName = ""
    weight: BoundedDecimal = Decimal(0)


class Delivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Delivery of the prizes: days after the claim, and the place where prizes are collected."""

    within_days: Annotated[Duration, DELIVERY_DAYS.documented] = 30
    place: DeliveryPlace | None = None


class Eligibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may take part, beyond what always applies: a verified phone, no staff, no jurors."""

    min_account_age_days: Annotated[Duration, ACCOUNT_AGE_DAYS.documented] = 0
    require_media: bool = False


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a campaign; its rules text and pages are generated from them.

    Fields that the law requires may be empty in a draft. `rules_problems` validates the values.
    """

    title: str
    topic: str
    starts_at: Instant
    ends_at: Instant
    method: str
    winner_count: int
    body: str = ""
    notes: str | None = None
    cover_media_id: str | None = None
    announcement_post_id: str | None = None
    settle_at: Instant | None = None
    objection_days: Duration = 3
    reserve_count: int = 0
    shortlist_size: int | None = None
    prizes: Annotated[tuple[Prize, ...], msgspec.Meta(max_length=PRIZES_MOST)] = ()
    weights: Weights = Weights(Decimal("0.5"), Decimal("0.3"), Decimal("0.2"))
    caps: Caps = Caps(1000, 200)
    tie_break: tuple[str, ...] = TIE_BREAKS
    claim_days: Duration = 0
    claim_ends_at: Instant | None = None
    unclaimed: str = "next_reserve"
    organiser: str = ""
    contact: str = ""
    board: str = "public"
    review_chain: str | int | None = None
    eligibility: Eligibility = Eligibility()
    beacon: str | None = None
    # For a draw: the sources of its public value in order, and the wait for each. `beacon` names the public number.
    beacon_order: tuple[str, ...] = BEACONS
    beacon_wait_hours: Duration = 96
    # None: a mark is one score.
    criteria: Annotated[tuple[Criterion, ...], msgspec.Meta(max_length=CRITERIA_MOST)] = ()
    # Marks that a shortlisted entry needs. None: one of each juror, or of one editor where there is no jury.
    quorum: int | None = None
    delivery: Delivery = Delivery()
    tax_borne_by: str = "organiser"
    # The key of one of the site's clauses on the use of works, and the clause itself, which publishing copies into the rules.
    licence: LicenceKey | None = None
    licence_text: LicenceText | None = None
    # Whether it is meant that another campaign has the same topic at the same time.
    shares_topic: bool = False
    # Days after the final result until claims are destroyed, and at most, while a prize is not handed over. Set by publishing;
    # None: published by a version that did not record them.
    claims_kept_days: Duration | None = None
    claims_kept_at_most_days: Duration | None = None
    # Comments and likes are those of the announcement post.
    entry_by: str = "post"
    # Who signed these rules and the announcement, by stage. Set by publishing; empty: the site asks for no signatures.
    credits: Annotated[tuple[Credit, ...], msgspec.Meta(max_length=STAGES)] = ()

    @property
    def settles_at(self) -> datetime:
        """When the worker settles: as the rules say, or 72 hours after the end."""
        return self.settle_at or self.ends_at + SETTLE_AFTER

    @property
    def review_stages(self) -> int:
        """The approvals before an entry is visible; 0: it is visible at once, unless the site or its topic requires more."""
        return self.review_chain if isinstance(self.review_chain, int) else 0

    @property
    def decides_by(self) -> datetime:
        """The last time of the decision: a draw waits for each of its public values before."""
        waits = len(self.beacon_order) if self.method == "draw" else 0
        return self.settles_at + waits * timedelta(hours=self.beacon_wait_hours)

    @property
    def result_due_at(self) -> datetime:
        """When the result is announced at the latest; afterwards it is overdue."""
        return self.decides_by + ANNOUNCED_WITHIN


def served_state(stored: StoredState, starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> State:
    """The state in responses: the stored one; between publication and judging it follows from the clock."""
    if stored != "scheduled" or starts_at is None or ends_at is None or now < starts_at:
        return stored
    return "open" if now < ends_at else "closed"


def entry_post_id(rules: Rules) -> int | None:
    """The announcement post under which a draw is entered by comment or like; None if posts enter, or none is named yet."""
    return None if rules.entry_by == "post" else parse_id(rules.announcement_post_id or "")


def rules_document(rules: Rules) -> dict[str, Any]:
    """The rules as they are stored, served and hashed: JSON without floats, each value in its canonical form."""
    document: dict[str, Any] = msgspec.to_builtins(rules, builtin_types=(Decimal, datetime))
    canonical: dict[str, Any] = _canonical(document)
    return canonical


def rules_sha256(document: Mapping[str, Any]) -> str:
    """The hash of a rules document in canonical JSON (RFC 8785), hexadecimal."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def time_text(at: datetime) -> str:
    """The time in the canonical form of our documents: UTC, six decimals, `Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """Parses a time in the form of `time_text`. Raises ValueError for any other form."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None and time_text(at) == text:
            return at
    except OverflowError:
        pass
    raise ValueError(text[:80])


def decimal_text(value: Decimal) -> str:
    """The canonical form of a decimal, without trailing zeros or exponent: 0.50 and 5E-1 are both `0.5`."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def _canonical(value: Any) -> Any:
    match value:
        case dict():
            return {key: _canonical(each) for key, each in value.items()}
        case list() | tuple():
            return [_canonical(each) for each in value]
        case Decimal():
            return decimal_text(value)
        case datetime():
            return time_text(value)
        case _:
            return value
