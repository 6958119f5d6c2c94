"""Verification of a result against its rules and sheet: one check for each value that can be computed again."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec
from msgspec import UNSET

from feed.campaigns.model import FREEZE_AFTER, Rules, parse_time, rules_sha256
from feed.campaigns.prize_places import prizes_of
from feed.campaigns.rules.validation import value_problems
from feed.campaigns.scoring.score import RankedEntry
from feed.decoding import convert
from feed.ids import parse_id
from feed.numbers import parse_decimal
from feed.prizes.draw.drand import Chain
from feed.prizes.result.document import (
    Campaign,
    Outcome,
    ReserveLine,
    Row,
    WinnerLine,
    counts_of,
    order_in_sheet,
    six_decimals,
)
from feed.prizes.result.draw_section import DrawSection, check_draw_section
from feed.prizes.result.problem import Problem
from feed.prizes.result.selection import Selection, contender, select_by_draw, select_by_score


def check_result(result: Outcome, chains: Sequence[Chain]) -> Iterator[Problem]:
    """The problems of a result. Unreadable rules or rows end the verification, because nothing can be computed from them."""
    yield from _check_rules_hash(result.campaign)
    unreadable = list(_check_rules(result.campaign))
    yield from unreadable
    rules = rules_of(result)
    if unreadable or rules is None:
        return
    yield from _check_title(result.campaign, rules)
    yield from _check_frozen_at(result, rules)
    yield from _check_withdrawn(result)
    yield from _check_forced(result)
    parsed = [_contender(row, rules) for row in result.sheet]
    contenders = [each for each in parsed if each is not None]
    if len(contenders) < len(parsed):
        yield from (Problem("spelling", f"sheet[{number}]") for number, each in enumerate(parsed) if each is None)
        return
    yield from _check_entries_once(result.sheet)
    yield from _check_rows(result, contenders, rules)
    eligible = [each for each, row in zip(contenders, result.sheet, strict=True) if row.rank is not None]
    if (rules.method == "draw") is (result.draw is UNSET):
        yield Problem("draw_missing", "draw")
    elif result.draw is UNSET:
        yield from _check_selection(result, select_by_score(eligible, rules))
    else:
        yield from _check_draw(result, result.draw, eligible, rules, chains)


def rules_of(result: Outcome) -> Rules | None:
    """The rules of the result; None if they cannot be read."""
    try:
        return convert(result.campaign.rules, Rules)
    except msgspec.MsgspecError:
        return None


def _check_rules_hash(campaign: Campaign) -> Iterator[Problem]:
    expected = rules_sha256(campaign.rules)
    if expected != campaign.rules_sha256:
        yield Problem("rules_hash", "campaign.rules_sha256", expected)


def _check_rules(campaign: Campaign) -> Iterator[Problem]:
    try:
        rules = convert(campaign.rules, Rules)
    except msgspec.MsgspecError as error:
        yield Problem("rules_unreadable", "campaign.rules", str(error))
        return
    yield from (Problem("rules_unreadable", f"campaign.rules.{error.field}") for error in value_problems(rules))


def _check_title(campaign: Campaign, rules: Rules) -> Iterator[Problem]:
    if rules.title != campaign.title:
        yield Problem("title", "campaign.title", rules.title)


def _check_frozen_at(result: Outcome, rules: Rules) -> Iterator[Problem]:
    try:
        if parse_time(result.frozen_at) < rules.ends_at + FREEZE_AFTER:
            yield Problem("frozen_too_early", "frozen_at")
    except ValueError:
        yield Problem("spelling", "frozen_at")


def _check_withdrawn(result: Outcome) -> Iterator[Problem]:
    """Distinct SHA-256 in hexadecimal; an empty list has to be absent."""
    if result.withdrawn is UNSET:
        return
    hashes = result.withdrawn
    are_hashes = all(len(text) == 64 and set(text) <= set("0123456789abcdef") for text in hashes)
    if not hashes or not are_hashes or len(set(hashes)) != len(hashes):
        yield Problem("spelling", "withdrawn")


def _check_forced(result: Outcome) -> Iterator[Problem]:
    if result.forced is not UNSET and not result.forced.overrides:
        yield Problem("spelling", "forced")


def _check_entries_once(sheet: Sequence[Row]) -> Iterator[Problem]:
    if len({row.post_id for row in sheet}) != len(sheet):
        yield Problem("entry_twice", "sheet")


def _check_rows(result: Outcome, contenders: Sequence[RankedEntry], rules: Rules) -> Iterator[Problem]:
    skipped = {str(entry.get("post_id")) for entry in result.skipped}
    for number, (row, each) in enumerate(zip(result.sheet, contenders, strict=True)):
        where = f"sheet[{number}]"
        if not rules.starts_at <= each.entered_at < rules.ends_at:
            yield Problem("outside_of_the_period", f"{where}.entered_at")
        if row.score != six_decimals(each.score):
            yield Problem("score", f"{where}.score", six_decimals(each.score))
        if row.post_id in skipped:
            yield Problem("judged_and_skipped", where)


def _check_draw(
    result: Outcome, section: DrawSection, eligible: Sequence[RankedEntry], rules: Rules, chains: Sequence[Chain]
) -> Iterator[Problem]:
    pseudonyms = {int(row.post_id): row.person for row in result.sheet}
    ranked = [pseudonyms[each.entry_id] for each in eligible]
    found = list(check_draw_section(section, rules, _id_of(result.campaign.id), ranked, chains))
    yield from found
    yield from _check_zero_counts(result.sheet)
    # Without a valid seed and valid tickets no order can be computed.
    if not any(problem.code in ("spelling", "draw_list") or problem.where == "draw.seed" for problem in found):
        yield from _check_selection(result, select_by_draw(eligible, pseudonyms, section, rules))


def _check_zero_counts(sheet: Sequence[Row]) -> Iterator[Problem]:
    zero = six_decimals(Decimal(0)), 0, 0
    for number, row in enumerate(sheet):
        if (row.quality, row.likes_counted, row.commenters_counted) != zero:
            yield Problem("draw_counts_nothing", f"sheet[{number}]")


def _check_selection(result: Outcome, selection: Selection) -> Iterator[Problem]:
    """Whether ranks, order, sums, winners and reserves of the result are those of this selection."""
    yield from _check_ranks(result.sheet, selection)
    yield from _check_order(result.sheet)
    yield from _check_counts(result)
    rows = {row.post_id: row for row in result.sheet}
    winners = [
        WinnerLine(*_line(each, selection, rows), prizes_of(result.campaign.rules, place))
        for place, each in enumerate(selection.winners, 1)
    ]
    yield from _check_lines("winners", result.winners, winners)
    reserves = [ReserveLine(*_line(each, selection, rows)) for each in selection.reserves]
    yield from _check_lines("reserves", result.reserves, reserves)


def _check_ranks(sheet: Sequence[Row], selection: Selection) -> Iterator[Problem]:
    for number, row in enumerate(sheet):
        expected = selection.ranks.get(int(row.post_id))
        if row.rank is not None and row.rank != expected:
            yield Problem("rank", f"sheet[{number}].rank", str(expected))


def _check_order(sheet: Sequence[Row]) -> Iterator[Problem]:
    if list(sheet) != sorted(sheet, key=order_in_sheet):
        yield Problem("order", "sheet")


def _check_counts(result: Outcome) -> Iterator[Problem]:
    excluded = result.counts.excluded
    expected = counts_of(result.sheet, excluded)
    if expected != result.counts or sum(excluded.values()) != expected.entries - expected.ranked:
        yield Problem("counts", "counts", str(msgspec.to_builtins(expected)))


def _check_lines(
    name: str, found: Sequence[WinnerLine | ReserveLine], expected: Sequence[WinnerLine | ReserveLine]
) -> Iterator[Problem]:
    if len(found) != len(expected):
        yield Problem(name, name, f"{len(expected)}")
    for number, (stated, computed) in enumerate(zip(found, expected, strict=False)):
        if stated != computed:
            yield Problem(name, f"{name}[{number}]", computed.post_id)


def _id_of(text: str) -> int:
    """The campaign's id; 0, which no campaign has, if it is invalid."""
    number = parse_id(text)
    return number if number is not None and text == str(number) else 0


def _line(each: RankedEntry, selection: Selection, rows: dict[str, Row]) -> tuple[int, str, str, str]:
    post_id = str(each.entry_id)
    return selection.ranks[each.entry_id], post_id, rows[post_id].person, six_decimals(each.score)


def _contender(row: Row, rules: Rules) -> RankedEntry | None:
    """The row as an entry with its score; None if a value is not in the format of results."""
    try:
        quality, post_id, entered_at = parse_decimal(row.quality), int(row.post_id), parse_time(row.entered_at)
        if not 0 <= quality <= 100 or six_decimals(quality) != row.quality:
            return None
        if str(post_id) != row.post_id or min(post_id, row.likes_counted, row.commenters_counted) < 0:
            return None
    except ValueError:
        return None
    return contender(
        post_id,
        person=row.person.encode(),
        entered_at=entered_at,
        quality=quality,
        likes=row.likes_counted,
        commenters=row.commenters_counted,
        rules=rules,
    )
