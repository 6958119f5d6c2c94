"""The sheet of a campaign that is not frozen, as it would be now: its most engaged entries, for the fairness report."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from feed.boards import store as boards
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.scoring.engagement import EntryEngagement, count_engagement, quality_of
from feed.campaigns.store import Campaign
from feed.postgres import Connection, many
from feed.prizes.model import SheetRow
from feed.screens.prizes.fairness_store import batches

# Of the entries, as many are counted; each is read with its likes and comments.
MAX_ENTRIES = 2_000


class LiveSheet(msgspec.Struct, frozen=True):
    """The counted rows, and the number of all entries of the campaign."""

    rows: list[SheetRow]
    entries: int


class _Candidate(msgspec.Struct, frozen=True):
    post_id: int
    account_id: int
    person: bytes | None
    entered_at: datetime
    cost: int


async def read_live_sheet(conn: Connection, campaign: Campaign, *, max_cost: int) -> LiveSheet:
    """The rows of the entries with the most likes and comments, up to `max_cost` of these in sum.

    They count what the settlement would count now. Quality is 0 until the marks are locked: they are secret before. An
    entry that exceeds `max_cost` by itself is left out.
    """
    # Once quality counts, an entry with a high mark and few likes may win.
    scores = await _list_scores(conn, campaign.id) if campaign.marks_locked_at else {}
    chosen = _within(await _list_candidates(conn, campaign.id, list(scores)), max_cost)
    competing = {
        entry.post_id for entry in await boards.list_entries(conn, list(chosen), [campaign.id]) if entry.competes
    }
    counted: dict[int, EntryEngagement] = {}
    for post_ids in batches({post_id: each.cost for post_id, each in chosen.items()}):
        counted |= {each.post_id: each for each in await count_engagement(conn, campaign.id, post_ids)}
    return LiveSheet(
        rows=[
            _row(each, counted[post_id], scores.get(post_id, ()), competes=post_id in competing)
            for post_id, each in sorted(chosen.items())
            if post_id in counted
        ],
        entries=await conn.fetchval("SELECT count(*) FROM entries WHERE campaign_id = $1", campaign.id),
    )


async def _list_scores(conn: Connection, campaign_id: int) -> dict[int, list[Decimal]]:
    scores: dict[int, list[Decimal]] = {}
    for mark in await marks.list_marks(conn, campaign_id):
        scores.setdefault(mark.post_id, []).append(mark.score)
    return scores


async def _list_candidates(conn: Connection, campaign_id: int, marked: Sequence[int]) -> list[_Candidate]:
    rows = await conn.fetch(
        """
        SELECT entries.post_id, entries.author_id AS account_id, accounts.person, entries.entered_at,
            stats.like_count + stats.comment_count AS cost
        FROM entries
        JOIN post_stats AS stats ON stats.post_id = entries.post_id
        JOIN accounts ON accounts.id = entries.author_id
        WHERE entries.campaign_id = $1
        ORDER BY entries.post_id = ANY ($2::bigint[]) DESC, stats.like_count + stats.comment_count DESC, entries.post_id
        LIMIT $3
        """,
        campaign_id,
        marked,
        MAX_ENTRIES,
    )
    return many(rows, _Candidate)


def _within(candidates: Sequence[_Candidate], max_cost: int) -> Mapping[int, _Candidate]:
    chosen: dict[int, _Candidate] = {}
    total = 0
    for each in candidates:
        if total + each.cost <= max_cost:
            chosen[each.post_id] = each
            total += each.cost
    return chosen


def _row(each: _Candidate, counted: EntryEngagement, scores: Sequence[Decimal], *, competes: bool) -> SheetRow:
    reason = counted.author_reason if competes else "not_visible"
    excluded = [("like", counted.likes_excluded), ("comment", counted.commenters_excluded)]
    return SheetRow(
        post_id=each.post_id,
        account_id=each.account_id,
        person=each.person or b"",
        entered_at=each.entered_at,
        revision=1,
        quality=quality_of(scores),
        likes_counted=counted.likes,
        commenters_counted=counted.commenters,
        eligible=reason is None,
        reason_code=reason,
        excluded=[
            {"kind": kind, "reason_code": why, "count": count}
            for kind, by_reason in excluded
            for why, count in by_reason.items()
        ],
    )
