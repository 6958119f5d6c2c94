"""Settlements, winners and claims: the nouns, and the states that refuse."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NewType

import msgspec

from feed.errors import Conflict, Forbidden, NotFound

WinnerId = NewType("WinnerId", int)
ObjectionId = NewType("ObjectionId", int)
# What an upheld objection leads to: another winner, or another settlement.
Remedy = Literal["replace", "settle_again"]
WinnerState = Literal[
    "selected", "notified", "viewed", "claimed", "verified", "shipped", "received", "lapsed", "declined", "forfeited"
]


class ResultNotFound(NotFound):
    """No result that the public may see yet."""


class SheetNotFound(NotFound):
    """No such campaign, or none whose sheet is frozen."""


class PrizeNotFound(NotFound):
    """No such prize, or one whose winner has not been told yet."""


class NotYourPrize(Forbidden):
    """Somebody else has won it."""


class NotOverYet(Conflict):
    """The campaign takes entries, or ended less than ten seconds ago: something stamped in time may be in flight."""


class SettlementBlocked(Conflict):
    """Something waits for a verdict or a mark; with a reason an editor may settle all the same."""


class AlreadySettled(Conflict):
    """A result stands."""


class NotSettled(Conflict):
    """No result stands that this could be done to."""


class AlreadyAnnounced(Conflict):
    """The winners have been told."""


class NotAnnounced(Conflict):
    """The result is not announced yet, or final already: winners are replaced in between."""


class WinnerNotFound(NotFound):
    """Nobody wins with this rank now."""


class PrizeHandedOver(Conflict):
    """The prize is on its way or received: the result cannot take it back."""


class ObjectionsClosed(Conflict):
    """It is not the time for objections: not announced yet, or the days are over."""


class NotAParticipant(Forbidden):
    """Only who takes part in the campaign may object."""


class AlreadyObjected(Conflict):
    """One objection each."""


class ObjectionNotFound(NotFound):
    """No such objection."""


class ObjectionAnswered(Conflict):
    """It has its answer, or the result that it was made against is gone."""


class InvolvedInCampaign(Forbidden):
    """Who has organised, announced, judged or entered a campaign, or decided anything about it, answers no objection to it."""


class WinnerNotVisible(Conflict):
    """A winning post was removed, or its author banned, after the settlement: undo it and settle again."""


class ClaimClosed(Conflict):
    """The prize cannot be claimed, or not any more."""


class ClaimAccessRequired(Forbidden):
    """Winners' details are read by whom an admin, who is another person, has let in for this campaign."""


class PrizeNotFinal(Conflict):
    """The objection days are not over: nothing leaves the house that could not be taken back."""


class WrongPrizeState(Conflict):
    """The prize is in a state from which this does not follow."""


class CodesMissing(Conflict):
    """There are fewer codes than winners."""


class CodesShown(Conflict):
    """The winner has seen the codes, more than a day ago."""


class ReceiptNotFound(NotFound):
    """The campaign's details have not been destroyed yet, or there is no such campaign."""


class ClaimNotFound(NotFound):
    """The winner has given no details, or there is no such winner in this campaign."""


class Forced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a settlement did not wait: each thing that it went over, and why. Early and without anything waiting it may have no reason."""

    reason: str | None
    overrides: list[dict[str, Any]]


class Settlement(msgspec.Struct, frozen=True):
    """The one settlement of a campaign that stands; without a result while only the sheet is frozen.

    The salt is the secret behind the pseudonyms of the campaign's documents.
    """

    id: int
    campaign_id: int
    rules_version: int
    frozen_at: datetime
    skipped: list[dict[str, Any]]
    has_result: bool
    salt: bytes
    # Hashes of the campaign's results that were announced and set aside afterwards.
    withdrawn: list[str] = []
    forced: Forced | None = None


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it was frozen. Without a verified phone the person is empty."""

    post_id: int
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


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Who fills a place: of the result, or from the reserves."""

    place: int
    rank: int
    post_id: int
    account_id: int
    person: bytes
    score: str
    prizes: list[dict[str, Any]]


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes next."""

    position: int
    rank: int
    post_id: int
    account_id: int
    person: bytes
    score: str


class Candidate(msgspec.Struct, frozen=True):
    """Somebody in line, and what stands against a prize for them now."""

    reserve: Reserve
    obstacle: str | None


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has against a result, and whether it was answered."""

    id: ObjectionId
    campaign_id: int
    settlement_id: int
    account_id: int
    text: str
    answered_by: int | None
    answered_at: datetime | None
    remedy: Remedy | None
    winner_id: WinnerId | None


class UnclaimedPrize(msgspec.Struct, frozen=True):
    """A prize whose winner has given no details yet."""

    id: WinnerId
    campaign_id: int
    account_id: int
    claim_ends_at: datetime
    title: str


class Winner(msgspec.Struct, frozen=True, kw_only=True):
    """A filled place and what has become of it."""

    id: WinnerId
    campaign_id: int
    settlement_id: int
    place: int
    rank: int
    post_id: int
    account_id: int
    prizes: list[dict[str, Any]]
    state: WinnerState
    claim_ends_at: datetime | None
    state_reason: str | None = None
