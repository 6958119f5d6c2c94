"""The decision of a settlement: its result, computed from the frozen sheet, with the accounts behind the pseudonyms. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from feed.campaigns.model import Rules, time_text
from feed.campaigns.prize_places import prizes_of
from feed.campaigns.scoring.score import RankedEntry
from feed.keys import merkle as tree
from feed.keys.signatures import canonical
from feed.prizes.draw import algorithm
from feed.prizes.draw.model import DrawInputs
from feed.prizes.model import Place, Reserve, Settlement, SheetRow
from feed.prizes.result.document import (
    FORMATS,
    Campaign,
    MarkLine,
    Outcome,
    ReserveLine,
    Row,
    Shape,
    TreeLine,
    VoidLine,
    WinnerLine,
    account_pseudonym,
    counts_of,
    excluded_of,
    juror_pseudonym,
    order_in_sheet,
    pseudonym,
    public_reason,
    shape_of,
    six_decimals,
    voids_of,
)
from feed.prizes.result.draw_section import DrawSection, build_draw_section
from feed.prizes.result.selection import Selection, contender, select_by_draw, select_by_score


class PublishedRow(msgspec.Struct, frozen=True):
    """A row as it is published, in canonical form, with what it is found by."""

    entry_id: int
    account_id: int
    document: bytes


class Decision(msgspec.Struct, frozen=True):
    """The outcome, and its places and reserves with the accounts behind the pseudonyms, for storage.

    `rows` in the order of the sheet and `levels` of the tree over them are empty in the first format.
    """

    outcome: Outcome
    places: list[Place]
    reserves: list[Reserve]
    ranks: dict[int, int]
    rows: list[PublishedRow]
    levels: list[bytes]


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
    format_ = FORMATS[settlement.format]
    shape = shape_of(format_, rules)
    scored = [_contender(row, rules) for row in rows]
    eligible = [each for each, row in zip(scored, rows, strict=True) if row.eligible]
    pseudonyms = {row.entry_id: _pseudonym_of(settlement, row) for row in rows}
    section = UNSET if draw_inputs is None else _draw_section(draw_inputs, settlement, rows, rules)
    if section is UNSET:
        selection = select_by_score(eligible, rules)
    else:
        selection = select_by_draw(eligible, pseudonyms, section, rules)
    stated = [
        (_row(row, each, pseudonyms[row.entry_id], selection.ranks.get(row.entry_id), settlement.salt, shape), row)
        for each, row in zip(scored, rows, strict=True)
    ]
    stated.sort(key=lambda each: order_in_sheet(each[0]))
    sheet = [line for line, _ in stated]
    published, levels = _with_tree(stated) if shape.is_second else ([], [])
    outcome = Outcome(
        format=format_,
        campaign=Campaign(str(settlement.campaign_id), rules.title, settlement.rules_version, sha256, document),
        frozen_at=time_text(settlement.frozen_at),
        counts=counts_of(sheet, _excluded(settlement, rows), shape),
        skipped=settlement.skipped,
        sheet=sheet,
        winners=winner_lines(selection, {row.entry_id: line for line, row in stated}, document, shape),
        reserves=reserve_lines(selection, {row.entry_id: line for line, row in stated}, shape),
        draw=section,
        tree=_tree_line(len(sheet), levels) if shape.is_second else UNSET,
        voids=voids_of(msgspec.convert(settlement.voids, list[VoidLine])) if shape.is_second else UNSET,
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
        published,
        [b"".join(level) for level in levels],
    )


def winner_lines(
    selection: Selection, rows: Mapping[int, Row], document: Mapping[str, Any], shape: Shape
) -> list[WinnerLine]:
    """The winners of a selection by place, `rows` by the number of their entry, under a rules document."""
    return [
        WinnerLine(
            place=place if shape.is_second else UNSET,
            rank=selection.ranks[each.entry_id],
            prizes=prizes_of(document, place),
            **_holder_line(rows[each.entry_id], each, shape),
        )
        for place, each in enumerate(selection.winners, start=1)
    ]


def reserve_lines(selection: Selection, rows: Mapping[int, Row], shape: Shape) -> list[ReserveLine]:
    """The reserves of a selection in order, `rows` by the number of their entry."""
    return [
        ReserveLine(rank=selection.ranks[each.entry_id], **_holder_line(rows[each.entry_id], each, shape))
        for each in selection.reserves
    ]


def tickets_of(settlement: Settlement, rows: Sequence[SheetRow]) -> list[bytes]:
    """The tickets of the eligible rows, in the order of the list."""
    return algorithm.tickets_of(pseudonym(settlement.salt, row.person, row.account_id) for row in rows if row.eligible)


def _row(row: SheetRow, each: RankedEntry, person: str, rank: int | None, salt: bytes, shape: Shape) -> Row:
    def scored(value: Any) -> Any:
        return value if shape.is_scored else UNSET

    return Row(
        post_id=UNSET if row.post_id is None else str(row.post_id),
        comment_id=UNSET if row.comment_id is None else str(row.comment_id),
        person=person,
        entered_at=time_text(row.entered_at),
        quality=scored(six_decimals(row.quality)),
        likes_counted=scored(row.likes_counted),
        commenters_counted=scored(row.commenters_counted),
        score=scored(six_decimals(each.score)),
        rank=rank,
        reason=public_reason(row.reason_code) if shape.is_second else UNSET,
        marks=scored(_marks(row, salt)) if shape.is_second else UNSET,
    )


def _marks(row: SheetRow, salt: bytes) -> list[MarkLine]:
    """The marks of an entry. Ordered by pseudonym, so that the order tells nothing about the accounts."""
    lines = [
        MarkLine(juror_pseudonym(salt, each.juror_id), each.score, UNSET if each.scores is None else each.scores)
        for each in row.marks
    ]
    return sorted(lines, key=lambda line: line.juror)


def _with_tree(stated: Sequence[tuple[Row, SheetRow]]) -> tuple[list[PublishedRow], list[list[bytes]]]:
    published = [PublishedRow(row.entry_id, row.account_id, canonical(line)) for line, row in stated]
    return published, tree.levels_of(each.document for each in published)


def _tree_line(size: int, levels: Sequence[Sequence[bytes]]) -> TreeLine:
    return TreeLine(tree.ALGORITHM, size, tree.root_of(levels).hex())


def _pseudonym_of(settlement: Settlement, row: SheetRow) -> str:
    """The pseudonym in a row: of the person where that shows that one person wins once, else of the account."""
    if row.eligible or not settlement.unlinked:
        return pseudonym(settlement.salt, row.person, row.account_id)
    return account_pseudonym(settlement.salt, row.account_id)


def _excluded(settlement: Settlement, rows: Sequence[SheetRow]) -> Mapping[str, int]:
    codes = [row.reason_code for row in rows if row.reason_code is not None]
    return excluded_of(codes) if settlement.unlinked else Counter(codes)


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


def _holder_line(row: Row, each: RankedEntry, shape: Shape) -> dict[str, Any]:
    score = six_decimals(each.score) if shape.is_scored else UNSET
    return {"post_id": row.post_id, "comment_id": row.comment_id, "person": row.person, "score": score}


def _holder_fields(each: RankedEntry, selection: Selection, rows: Mapping[int, SheetRow]) -> dict[str, Any]:
    return {
        "rank": selection.ranks[each.entry_id],
        "post_id": rows[each.entry_id].post_id,
        "comment_id": rows[each.entry_id].comment_id,
        "account_id": rows[each.entry_id].account_id,
        "person": each.person,
        "score": six_decimals(each.score),
    }
