"""What two editors have to see before they announce: leaders who are left out, and facts that were ended after the deadline."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from feed.campaigns.model import Rules
from feed.campaigns.scoring.score import total_score
from feed.postgres import Connection
from feed.prizes.announcement import review_store
from feed.prizes.announcement.review_store import Barred, EndedFact

_MAX_LEFT_OUT = 50


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that would be among winners and reserves but for an act of others, with their scores, best first.

    `ended_facts` are those of the authors of such entries, and of winners and reserves: the announcement needs a reason for them.
    """

    left_out: list[tuple[Barred, Decimal]]
    ended_facts: list[EndedFact]


async def read_review(conn: Connection, settlement_id: int, rules: Rules) -> Review:
    """The review of a decided settlement."""
    scores = await review_store.list_places(conn, settlement_id)
    least = _least_score(scores, rules)
    barred = [(each, _score(each, rules)) for each in await review_store.list_barred(conn, settlement_id)]
    left_out = sorted((pair for pair in barred if pair[1] >= least), key=lambda pair: (-pair[1], pair[0].entry_id))[
        :_MAX_LEFT_OUT
    ]
    facts = [each for each in await review_store.list_ended_facts(conn, settlement_id) if _score(each, rules) >= least]
    return Review(left_out=left_out, ended_facts=facts)


def state_of(review: Review) -> list[str]:
    """What an approval of the announcement is bound to, besides the places."""
    return [f"{each.reason_code} {each.entry_id} {each.ended_at.isoformat()}" for each in review.ended_facts]


def _least_score(scores: Sequence[Decimal], rules: Rules) -> Decimal:
    """The score from which an entry would be among winners and reserves; in a draw any would have had a ticket."""
    if rules.method == "draw" or len(scores) < rules.winner_count + rules.reserve_count:
        return Decimal(0)
    return min(scores)


def _score(each: Barred | EndedFact, rules: Rules) -> Decimal:
    if rules.method == "draw":
        return Decimal(0)
    return total_score(each.quality, each.likes_counted, each.commenters_counted, rules.weights, rules.caps)
