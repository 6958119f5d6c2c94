"""The result document of a campaign: signed canonical JSON (RFC 8785) with everything that determines its winners.

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
from feed.campaigns.prize_places import prizes_of
from feed.campaigns.scoring.disclosure import disclosed
from feed.campaigns.scoring.score import RankedEntry
from feed.keys.signatures import Signature
from feed.prizes.draw import algorithm
from feed.prizes.draw.model import DrawInputs
from feed.prizes.model import Forced, Place, Reserve, Settlement, SheetRow
from feed.prizes.result.draw_section import DrawSection, build_draw_section
from feed.prizes.result.selection import Selection, contender, select_by_draw, select_by_score

FORMAT: Literal["feed-result-1"] = "feed-result-1"
_PSEUDONYM_BYTES = 16


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The campaign and the rules that were applied."""

    id: str
    title: str
    rules_version: int
    rules_sha256: str
    rules: dict[str, Any]


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the sheet; `excluded` has the number of entries that cannot win by reason code, small ones as `other`."""

    entries: int
    ranked: int
    persons: int
    likes_counted: int
    commenters_counted: int
    excluded: dict[str, int]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen entry with its score and rank under the rules. `rank` is None if it cannot win."""

    post_id: str
    person: str
    entered_at: str
    quality: str
    likes_counted: int
    commenters_counted: int
    score: str
    rank: int | None


class ReserveLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reserve, who moves up in order when a place becomes free."""

    rank: int
    post_id: str
    person: str
    score: str


class WinnerLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A winner and the prizes."""

    rank: int
    post_id: str
    person: str
    score: str
    prizes: list[dict[str, Any]]


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The unsigned result."""

    format: Literal["feed-result-1"]
    campaign: Campaign
    frozen_at: str
    counts: Counts
    skipped: list[dict[str, Any]]
    sheet: list[Row]
    winners: list[WinnerLine]
    reserves: list[ReserveLine]
    draw: DrawSection | UnsetType = UNSET
    # SHA-256 of the campaign's earlier results that were announced and then undone for an objection.
    withdrawn: list[str] | UnsetType = UNSET
    # What an editor did not wait for, and why.
    forced: Forced | UnsetType = UNSET


class Result(Outcome, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed result."""

    signature: Signature


class Decision(msgspec.Struct, frozen=True):
    """The outcome; for storage its places and reserves with the accounts behind the pseudonyms, and the rank of each entry by id."""

    outcome: Outcome
    places: list[Place]
    reserves: list[Reserve]
    ranks: dict[int, int]


def decide(
    settlement: Settlement,
    rows: Sequence[SheetRow],
    *,
    rules: Rules,
    document: dict[str, Any],
    sha256: str,
    draw_inputs: DrawInputs | None = None,
) -> Decision:
    """The result of a frozen sheet. Deterministic: the same inputs give the same bytes.

    `document` is the rules as published, `sha256` their hash. `draw_inputs` are required for a draw, with a beacon value.
    """
    scored = [_contender(row, rules) for row in rows]
    eligible = [each for each, row in zip(scored, rows, strict=True) if row.eligible]
    pseudonyms = {row.entry_id: _pseudonym_of(settlement, row) for row in rows}
    section = UNSET if draw_inputs is None else _draw_section(draw_inputs, settlement, rows, rules)
    if section is UNSET:
        selection = select_by_score(eligible, rules)
    else:
        selection = select_by_draw(eligible, pseudonyms, section, rules)
    sheet = [
        Row(
            post_id=str(row.entry_id),
            person=pseudonyms[row.entry_id],
            entered_at=time_text(row.entered_at),
            quality=six_decimals(row.quality),
            likes_counted=row.likes_counted,
            commenters_counted=row.commenters_counted,
            score=six_decimals(each.score),
            rank=selection.ranks.get(row.entry_id),
        )
        for each, row in zip(scored, rows, strict=True)
    ]
    outcome = Outcome(
        format=FORMAT,
        campaign=Campaign(str(settlement.campaign_id), rules.title, settlement.rules_version, sha256, document),
        frozen_at=time_text(settlement.frozen_at),
        counts=counts_of(sheet, _excluded(settlement, rows)),
        skipped=settlement.skipped,
        sheet=sorted(sheet, key=order_in_sheet),
        winners=[
            WinnerLine(*_line(each, selection, pseudonyms), prizes_of(document, place))
            for place, each in enumerate(selection.winners, 1)
        ],
        reserves=[ReserveLine(*_line(each, selection, pseudonyms)) for each in selection.reserves],
        draw=section,
        withdrawn=settlement.withdrawn or UNSET,
        forced=settlement.forced or UNSET,
    )
    by_entry = {row.entry_id: row for row in rows}
    return Decision(
        outcome,
        [
            Place(place=number, prizes=prizes_of(document, number), **_holder_fields(each, selection, by_entry))
            for number, each in enumerate(selection.winners, start=1)
        ],
        [
            Reserve(position=number, **_holder_fields(each, selection, by_entry))
            for number, each in enumerate(selection.reserves, start=1)
        ],
        selection.ranks,
    )


def with_attachments(document: bytes, amendments: Sequence[bytes], people: Mapping[str, str]) -> bytes:
    """The published form: the signed document plus its amendments, each signed itself, and the names of pseudonyms."""
    attached = b",".join(amendments)
    return document[:-1] + b',"amendments":[' + attached + b'],"people":' + msgspec.json.encode(people) + b"}"


def pseudonym(salt: bytes, person: bytes, account_id: int) -> str:
    """The pseudonym of a person: the same in all documents of one campaign, unrelated to those of other campaigns.

    Of an account without a verified phone, its own.
    """
    identity = b"person:" + person if person else b"account:%d" % account_id
    return hmac.digest(salt, identity, "sha256")[:_PSEUDONYM_BYTES].hex()


def _pseudonym_of(settlement: Settlement, row: SheetRow) -> str:
    """The pseudonym in a row: of the person where that shows that one person wins once, else of the account."""
    if row.eligible or not settlement.unlinked:
        return pseudonym(settlement.salt, row.person, row.account_id)
    return hmac.digest(settlement.salt, b"unranked:%d" % row.account_id, "sha256")[:_PSEUDONYM_BYTES].hex()


def _excluded(settlement: Settlement, rows: Sequence[SheetRow]) -> Mapping[str, int]:
    counts = Counter(row.reason_code for row in rows if row.reason_code is not None)
    return disclosed(counts, announced=True) if settlement.unlinked else counts


def tickets_of(settlement: Settlement, rows: Sequence[SheetRow]) -> list[bytes]:
    """The tickets of the eligible rows, in the order of the list."""
    return algorithm.tickets_of(pseudonym(settlement.salt, row.person, row.account_id) for row in rows if row.eligible)


def counts_of(sheet: Sequence[Row], excluded: Mapping[str, int]) -> Counts:
    """The sums over these rows, with `excluded` as given."""
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
    """Sort key of the sheet: by rank, then rows without one by post id."""
    return (row.rank is None, row.rank or 0, int(row.post_id))


def six_decimals(value: Decimal) -> str:
    """A mark or a score in the format of documents."""
    return f"{value:.6f}"


def _draw_section(inputs: DrawInputs, settlement: Settlement, rows: Sequence[SheetRow], rules: Rules) -> DrawSection:
    entered_by = (inputs.draw.beacon.entered_by if inputs.draw.beacon is not None else None) or ()
    editors = {*entered_by, *(editor for number in inputs.numbers for editor in number.entered_by)}
    editor_pseudonyms = {editor: pseudonym(settlement.salt, b"", editor) for editor in editors}
    return build_draw_section(inputs, rules, editor_pseudonyms, eligible=tickets_of(settlement, rows))


def _contender(row: SheetRow, rules: Rules) -> RankedEntry:
    return contender(
        row.entry_id,
        person=row.person,
        entered_at=row.entered_at,
        quality=row.quality,
        likes=row.likes_counted,
        commenters=row.commenters_counted,
        rules=rules,
    )


def _line(each: RankedEntry, selection: Selection, pseudonyms: Mapping[int, str]) -> tuple[int, str, str, str]:
    return selection.ranks[each.entry_id], str(each.entry_id), pseudonyms[each.entry_id], six_decimals(each.score)


def _holder_fields(each: RankedEntry, selection: Selection, rows: Mapping[int, SheetRow]) -> dict[str, Any]:
    return {
        "rank": selection.ranks[each.entry_id],
        "post_id": rows[each.entry_id].post_id,
        "comment_id": rows[each.entry_id].comment_id,
        "account_id": rows[each.entry_id].account_id,
        "person": each.person,
        "score": six_decimals(each.score),
    }
