"""The result document of a campaign: signed canonical JSON (RFC 8785) with everything that determines its winners.

Two formats are verified, and settlements that are frozen now are written in the second. In the first the signature covers the
whole document without `signature`, `amendments` and `people`. In the second it does not cover `sheet` either, but `tree`, whose
root is computed from the rows: so a row can be shown to belong to a result without the other rows.
"""

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from feed.campaigns.entries.void_store import EngagementKind
from feed.campaigns.model import Rules
from feed.campaigns.scoring.disclosure import disclosed
from feed.keys.signatures import Signature
from feed.prizes.model import Forced
from feed.prizes.result.draw_section import DrawSection

Format = Literal["feed-result-1", "feed-result-2"]
FORMATS: dict[int, Format] = {1: "feed-result-1", 2: "feed-result-2"}
# Why an entry cannot win, as the public document says it: what is about its author is one code, because a row leads to a person.
PublicReason = Literal[
    "withdrawn", "removed", "rejected", "disqualified", "topic_edited_out", "media_missing", "not_eligible"
]
NOT_ELIGIBLE: Literal["not_eligible"] = "not_eligible"
_ABOUT_ENTRIES = frozenset(get_args(PublicReason)) - {NOT_ELIGIBLE}
# What the signature of a result does not cover, by format, besides what is attached later.
_UNSIGNED: dict[Format, tuple[str, ...]] = {"feed-result-1": (), "feed-result-2": ("sheet",)}
# What names an entry in the document, by what enters the campaign.
_NAMED_BY: dict[str, Literal["post_id", "comment_id"] | None] = {
    "post": "post_id",
    "comment": "comment_id",
    "like": None,
}
_PSEUDONYM_BYTES = 16


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The campaign and the rules that were applied."""

    id: str
    title: str
    rules_version: int
    rules_sha256: str
    rules: dict[str, Any]


class Counts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sums over the sheet; `excluded` has the number of entries that cannot win by reason code, small ones as `other`.

    In a draw of the second format likes and commenters are absent.
    """

    entries: int
    ranked: int
    persons: int
    likes_counted: int | UnsetType = UNSET
    commenters_counted: int | UnsetType = UNSET
    excluded: dict[str, int]


class MarkLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mark that counts: the juror's pseudonym, the score, and if the rules have criteria the scores in their order."""

    juror: str
    score: str
    scores: list[str] | UnsetType = UNSET


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen entry with its score and rank under the rules. `rank` is null if it cannot win; `reason` is why.

    A draw of the second format has no marks, counts and scores; the first format has no reasons and no marks.
    """

    post_id: str | UnsetType = UNSET
    comment_id: str | UnsetType = UNSET
    person: str
    entered_at: str
    quality: str | UnsetType = UNSET
    likes_counted: int | UnsetType = UNSET
    commenters_counted: int | UnsetType = UNSET
    score: str | UnsetType = UNSET
    rank: int | None
    reason: PublicReason | UnsetType | None = UNSET
    marks: list[MarkLine] | UnsetType = UNSET


class ReserveLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reserve, who moves up in order when a place becomes free. `score` is absent in a draw of the second format."""

    rank: int
    post_id: str | UnsetType = UNSET
    comment_id: str | UnsetType = UNSET
    person: str
    score: str | UnsetType = UNSET


class WinnerLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A winner and the prizes of the place. `place` is absent in the first format, where it is the position in the list."""

    place: int | UnsetType = UNSET
    rank: int
    post_id: str | UnsetType = UNSET
    comment_id: str | UnsetType = UNSET
    person: str
    score: str | UnsetType = UNSET
    prizes: list[dict[str, Any]]


class VoidLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many voids of likes or comments were in force at the freeze for a reason; small numbers are one sum, `other`."""

    kind: EngagementKind
    reason_code: str
    count: int


class TreeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Merkle tree over the rows in the order of the sheet; `root` in hexadecimal."""

    algorithm: Literal["rfc6962-sha256"]
    size: int
    root: str


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The result without its rows."""

    format: Format
    campaign: Campaign
    frozen_at: str
    counts: Counts
    skipped: list[dict[str, Any]]
    winners: list[WinnerLine]
    reserves: list[ReserveLine]
    draw: DrawSection | UnsetType = UNSET
    # Both from the second format on.
    tree: TreeLine | UnsetType = UNSET
    voids: list[VoidLine] | UnsetType = UNSET
    # SHA-256 of the campaign's earlier results that were announced and then undone for an objection.
    withdrawn: list[str] | UnsetType = UNSET
    # What an editor did not wait for, and why.
    forced: Forced | UnsetType = UNSET


class SignedHead(Head, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed part of a result of the second format, with its signature."""

    signature: Signature


class Outcome(Head, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The unsigned result."""

    sheet: list[Row]


class Result(Outcome, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed result."""

    signature: Signature


class Shape(msgspec.Struct, frozen=True):
    """Which members rows, winners and reserves have, besides those that they always have."""

    # The member with the id of what a row is about; None for entries without one, found by `person`.
    entry_id: Literal["post_id", "comment_id"] | None
    # Whether quality, counts and score are stated: they are not in a draw of the second format.
    is_scored: bool
    is_second: bool

    @property
    def of_row(self) -> frozenset[str]:
        """The optional members of a row."""
        scored = {"quality", "likes_counted", "commenters_counted", "score"} if self.is_scored else set()
        new = {"reason"} | ({"marks"} if self.is_scored else set()) if self.is_second else set()
        return frozenset(self._id | scored | new)

    @property
    def of_reserve(self) -> frozenset[str]:
        """The optional members of a reserve, or of the holder of a place."""
        return frozenset(self._id | ({"score"} if self.is_scored else set()))

    @property
    def of_winner(self) -> frozenset[str]:
        """The optional members of a winner."""
        return self.of_reserve | ({"place"} if self.is_second else set())

    @property
    def of_counts(self) -> frozenset[str]:
        """The optional members of `counts`."""
        return frozenset({"likes_counted", "commenters_counted"} if self.is_scored else ())

    @property
    def _id(self) -> set[str]:
        return set() if self.entry_id is None else {self.entry_id}


def shape_of(format_: Format, rules: Rules) -> Shape:
    """The shape of a result in this format under these rules."""
    is_second = format_ == "feed-result-2"
    return Shape(_NAMED_BY[rules.entry_by], is_scored=not is_second or rules.method != "draw", is_second=is_second)


def unsigned_members(format_: Format) -> tuple[str, ...]:
    """The members of a result that its signature does not cover, besides the signature and what is attached later."""
    return _UNSIGNED[format_]


def public_reason(code: str | None) -> PublicReason | None:
    """The public code of a reason why an entry cannot win; None for None."""
    if code is None:
        return None
    reason: PublicReason = msgspec.convert(code, PublicReason) if code in _ABOUT_ENTRIES else NOT_ELIGIBLE
    return reason


def excluded_of(reason_codes: Sequence[str]) -> dict[str, int]:
    """The published numbers of entries that cannot win by reason."""
    return disclosed(Counter(reason_codes), announced=True)


def voids_of(counts: Sequence[VoidLine]) -> list[VoidLine]:
    """The published numbers of voids, by kind and reason: small ones of a kind are one sum at its end."""
    return [
        VoidLine(kind, reason, count)
        for kind in get_args(EngagementKind)
        for reason, count in disclosed(
            {each.reason_code: each.count for each in counts if each.kind == kind}, announced=True
        ).items()
    ]


def with_attachments(document: bytes, amendments: Sequence[bytes], people: Mapping[str, str]) -> bytes:
    """The published form: the signed document plus its amendments, each signed itself, and the names of pseudonyms."""
    attached = b",".join(amendments)
    return document[:-1] + b',"amendments":[' + attached + b'],"people":' + msgspec.json.encode(people) + b"}"


def pseudonym(salt: bytes, person: bytes, account_id: int) -> str:
    """The pseudonym of a person: the same in all documents of one campaign, unrelated to those of other campaigns.

    Of an account without a verified phone, its own.
    """
    return _hidden(salt, b"person:" + person if person else b"account:%d" % account_id)


def account_pseudonym(salt: bytes, account_id: int) -> str:
    """The pseudonym in a row that cannot win: of the account, so that it does not show which accounts are one person's."""
    return _hidden(salt, b"unranked:%d" % account_id)


def juror_pseudonym(salt: bytes, account_id: int) -> str:
    """The pseudonym of a juror, unrelated to the person's pseudonym as an author."""
    return _hidden(salt, b"juror:%d" % account_id)


def counts_of(sheet: Sequence[Row], excluded: Mapping[str, int], shape: Shape) -> Counts:
    """The sums over these rows, with `excluded` as given."""
    ranked = [row for row in sheet if row.rank is not None]
    sums = {name: sum(getattr(row, name) for row in sheet) for name in shape.of_counts}
    return Counts(
        entries=len(sheet),
        ranked=len(ranked),
        persons=len({row.person for row in ranked}),
        excluded=dict(excluded),
        **sums,
    )


def order_in_sheet(row: Row) -> tuple[bool, int, int]:
    """Sort key of the sheet: by rank, then rows without one by the number of their entry."""
    return (row.rank is None, row.rank or 0, entry_number(row))


def entry_number(line: Row | WinnerLine | ReserveLine) -> int:
    """What tells entries of a result apart: the id of the post or comment, else the person's pseudonym as a number.

    Raises ValueError for an invalid one.
    """
    for id_ in (line.post_id, line.comment_id):
        if id_ is not UNSET:
            return int(id_)
    return int(line.person, 16)


def label_of(line: Any) -> str:
    """What names the entry of a row, winner, reserve or holder in messages: its id, else the person's pseudonym."""
    name: str = next((id_ for id_ in (line.post_id, line.comment_id) if id_ is not UNSET), line.person)
    return name


def six_decimals(value: Decimal) -> str:
    """A mark or a score in the format of documents."""
    return f"{value:.6f}"


def _hidden(salt: bytes, identity: bytes) -> str:
    return hmac.digest(salt, identity, "sha256")[:_PSEUDONYM_BYTES].hex()
