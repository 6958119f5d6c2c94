"""Types and errors of settlements, winners, claims and objections."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NewType, get_args

import msgspec

from feed.errors import Conflict, FeedError, Forbidden, NotFound

WinnerId = NewType("WinnerId", int)
ObjectionId = NewType("ObjectionId", int)
# What an upheld objection leads to: replacing one winner, or a new settlement.
Remedy = Literal["replace", "settle_again"]
# What an objection is about: likes and comments, marks, whether an entry may win, a winner.
ObjectionKind = Literal["counts", "marks", "eligibility", "winner", "other"]
WinnerState = Literal[
    "selected", "notified", "viewed", "claimed", "verified", "shipped", "received", "lapsed", "declined", "forfeited"
]


class ResultNotFound(NotFound):
    """No such campaign, or its result is not announced yet."""


class ProofNotFound(NotFound):
    """No such entry in the result, or the result is of the first format, which has no proofs."""


class SheetNotFound(NotFound):
    """No such campaign, or none whose sheet is frozen."""


class PrizeNotFound(NotFound):
    """No such prize, or its winner is not notified yet."""


class NotYourPrize(Forbidden):
    """The prize belongs to another account."""


class NotOverYet(Conflict):
    """The campaign is open, or ended less than ten seconds ago: writes with a timestamp before the end may be uncommitted."""


class SettlementBlocked(Conflict):
    """A verdict or a mark is missing. With a reason an editor may settle without it."""


class AlreadySettled(Conflict):
    """The campaign has a result in force."""


class NotSettled(Conflict):
    """The campaign has no result in force, or not the state for this action."""


class AlreadyAnnounced(Conflict):
    """The result is announced and its winners are notified."""


class NotAnnounced(Conflict):
    """The result is not announced yet, or already final: winners are replaced only in between."""


class WinnerNotFound(NotFound):
    """No held place has this rank."""


class PrizeHandedOver(Conflict):
    """A prize is shipped or received and cannot be taken back."""


class ObjectionsClosed(Conflict):
    """The result is not announced yet, or the objection period is over."""


class NotAParticipant(Forbidden):
    """Only participants of the campaign may object."""


class ObjectionNeedsPhone(Forbidden):
    """Only persons with a verified phone may object: an objection holds up the end of the campaign."""


class AlreadyObjected(Conflict):
    """The person has an open objection of this kind."""


class ObjectionNotFound(NotFound):
    """No such objection."""


class ObjectionAnswered(Conflict):
    """The objection is answered, or its settlement is not in force any more."""


class InvolvedInCampaign(Forbidden):
    """The editor has acted in the campaign (organised, announced, judged, entered, decided) and may not answer its objections."""


class WinnerNotVisible(Conflict):
    """A winning post is not visible, a removal of it is appealed, or its author is banned: to be decided, or settled again."""


class EndedFactsUnexplained(Conflict):
    """A leader's role or ban held at the deadline and has ended before the freeze: announcing needs a reason."""


class ClaimClosed(Conflict):
    """The prize is not in a state in which it can be claimed, or its deadline has passed."""


class PrivacyVersionStale(Conflict):
    """The claim agrees to another version of the privacy text than the site has now."""


class ClaimAccessRequired(Forbidden):
    """Reading winners' details needs access to this campaign, granted by an admin who is another person."""


class PrizeNotFinal(Conflict):
    """The result is not final: until then no prize is handed over, because that cannot be undone."""


class WrongPrizeState(Conflict):
    """The prize is in a state that does not allow this change."""


class CodesMissing(Conflict):
    """There are fewer codes than winners."""


class CodesShown(Conflict):
    """The winner first saw the codes more than a day ago."""


class ReceiptNotFound(NotFound):
    """No such campaign, or its claim details are not destroyed yet."""


class ClaimNotFound(NotFound):
    """No such winner in this campaign, or the winner has given no details."""


class Forced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a settlement did not wait for, and why.

    `reason` is null only when nothing but the time of settlement was overridden.
    """

    reason: str | None
    overrides: list[dict[str, Any]]


class Settlement(msgspec.Struct, frozen=True):
    """The settlement of a campaign that is in force; without a result while only the sheet is frozen.

    `salt` is the secret key of the pseudonyms in the campaign's documents.
    """

    id: int
    campaign_id: int
    rules_version: int
    frozen_at: datetime
    skipped: list[dict[str, Any]]
    has_result: bool
    salt: bytes
    # SHA-256 of the campaign's earlier results that were announced and then undone.
    withdrawn: list[str] = []
    forced: Forced | None = None
    # Of the result: 2 for sheets that are frozen by 0.4.0 or later.
    format: int = 1
    # How many voids were in force at the freeze, by kind and reason: `kind`, `reason_code`, `count`.
    voids: list[dict[str, Any]] = []
    # Whether rows that cannot win have a pseudonym per account, and small numbers by reason are one sum. Not before 0.3.0.
    unlinked: bool = False


class FrozenMark(msgspec.Struct, frozen=True):
    """A mark that counted at the freeze, with six decimals; `scores` in the order of the criteria of the rules, if they have any."""

    juror_id: int
    score: str
    scores: list[str] | None = None


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One frozen entry: a post, a comment, or with neither an account's like. `person` is empty without a verified phone.

    `quality` is the mean of `marks`; sheets frozen before 0.4.0 have no marks, only their mean.
    """

    post_id: int | None
    comment_id: int | None = None
    account_id: int
    person: bytes
    entered_at: datetime
    revision: int
    quality: Decimal
    likes_counted: int
    commenters_counted: int
    eligible: bool
    reason_code: str | None
    excluded: list[dict[str, Any]]
    marks: list[FrozenMark] = []

    @property
    def entry_id(self) -> int:
        """The id of the post or the comment, of a like the account's: an id is given once in all tables."""
        return self.post_id or self.comment_id or self.account_id


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place and its holder, from the result or promoted from the reserves; the entry as in `SheetRow`."""

    place: int
    rank: int
    post_id: int | None
    comment_id: int | None = None
    account_id: int
    person: bytes
    score: str
    prizes: list[dict[str, Any]]


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """One of the next people in order; `position` counts from 1. The entry as in `SheetRow`."""

    position: int
    rank: int
    post_id: int | None
    comment_id: int | None = None
    account_id: int
    person: bytes
    score: str


class Candidate(msgspec.Struct, frozen=True):
    """A reserve that is not promoted, and why it cannot win now; `obstacle` is None if it can."""

    reserve: Reserve
    obstacle: str | None


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """A participant's objection to a result, and its answer if there is one."""

    id: ObjectionId
    campaign_id: int
    settlement_id: int
    account_id: int
    kind: ObjectionKind
    text: str
    answered_by: int | None
    answered_at: datetime | None
    remedy: Remedy | None
    winner_id: WinnerId | None


class Objecting(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether a person may object to a result now. `open_kinds`: of its objections that are not answered yet."""

    is_open: bool
    is_participant: bool
    has_phone: bool
    open_kinds: list[ObjectionKind]

    @property
    def kinds(self) -> list[ObjectionKind]:
        """The kinds of objections that are taken, unless `refusal` says that none is."""
        return [kind for kind in get_args(ObjectionKind) if kind not in self.open_kinds]

    @property
    def refusal(self) -> FeedError | None:
        """The error of every objection; None: one of `kinds` is taken."""
        if not self.is_open:
            return ObjectionsClosed()
        if not self.is_participant:
            return NotAParticipant()
        if not self.has_phone:
            return ObjectionNeedsPhone()
        return None if self.kinds else AlreadyObjected()


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How many objections of the kind have this answer of the account, and how many have none yet."""

    answered: int
    unanswered: int


class UnclaimedPrize(msgspec.Struct, frozen=True):
    """A prize that is not claimed yet."""

    id: WinnerId
    campaign_id: int
    account_id: int
    claim_ends_at: datetime
    title: str


class Winner(msgspec.Struct, frozen=True, kw_only=True):
    """A filled place and its present state."""

    id: WinnerId
    campaign_id: int
    settlement_id: int
    place: int
    rank: int
    post_id: int | None
    comment_id: int | None = None
    account_id: int
    prizes: list[dict[str, Any]]
    state: WinnerState
    claim_ends_at: datetime | None
    state_reason: str | None = None
