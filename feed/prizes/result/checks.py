"""Verification of a result against its rules and sheet: one check for each value that can be computed again."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import get_args

import msgspec
from msgspec import UNSET, UnsetType

from feed.campaigns.model import Rules
from feed.campaigns.scoring.disclosure import LEAST_SHOWN, OTHER
from feed.campaigns.scoring.score import RankedEntry
from feed.ids import parse_id
from feed.keys import merkle as tree
from feed.keys.signatures import canonical
from feed.prizes.draw.drand import Chain
from feed.prizes.result.decision import reserve_lines, winner_lines
from feed.prizes.result.document import (
    NOT_ELIGIBLE,
    Outcome,
    PublicReason,
    ReserveLine,
    Row,
    Shape,
    WinnerLine,
    counts_of,
    entry_number,
    label_of,
    order_in_sheet,
    shape_of,
    six_decimals,
)
from feed.prizes.result.draw_section import DrawSection, check_draw_section
from feed.prizes.result.head_checks import check_head, check_members, check_rules, check_rules_hash, rules_of
from feed.prizes.result.problem import Problem
from feed.prizes.result.row_checks import check_row, check_row_members, contender_of
from feed.prizes.result.selection import Selection, select_by_draw, select_by_score


def check_result(result: Outcome, chains: Sequence[Chain]) -> Iterator[Problem]:
    """The problems of a result. Unreadable rules or rows end the verification, because nothing can be computed from them."""
    yield from check_rules_hash(result)
    unreadable = list(check_rules(result))
    yield from unreadable
    rules = rules_of(result)
    if unreadable or rules is None:
        return
    shape = shape_of(result.format, rules)
    yield from check_head(result, rules)
    misshapen = list(_check_all_members(result, shape))
    yield from misshapen
    if misshapen:
        return
    parsed = [contender_of(row, rules, shape) for row in result.sheet]
    contenders = [each for each in parsed if each is not None]
    if len(contenders) < len(parsed):
        yield from (Problem("spelling", f"sheet[{number}]") for number, each in enumerate(parsed) if each is None)
        return
    if len({entry_number(row) for row in result.sheet}) != len(result.sheet):
        yield Problem("entry_twice", "sheet")
    yield from _check_rows(result, contenders, rules, shape)
    yield from _check_tree(result)
    eligible = [each for each, row in zip(contenders, result.sheet, strict=True) if row.rank is not None]
    if (rules.method == "draw") is (result.draw is UNSET):
        yield Problem("draw_missing", "draw")
    elif result.draw is UNSET:
        yield from _check_selection(result, select_by_score(eligible, rules), shape)
    else:
        yield from _check_draw(result, result.draw, eligible, rules, shape, chains)


def _check_all_members(result: Outcome, shape: Shape) -> Iterator[Problem]:
    yield from check_members(result, shape)
    for number, row in enumerate(result.sheet):
        yield from check_row_members(row, shape, f"sheet[{number}]")


def _check_rows(result: Outcome, contenders: Sequence[RankedEntry], rules: Rules, shape: Shape) -> Iterator[Problem]:
    skipped = {str(entry.get(name)) for entry in result.skipped for name in ("post_id", "comment_id")}
    for number, (row, each) in enumerate(zip(result.sheet, contenders, strict=True)):
        where = f"sheet[{number}]"
        yield from check_row(row, each, rules, shape, where)
        if label_of(row) in skipped:
            yield Problem("judged_and_skipped", where)


def _check_tree(result: Outcome) -> Iterator[Problem]:
    if result.tree is UNSET:
        return
    root = tree.root_of(tree.levels_of(canonical(row) for row in result.sheet)).hex()
    if root != result.tree.root:
        yield Problem("tree", "tree.root", root)


def _check_draw(
    result: Outcome,
    section: DrawSection,
    eligible: Sequence[RankedEntry],
    rules: Rules,
    shape: Shape,
    chains: Sequence[Chain],
) -> Iterator[Problem]:
    pseudonyms = {entry_number(row): row.person for row in result.sheet}
    ranked = [pseudonyms[each.entry_id] for each in eligible]
    found = list(check_draw_section(section, rules, _id_of(result.campaign.id), ranked, chains))
    yield from found
    if shape.is_scored:
        yield from _check_zero_counts(result.sheet)
    # Without a valid seed and valid tickets no order can be computed.
    if not any(problem.code in ("spelling", "draw_list") or problem.where == "draw.seed" for problem in found):
        yield from _check_selection(result, select_by_draw(eligible, pseudonyms, section, rules), shape)


def _check_zero_counts(sheet: Sequence[Row]) -> Iterator[Problem]:
    zero = six_decimals(Decimal(0)), 0, 0
    for number, row in enumerate(sheet):
        if (row.quality, row.likes_counted, row.commenters_counted) != zero:
            yield Problem("draw_counts_nothing", f"sheet[{number}]")


def _check_selection(result: Outcome, selection: Selection, shape: Shape) -> Iterator[Problem]:
    """Whether ranks, order, sums, winners and reserves of the result are those of this selection."""
    for number, row in enumerate(result.sheet):
        expected = selection.ranks.get(entry_number(row))
        if row.rank is not None and row.rank != expected:
            yield Problem("rank", f"sheet[{number}].rank", str(expected))
    if list(result.sheet) != sorted(result.sheet, key=order_in_sheet):
        yield Problem("order", "sheet")
    yield from _check_counts(result, shape)
    rows = {entry_number(row): row for row in result.sheet}
    yield from _check_lines("winners", result.winners, winner_lines(selection, rows, result.campaign.rules, shape))
    yield from _check_lines("reserves", result.reserves, reserve_lines(selection, rows, shape))


def _check_counts(result: Outcome, shape: Shape) -> Iterator[Problem]:
    excluded = result.counts.excluded
    expected = counts_of(result.sheet, excluded, shape)
    if expected != result.counts or sum(excluded.values()) != expected.entries - expected.ranked:
        yield Problem("counts", "counts", str(msgspec.to_builtins(expected)))
    elif shape.is_second and not _fits(excluded, Counter(row.reason for row in result.sheet)):
        yield Problem("counts", "counts.excluded")


def _fits(excluded: Mapping[str, int], reasons: Mapping[PublicReason | UnsetType | None, int]) -> bool:
    """Whether the numbers by reason are those of the rows: exact where the reason is about the entry, and at most where not."""
    about_entries = {reason: reasons.get(reason, 0) for reason in get_args(PublicReason) if reason != NOT_ELIGIBLE}
    shown = {reason: count if count >= LEAST_SHOWN else 0 for reason, count in about_entries.items()}
    about_persons = sum(count for reason, count in excluded.items() if reason not in shown and reason != OTHER)
    return (
        all(excluded.get(reason, 0) == count for reason, count in shown.items())
        and all(count > 0 for count in excluded.values())
        and about_persons <= reasons.get(NOT_ELIGIBLE, 0)
    )


def _check_lines(
    name: str, found: Sequence[WinnerLine | ReserveLine], expected: Sequence[WinnerLine | ReserveLine]
) -> Iterator[Problem]:
    if len(found) != len(expected):
        yield Problem(name, name, f"{len(expected)}")
    for number, (stated, computed) in enumerate(zip(found, expected, strict=False)):
        if stated != computed:
            yield Problem(name, f"{name}[{number}]", label_of(computed))


def _id_of(text: str) -> int:
    """The campaign's id; 0, which no campaign has, if it is invalid."""
    number = parse_id(text)
    return number if number is not None and text == str(number) else 0
