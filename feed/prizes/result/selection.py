"""Who wins: a function of the sheet and the rules, and of nothing else. The settlement and its verification both call it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from feed.campaigns.model import Rules
from feed.campaigns.scoring.score import RankedEntry, best_per_person, ranking_key, total_score
from feed.prizes.draw import algorithm as draw
from feed.prizes.result.draw_section import DrawSection


class Selection(msgspec.Struct, frozen=True):
    """Every able entry with its rank (from 1), the best first; of each person the best one wins or waits, or neither."""

    ranks: dict[int, int]
    winners: list[RankedEntry]
    reserves: list[RankedEntry]


def contender(
    post_id: int, *, person: bytes, entered_at: datetime, quality: Decimal, likes: int, commenters: int, rules: Rules
) -> RankedEntry:
    """An entry and its score under these rules. Quality is a mean of marks, 0 to 100; the others count persons."""
    total = total_score(quality, likes, commenters, rules.weights, rules.caps)
    return RankedEntry(post_id, person, entered_at, quality, likes, commenters, total)


def select_by_score(able: Sequence[RankedEntry], rules: Rules) -> Selection:
    """One prize per person; who comes after the winners waits in reserve. Where there are too few, places stay empty."""
    order = sorted(able, key=lambda each: ranking_key(each, rules.tie_break))
    persons = best_per_person(order)
    last = rules.winner_count
    return Selection(
        ranks={each.post_id: number for number, each in enumerate(order, start=1)},
        winners=persons[:last],
        reserves=persons[last : last + rules.reserve_count],
    )


def select_by_draw(
    able: Sequence[RankedEntry], persons: Mapping[int, str], drawn: DrawSection, rules: Rules
) -> Selection:
    """One ticket per person, whatever the number of entries: the first of them stands for the person, and all share its rank.

    `persons` has the pseudonym behind each post. Who came onto the list after the value was known comes behind everybody who was
    on it. Where there are fewer tickets than places, places stay empty.
    """
    tickets = draw.tickets_of(persons[each.post_id] for each in able)
    order_drawn = draw.order(bytes.fromhex(drawn.seed), tickets, behind=draw.tickets_of(drawn.added or ()))
    ranks = {ticket.hex(): number for number, ticket in enumerate(order_drawn, start=1)}
    first: dict[str, RankedEntry] = {}
    for each in sorted(able, key=lambda each: (each.entered_at, each.post_id)):
        first.setdefault(persons[each.post_id], each)
    order = [first[ticket.hex()] for ticket in order_drawn]
    last = rules.winner_count
    return Selection(
        ranks={each.post_id: ranks[persons[each.post_id]] for each in able},
        winners=order[:last],
        reserves=order[last : last + rules.reserve_count],
    )
