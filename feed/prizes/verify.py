"""Working a published result out again from what it holds. Needs nothing but the file and, to know who made it, a key."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec
import rfc8785
from msgspec import UNSET

from feed.campaigns.model import FREEZE_AFTER, Rules, parse_time, rules_sha256
from feed.campaigns.problems import problems
from feed.campaigns.score import Ranked
from feed.ids import parse_id
from feed.prizes.amendment import Amendment
from feed.prizes.chain import follow, is_dated_too_late, problems_of_chain, standing_of
from feed.prizes.drand import QUICKNET, Chain
from feed.prizes.drawn import Drawn, problems_of
from feed.prizes.finding import Problem
from feed.prizes.result import (
    Outcome,
    ReserveLine,
    Result,
    Row,
    WinnerLine,
    counts_of,
    order_in_sheet,
    prizes_of,
    six_decimals,
)
from feed.prizes.select import Selection, contender, select_drawn, select_winners
from feed.signatures import PublicKey, is_document_signed

Signed = Literal["authentic", "unknown_key", "wrong", "key_over", "not_checked"]
_LARGEST = 2**53 - 1


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found. Without problems the document agrees with itself."""

    problems: list[Problem]
    signed: Signed
    key_id: str | None = None
    outcome: Outcome | None = None
    amendments: list[Amendment] = []
    # Who holds each place after the amendments, by post; None where nobody does.
    holders: list[str | None] = []
    # Names joined outside of what is signed; nothing vouches for them.
    names: int = 0

    @property
    def is_consistent(self) -> bool:
        """Whether everything that can be worked out again comes out the same."""
        return not self.problems

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the document: consistent, and if a key was given signed with it."""
        return self.is_consistent and self.signed in ("authentic", "not_checked")


class Unreadable(ValueError):
    """The document is none; the message says where."""


def verify_result(text: bytes, keys: Sequence[PublicKey] | None, chains: Sequence[Chain] = (QUICKNET,)) -> Finding:
    """What is right and wrong about a result. Without `keys` the signature is not looked at.

    `chains` are the beacons whose keys are known.
    """
    try:
        result, amendments, names = _read(text)
    except Unreadable as error:
        return Finding(problems=[Problem("unreadable", str(error))], signed="not_checked")
    found = list(_problems(result, chains))
    found += problems_of_chain(result, amendments, _rules_of(result), keys)
    places = follow(standing_of(result), amendments).places if not found else []
    return Finding(
        problems=found,
        signed=_look_at_signature(result, keys),
        key_id=result.signature.key_id,
        outcome=result,
        amendments=amendments,
        holders=[None if place is None else place.post_id for place in places],
        names=names,
    )


def _read(text: bytes) -> tuple[Result, list[Amendment], int]:
    """The document, its amendments, and how many names are joined to it. Raises Unreadable."""
    try:
        document = json.loads(
            text,
            object_pairs_hook=_once_each,
            parse_float=_no_float,
            parse_int=_small_int,
            parse_constant=_no_float,
        )
        if not isinstance(document, dict):
            raise Unreadable("not an object")
        people = msgspec.convert(document.pop("people", {}), dict[str, str])
        # Whatever has no canonical form, a lone surrogate for instance, was never signed.
        rfc8785.dumps(document)
        amendments = msgspec.convert(document.pop("amendments", []), list[Amendment])
        result = msgspec.convert(document, Result)
    except Unreadable:
        raise
    except (ValueError, msgspec.MsgspecError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise Unreadable(str(error) or type(error).__name__) from None
    return result, amendments, len(people)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two members with one name readers see different ones.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a name appears twice in one object")
    return found


def _no_float(text: str) -> float:
    raise Unreadable(f"{text}: numbers with a fraction have no place in a result")


def _small_int(text: str) -> int:
    number = int(text) if len(text) <= 17 else _LARGEST + 1
    if abs(number) > _LARGEST:
        raise Unreadable(f"{text[:20]}: too large a number")
    return number


def _look_at_signature(result: Result, keys: Sequence[PublicKey] | None) -> Signed:
    if keys is None:
        return "not_checked"
    if all(key.key_id != result.signature.key_id for key in keys):
        return "unknown_key"
    if not is_document_signed(result, keys):
        return "wrong"
    try:
        # A result is dated by its freeze, and may be signed later: by a newer key, but by no older one.
        late = is_dated_too_late(result.frozen_at, result.signature.key_id, keys)
    except ValueError:
        return "wrong"
    return "key_over" if late else "authentic"


def _rules_of(result: Outcome) -> Rules | None:
    try:
        return msgspec.convert(result.campaign.rules, Rules)
    except msgspec.MsgspecError:
        return None


def _problems(result: Outcome, chains: Sequence[Chain]) -> Iterator[Problem]:
    campaign = result.campaign
    if (expected := rules_sha256(campaign.rules)) != campaign.rules_sha256:
        yield Problem("rules_hash", "campaign.rules_sha256", expected)
    try:
        rules = msgspec.convert(campaign.rules, Rules)
    except msgspec.MsgspecError as error:
        yield Problem("rules_unreadable", "campaign.rules", str(error))
        return
    if wrong := problems(rules, publishing=False):
        yield from (Problem("rules_unreadable", f"campaign.rules.{error.field}") for error in wrong)
        return
    if rules.title != campaign.title:
        yield Problem("title", "campaign.title", rules.title)
    yield from _frozen_problems(result, rules)
    if not _are_hashes([] if result.withdrawn is UNSET else result.withdrawn, empty=result.withdrawn is UNSET):
        yield Problem("spelling", "withdrawn")
    if result.forced is not UNSET and not result.forced.overrides:
        yield Problem("spelling", "forced")
    contenders = [_contender(row, rules) for row in result.sheet]
    if None in contenders:
        yield from (Problem("spelling", f"sheet[{i}]") for i, each in enumerate(contenders) if each is None)
        return
    found = [each for each in contenders if each is not None]
    yield from _row_problems(result, found, rules)
    able = [each for each, row in zip(found, result.sheet, strict=True) if row.rank is not None]
    if rules.method != "draw" and result.draw is UNSET:
        yield from _order_problems(result, select_winners(able, rules), prizes_of(campaign.rules))
    elif rules.method != "draw" or result.draw is UNSET:
        yield Problem("draw_missing", "draw")
    else:
        yield from _draw_problems(result, result.draw, able, rules, chains)


def _draw_problems(
    result: Outcome, drawn: Drawn, able: Sequence[Ranked], rules: Rules, chains: Sequence[Chain]
) -> Iterator[Problem]:
    persons = {int(row.post_id): row.person for row in result.sheet}
    ranked = [persons[each.post_id] for each in able]
    wrong = list(problems_of(drawn, rules, _id_of(result.campaign.id), ranked, chains))
    wrong += [
        Problem("draw_counts_nothing", f"sheet[{number}]")
        for number, row in enumerate(result.sheet)
        if (row.quality, row.likes_counted, row.commenters_counted) != (six_decimals(Decimal(0)), 0, 0)
    ]
    yield from wrong
    # Of a seed or a ticket that is none there is no order.
    if not any(problem.code in ("spelling", "draw_list") or problem.where == "draw.seed" for problem in wrong):
        selection = select_drawn(able, persons, drawn, rules)
        yield from _order_problems(result, selection, prizes_of(result.campaign.rules))


def _id_of(text: str) -> int:
    """The campaign's number; what is none is number 0, which no campaign has."""
    number = parse_id(text)
    return number if number is not None and text == str(number) else 0


def _are_hashes(texts: Sequence[str], *, empty: bool) -> bool:
    """Whether these are different SHA-256 in hexadecimal; none at all only where `empty`."""
    right = all(len(text) == 64 and set(text) <= set("0123456789abcdef") for text in texts)
    return right and len(set(texts)) == len(texts) and bool(texts) is not empty


def _frozen_problems(result: Outcome, rules: Rules) -> Iterator[Problem]:
    try:
        early = parse_time(result.frozen_at) < rules.ends_at + FREEZE_AFTER
    except ValueError:
        yield Problem("spelling", "frozen_at")
        return
    if early:
        yield Problem("frozen_too_early", "frozen_at")


def _row_problems(result: Outcome, contenders: Sequence[Ranked], rules: Rules) -> Iterator[Problem]:
    posts = [row.post_id for row in result.sheet]
    if len(set(posts)) != len(posts):
        yield Problem("entry_twice", "sheet")
    skipped = {str(entry.get("post_id")) for entry in result.skipped}
    for number, (row, each) in enumerate(zip(result.sheet, contenders, strict=True)):
        where = f"sheet[{number}]"
        if not rules.starts_at <= each.entered_at < rules.ends_at:
            yield Problem("outside_of_the_period", f"{where}.entered_at")
        if row.score != six_decimals(each.score):
            yield Problem("score", f"{where}.score", six_decimals(each.score))
        if row.post_id in skipped:
            yield Problem("judged_and_skipped", where)


def _order_problems(result: Outcome, selection: Selection, won: list[dict[str, Any]]) -> Iterator[Problem]:
    rows = {row.post_id: row for row in result.sheet}
    for number, row in enumerate(result.sheet):
        if row.rank is not None and selection.ranks.get(int(row.post_id)) != row.rank:
            yield Problem("rank", f"sheet[{number}].rank", str(selection.ranks.get(int(row.post_id))))
    if list(result.sheet) != sorted(result.sheet, key=order_in_sheet):
        yield Problem("order", "sheet")
    counts = counts_of(result.sheet, result.counts.excluded)
    if counts != result.counts or sum(result.counts.excluded.values()) != counts.entries - counts.ranked:
        yield Problem("counts", "counts", str(msgspec.to_builtins(counts)))
    winners = [WinnerLine(*_line(each, selection, rows), won) for each in selection.winners]
    yield from _differences("winners", result.winners, winners)
    reserves = [ReserveLine(*_line(each, selection, rows)) for each in selection.reserves]
    yield from _differences("reserves", result.reserves, reserves)


def _differences(
    name: str, found: Sequence[WinnerLine | ReserveLine], expected: Sequence[WinnerLine | ReserveLine]
) -> Iterator[Problem]:
    if len(found) != len(expected):
        yield Problem(name, name, f"{len(expected)}")
    for number, (stated, right) in enumerate(zip(found, expected, strict=False)):
        if stated != right:
            yield Problem(name, f"{name}[{number}]", right.post_id)


def _line(each: Ranked, selection: Selection, rows: dict[str, Row]) -> tuple[int, str, str, str]:
    post_id = str(each.post_id)
    return selection.ranks[each.post_id], post_id, rows[post_id].person, six_decimals(each.score)


def _contender(row: Row, rules: Rules) -> Ranked | None:
    """What the row says, in numbers; None when one of them is not spelled as a result spells it."""
    try:
        quality, post_id, entered_at = Decimal(row.quality), int(row.post_id), parse_time(row.entered_at)
        if not quality.is_finite() or not 0 <= quality <= 100 or six_decimals(quality) != row.quality:
            return None
        if str(post_id) != row.post_id or min(post_id, row.likes_counted, row.commenters_counted) < 0:
            return None
    except (ValueError, InvalidOperation):
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
