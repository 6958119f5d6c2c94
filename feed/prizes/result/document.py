"""The result of a campaign as one document that holds everything its winners follow from. Canonical JSON (RFC 8785), signed.

The signature covers the canonical form of the document without `signature`, `amendments` and `people`.
"""

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from feed.campaigns.model import Rules, time_text
from feed.campaigns.scoring.score import RankedEntry
from feed.keys.signatures import Signature
from feed.prizes.draw import algorithm as draw
from feed.prizes.draw.model import DrawInputs
from feed.prizes.model import Forced, Place, Reserve, Settlement, SheetRow
from feed.prizes.result import draw_section as drawn
from feed.prizes.result.draw_section import DrawSection
from feed.prizes.result.selection import Selection, contender, select_by_draw, select_by_score

FORMAT: Literal["feed-result-1"] = "feed-result-1"
_PSEUDONYM_BYTES = 16


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which campaign, and the rules that were executed."""

    id: str
    title: str
    rules_version: int
    rules_sha256: str
    rules: dict[str, Any]


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the sheet; `excluded` has the entries that cannot win by the reason why."""

    entries: int
    ranked: int
    persons: int
    likes_counted: int
    commenters_counted: int
    excluded: dict[str, int]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry as it was frozen, and what the rules make of it. Without a rank it cannot win."""

    post_id: str
    person: str
    entered_at: str
    quality: str
    likes_counted: int
    commenters_counted: int
    score: str
    rank: int | None


class ReserveLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who moves up when a prize is not taken, in this order."""

    rank: int
    post_id: str
    person: str
    score: str


class WinnerLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wins, and what."""

    rank: int
    post_id: str
    person: str
    score: str
    prizes: list[dict[str, Any]]


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed."""

    format: Literal["feed-result-1"]
    campaign: Campaign
    frozen_at: str
    counts: Counts
    skipped: list[dict[str, Any]]
    sheet: list[Row]
    winners: list[WinnerLine]
    reserves: list[ReserveLine]
    draw: DrawSection | UnsetType = UNSET
    # Hashes of the campaign's results that were announced and then set aside for an objection.
    withdrawn: list[str] | UnsetType = UNSET
    # That an editor did not wait, for what, and why.
    forced: Forced | UnsetType = UNSET


class Result(Outcome, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An outcome and its signature."""

    signature: Signature


class Decision(msgspec.Struct, frozen=True):
    """The outcome, and the places and reserves that are kept with the accounts behind the pseudonyms."""

    outcome: Outcome
    places: list[Place]
    reserves: list[Reserve]


def decide(
    settlement: Settlement,
    rows: Sequence[SheetRow],
    *,
    rules: Rules,
    document: dict[str, Any],
    sha256: str,
    lots: DrawInputs | None = None,
) -> Decision:
    """The result of a frozen sheet: the same bytes whenever and wherever it is worked out.

    `document` is the rules as they were published, `sha256` their hash. A draw has `lots`, and their value is there.
    """
    scored = [_contender(row, rules) for row in rows]
    able = [each for each, row in zip(scored, rows, strict=True) if row.eligible]
    pseudonyms = {row.post_id: pseudonym(settlement.salt, row.person, row.account_id) for row in rows}
    draws = UNSET if lots is None else _drawn(lots, settlement, rows, rules)
    selection = select_by_score(able, rules) if draws is UNSET else select_by_draw(able, pseudonyms, draws, rules)
    won = prizes_of(document)
    sheet = [
        Row(
            post_id=str(row.post_id),
            person=pseudonyms[row.post_id],
            entered_at=time_text(row.entered_at),
            quality=six_decimals(row.quality),
            likes_counted=row.likes_counted,
            commenters_counted=row.commenters_counted,
            score=six_decimals(each.score),
            rank=selection.ranks.get(row.post_id),
        )
        for each, row in zip(scored, rows, strict=True)
    ]
    outcome = Outcome(
        format=FORMAT,
        campaign=Campaign(str(settlement.campaign_id), rules.title, settlement.rules_version, sha256, document),
        frozen_at=time_text(settlement.frozen_at),
        counts=counts_of(sheet, Counter(row.reason_code for row in rows if row.reason_code is not None)),
        skipped=settlement.skipped,
        sheet=sorted(sheet, key=order_in_sheet),
        winners=[WinnerLine(*_line(each, selection, pseudonyms), won) for each in selection.winners],
        reserves=[ReserveLine(*_line(each, selection, pseudonyms)) for each in selection.reserves],
        draw=draws,
        withdrawn=settlement.withdrawn or UNSET,
        forced=settlement.forced or UNSET,
    )
    by_post = {row.post_id: row for row in rows}
    return Decision(
        outcome,
        [
            Place(place=number, prizes=won, **_kept(each, selection, by_post))
            for number, each in enumerate(selection.winners, start=1)
        ],
        [
            Reserve(position=number, **_kept(each, selection, by_post))
            for number, each in enumerate(selection.reserves, start=1)
        ],
    )


def published(document: bytes, amendments: Sequence[bytes], people: Mapping[str, str]) -> bytes:
    """The signed bytes, and joined to them the amendments, each signed by itself, and the names of pseudonyms."""
    joined = b",".join(amendments)
    return document[:-1] + b',"amendments":[' + joined + b'],"people":' + msgspec.json.encode(people) + b"}"


def pseudonym(salt: bytes, person: bytes, account_id: int) -> str:
    """The same person in one campaign's documents; in another campaign, or without the salt, somebody unknown."""
    who = b"person:" + person if person else b"account:%d" % account_id
    return hmac.digest(salt, who, "sha256")[:_PSEUDONYM_BYTES].hex()


def tickets_of(settlement: Settlement, rows: Sequence[SheetRow]) -> list[bytes]:
    """The tickets of those of these rows that may win, in the order of the list."""
    return draw.tickets_of(pseudonym(settlement.salt, row.person, row.account_id) for row in rows if row.eligible)


def prizes_of(rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each winner gets, of a rules document."""
    return [
        {name: value for name, value in prize.items() if name != "image_media_id"} for prize in rules.get("prizes", ())
    ]


def counts_of(sheet: Sequence[Row], excluded: Mapping[str, int]) -> Counts:
    """The sums over these rows."""
    ranked = [row for row in sheet if row.rank is not None]
    return Counts(
        entries=len(sheet),
        ranked=len(ranked),
        persons=len({row.person for row in ranked}),
        likes_counted=sum(row.likes_counted for row in sheet),
        commenters_counted=sum(row.commenters_counted for row in sheet),
        excluded=dict(excluded),
    )


def order_in_sheet(row: Row) -> tuple[bool, int, int]:
    """By rank; behind them those without one, the oldest first."""
    return (row.rank is None, row.rank or 0, int(row.post_id))


def six_decimals(value: Decimal) -> str:
    """A mark or a score as documents spell it."""
    return f"{value:.6f}"


def _drawn(lots: DrawInputs, settlement: Settlement, rows: Sequence[SheetRow], rules: Rules) -> DrawSection:
    entered = (lots.draw.beacon.entered_by if lots.draw.beacon is not None else None) or ()
    editors = {*entered, *(editor for number in lots.numbers for editor in number.entered_by)}
    names = {editor: pseudonym(settlement.salt, b"", editor) for editor in editors}
    return drawn.build_draw_section(lots, rules, names, able=tickets_of(settlement, rows))


def _contender(row: SheetRow, rules: Rules) -> RankedEntry:
    return contender(
        row.post_id,
        person=row.person,
        entered_at=row.entered_at,
        quality=row.quality,
        likes=row.likes_counted,
        commenters=row.commenters_counted,
        rules=rules,
    )


def _line(each: RankedEntry, selection: Selection, pseudonyms: Mapping[int, str]) -> tuple[int, str, str, str]:
    return selection.ranks[each.post_id], str(each.post_id), pseudonyms[each.post_id], six_decimals(each.score)


def _kept(each: RankedEntry, selection: Selection, rows: Mapping[int, SheetRow]) -> dict[str, Any]:
    return {
        "rank": selection.ranks[each.post_id],
        "post_id": each.post_id,
        "account_id": rows[each.post_id].account_id,
        "person": each.person,
        "score": six_decimals(each.score),
    }
