"""Verification of what a result says besides its rows: rules, title, times, and which members it has."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from feed.campaigns.model import FREEZE_AFTER, Rules, parse_time, rules_sha256
from feed.campaigns.rules.validation import value_problems
from feed.campaigns.scoring.disclosure import LEAST_SHOWN, OTHER
from feed.decoding.decoder import convert
from feed.keys.merkle import HASH_BYTES
from feed.prizes.result.document import Counts, Head, ReserveLine, Row, Shape, TreeLine, VoidLine, WinnerLine
from feed.prizes.result.problem import Problem

_OPTIONAL: dict[type[msgspec.Struct], tuple[str, ...]] = {
    kind: tuple(field.name for field in msgspec.structs.fields(kind) if field.default is UNSET)
    for kind in (Counts, WinnerLine, ReserveLine, Row)
}


def check_rules(head: Head) -> Iterator[Problem]:
    """Problems of the rules with which nothing can be computed from them."""
    try:
        rules = convert(head.campaign.rules, Rules)
    except msgspec.MsgspecError as error:
        yield Problem("rules_unreadable", "campaign.rules", str(error))
        return
    yield from (Problem("rules_unreadable", f"campaign.rules.{error.field}") for error in value_problems(rules))


def check_rules_hash(head: Head) -> Iterator[Problem]:
    """Whether the rules have the hash that is stated."""
    expected = rules_sha256(head.campaign.rules)
    if expected != head.campaign.rules_sha256:
        yield Problem("rules_hash", "campaign.rules_sha256", expected)


def rules_of(head: Head) -> Rules | None:
    """The rules of the result; None if they cannot be read."""
    try:
        return convert(head.campaign.rules, Rules)
    except msgspec.MsgspecError:
        return None


def check_head(head: Head, rules: Rules) -> Iterator[Problem]:
    """The problems of a result under its rules, as far as no row is needed to find them."""
    if rules.title != head.campaign.title:
        yield Problem("title", "campaign.title", rules.title)
    yield from _check_frozen_at(head, rules)
    yield from _check_withdrawn(head)
    if head.forced is not UNSET and not head.forced.overrides:
        yield Problem("spelling", "forced")
    if head.tree is not UNSET:
        yield from _check_tree_line(head.tree, head)
    if head.voids is not UNSET:
        yield from _check_voids(head.voids)


def check_members(head: Head, shape: Shape) -> Iterator[Problem]:
    """Whether the result, its winners and reserves have exactly the members of their shape."""
    new = frozenset({"tree", "voids"})
    yield from wrong_members(head, new if shape.is_second else frozenset(), "", among=new)
    yield from wrong_members(head.counts, shape.of_counts, "counts")
    for number, winner in enumerate(head.winners):
        yield from wrong_members(winner, shape.of_winner, f"winners[{number}]")
    for number, reserve in enumerate(head.reserves):
        yield from wrong_members(reserve, shape.of_reserve, f"reserves[{number}]")


def wrong_members(
    line: msgspec.Struct, expected: frozenset[str], where: str, *, among: frozenset[str] | None = None
) -> Iterator[Problem]:
    """A problem if the optional members that are present (of those in `among`) are not the expected ones."""
    present = {name for name in among or _OPTIONAL[type(line)] if getattr(line, name) is not UNSET}
    if present != expected:
        yield Problem("members", where, " ".join(sorted(expected)))


def _check_frozen_at(head: Head, rules: Rules) -> Iterator[Problem]:
    try:
        if parse_time(head.frozen_at) < rules.ends_at + FREEZE_AFTER:
            yield Problem("frozen_too_early", "frozen_at")
    except ValueError:
        yield Problem("spelling", "frozen_at")


def _check_withdrawn(head: Head) -> Iterator[Problem]:
    """Distinct SHA-256 in hexadecimal; an empty list has to be absent."""
    if head.withdrawn is UNSET:
        return
    hashes = head.withdrawn
    if not hashes or not all(map(is_sha256, hashes)) or len(set(hashes)) != len(hashes):
        yield Problem("spelling", "withdrawn")


def _check_tree_line(line: TreeLine, head: Head) -> Iterator[Problem]:
    if not is_sha256(line.root):
        yield Problem("spelling", "tree.root")
    if line.size != head.counts.entries:
        yield Problem("tree", "tree.size", str(head.counts.entries))


def _check_voids(voids: Sequence[VoidLine]) -> Iterator[Problem]:
    """One line for each kind and reason, and none of a small number."""
    if len({(each.kind, each.reason_code) for each in voids}) != len(voids):
        yield Problem("voids", "voids")
    for number, each in enumerate(voids):
        if each.count < (1 if each.reason_code == OTHER else LEAST_SHOWN):
            yield Problem("voids", f"voids[{number}].count")


def is_sha256(text: Any) -> bool:
    """Whether the text is a SHA-256 in lower-case hexadecimal."""
    return len(text) == 2 * HASH_BYTES and set(text) <= set("0123456789abcdef")
