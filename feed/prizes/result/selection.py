"""Ranks, winners and reserves as a pure function of sheet and rules, shared by settlement and verification."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from feed.campaigns.model import Rules
from feed.campaigns.scoring.score import RankedEntry, best_per_person, ranking_key, total_score
from feed.prizes.draw import algorithm
from feed.prizes.result.draw_section import DrawSection


class Selection(msgspec.Struct, frozen=True):
    """The rank of every eligible entry, from 1, and the winners and reserves in order: at most one entry per person."""

    ranks: dict[int, int]
    winners: list[RankedEntry]
    reserves: list[RankedEntry]


def contender(
    entry_id: int, *, person: bytes, entered_at: datetime, quality: Decimal, likes: int, commenters: int, rules: Rules
) -> RankedEntry:
    """An entry with its score. `quality` is a mean of marks, 0 to 100; `likes` and `commenters` are numbers of persons."""
    total = total_score(quality, likes, commenters, rules.weights, rules.caps)
    return RankedEntry(entry_id, person, entered_at, quality, likes, commenters, total)


def select_by_score(eligible: Sequence[RankedEntry], rules: Rules) -> Selection:
    """The selection by score, with one prize per person. With too few persons, places stay empty."""
    order = sorted(eligible, key=lambda each: ranking_key(each, rules.tie_break))
    best_entries = best_per_person(order)
    last = rules.winner_count
    return Selection(
        ranks={each.entry_id: number for number, each in enumerate(order, start=1)},
        winners=best_entries[:last],
        reserves=best_entries[last : last + rules.reserve_count],
    )


def select_by_draw(
    eligible: Sequence[RankedEntry], pseudonyms: Mapping[int, str], section: DrawSection, rules: Rules
) -> Selection:
    """The selection by lot, with one ticket per person. A person's earliest entry wins; all entries of a person share its rank.

    `pseudonyms` are those of the persons by entry. Tickets added after the value was known come after all others. With fewer
    tickets than places, places stay empty.
    """
    tickets = algorithm.tickets_of(pseudonyms[each.entry_id] for each in eligible)
    drawn_order = algorithm.order_tickets(
        bytes.fromhex(section.seed), tickets, added=algorithm.tickets_of(section.added or ())
    )
    ranks = {ticket.hex(): number for number, ticket in enumerate(drawn_order, start=1)}
    first: dict[str, RankedEntry] = {}
    for each in sorted(eligible, key=lambda each: (each.entered_at, each.entry_id)):
        first.setdefault(pseudonyms[each.entry_id], each)
    order = [first[ticket.hex()] for ticket in drawn_order]
    last = rules.winner_count
    return Selection(
        ranks={each.entry_id: ranks[pseudonyms[each.entry_id]] for each in eligible},
        winners=order[:last],
        reserves=order[last : last + rules.reserve_count],
    )
