"""What a campaign makes of one's own entries: what is shown, what counts, and in numbers why the rest does not."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from feed.boards.model import Row
from feed.campaigns.model import Rules
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.engagement import EntryEngagement, ExclusionReason, count_engagement
from feed.campaigns.scoring.score import score
from feed.postgres import Connection, many, one
from feed.screens.campaigns.leaderboard import Leaderboards, get_published, is_board_shown, rank_entries

Id = str
# Why an entry does not stand, or that it does.
EntryState = Literal["entered", "pending", "rejected", "removed", "withdrawn", "disqualified", "topic_edited_out"]


class Excluded(msgspec.Struct, frozen=True):
    """So many likes, or commenters, do not count for this reason."""

    kind: Literal["like", "comment"]
    reason_code: ExclusionReason
    count: int


class MyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One's own entry. `likes_shown` is what counts plus what is excluded; so it is for commenters.

    In a draw nothing of it brings a prize nearer: there is no score, and until the result no rank; then it is the ticket's.
    """

    post_id: Id
    state: EntryState
    disqualified_reason: str | None
    likes_shown: int
    likes_counted: int
    comments_shown: int
    commenters_shown: int
    commenters_counted: int
    excluded: list[Excluded]
    score: str | None
    rank: int | None


class MyPrize(msgspec.Struct, frozen=True):
    """What one has won here."""

    id: Id
    rank: int
    state: str
    prizes: list[dict[str, Any]]
    claim_ends_at: datetime


class Participation(msgspec.Struct, frozen=True):
    """One's own part in a campaign. `reasons` say why one cannot win.

    `tickets`: in a draw, 1 or 0: a person has one, with however many entries and accounts; null where nothing is drawn.
    """

    entries: list[MyEntry]
    eligible: bool
    reasons: list[str]
    tickets: int | None
    prize: MyPrize | None


class _Frozen(msgspec.Struct, frozen=True):
    """One's entry on the sheet of the settlement that stands. `rank`: its ticket's, of an announced draw."""

    post_id: int
    eligible: bool
    rank: int | None
    likes_counted: int
    commenters_counted: int
    excluded: list[Excluded]

    def counted(self) -> EntryEngagement:
        likes = {each.reason_code: each.count for each in self.excluded if each.kind == "like"}
        commenters = {each.reason_code: each.count for each in self.excluded if each.kind == "comment"}
        return EntryEngagement(
            post_id=self.post_id,
            likes=self.likes_counted,
            commenters=self.commenters_counted,
            likes_shown=self.likes_counted + sum(likes.values()),
            commenters_shown=self.commenters_counted + sum(commenters.values()),
            likes_excluded=likes,
            commenters_excluded=commenters,
            author_reason=None,
        )


class OwnEntry(msgspec.Struct, frozen=True):
    post_id: int
    post_state: str
    bears_topic: bool | None
    disqualified_reason: str | None
    comment_count: int

    @property
    def state(self) -> EntryState:
        match self.post_state:
            case "deleted":
                return "withdrawn"
            case "pending" | "rejected" | "removed" as state:
                return state
        if self.disqualified_reason is not None:
            return "disqualified"
        return "topic_edited_out" if self.bears_topic is False else "entered"


async def get_participation(leaderboards: Leaderboards, campaign_id: int, account_id: int) -> Participation:
    """Raises CampaignNotFound."""
    async with leaderboards.pool.acquire() as conn:
        campaign = await get_published(conn, campaign_id)
        rules, _ = read_rules(campaign.draft, publishing=True)
        own = await list_own(conn, campaign_id, account_id)
        rows_of = [] if campaign.frozen_at is None else [each.post_id for each in own]
        frozen = {each.post_id: each for each in await _list_frozen(conn, campaign_id, rows_of)} if rows_of else {}
        # What the sheet says is what was judged, whatever has happened since.
        counted = {post_id: row.counted() for post_id, row in frozen.items()}
        if open_ids := [each.post_id for each in own if each.post_id not in frozen]:
            counted |= {each.post_id: each for each in await count_engagement(conn, campaign_id, open_ids)}
        reasons = await list_reasons(conn, campaign_id, account_id)
        prize = await _find_prize(conn, campaign_id, account_id)
    places: dict[int, int] = {}
    rows: dict[int, Row] = {}
    if is_board_shown(campaign) and any(each.state == "entered" for each in own):
        standing = await leaderboards.list(campaign)
        rows = {row.post_id: row for row in standing}
        places = {each.post_id: each.rank for each in rank_entries(standing, rules)}
    tickets = None
    if rules.method == "draw":
        places = {lot.post_id: lot.rank for lot in frozen.values() if lot.rank is not None}
        # Before the freeze, as it would be now.
        would = not reasons and any(each.state == "entered" for each in own)
        tickets = int(any(lot.eligible for lot in frozen.values()) if frozen else would)
    entries = [
        _entry(each, counted[each.post_id], rules, rows.get(each.post_id), places.get(each.post_id))
        for each in own
        if each.post_id in counted
    ]
    return Participation(entries, not reasons, reasons, tickets, prize)


def _entry(own: OwnEntry, counted: EntryEngagement, rules: Rules, row: Row | None, rank: int | None) -> MyEntry:
    # Quality is everybody's to see or nobody's: what the board does not show, the author does not see here.
    quality = row.quality if row is not None and row.quality is not None else Decimal(0)
    total = score(quality, counted.likes, counted.commenters, rules.weights, rules.caps).total
    drawn = rules.method == "draw"
    return MyEntry(
        post_id=str(own.post_id),
        state=own.state,
        disqualified_reason=own.disqualified_reason,
        likes_shown=counted.likes_shown,
        likes_counted=counted.likes,
        comments_shown=own.comment_count,
        commenters_shown=counted.commenters_shown,
        commenters_counted=counted.commenters,
        excluded=[
            *_excluded("like", counted.likes_excluded.items()),
            *_excluded("comment", counted.commenters_excluded.items()),
        ],
        score=None if drawn else f"{total:f}",
        rank=rank if drawn or own.state == "entered" else None,
    )


def _excluded(kind: Literal["like", "comment"], counts: Iterable[tuple[ExclusionReason, int]]) -> list[Excluded]:
    return [Excluded(kind, reason, count) for reason, count in counts]


async def list_own(conn: Connection, campaign_id: int, account_id: int) -> list[OwnEntry]:
    rows = await conn.fetch(
        """
        SELECT entries.post_id, posts.state AS post_state, judged.bears_topic,
            entries.disqualified_reason, stats.comment_count
        FROM entries
        JOIN posts ON posts.id = entries.post_id
        JOIN post_stats AS stats ON stats.post_id = entries.post_id
        LEFT JOIN judged_revisions AS judged
            ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        WHERE entries.campaign_id = $1 AND entries.author_id = $2
        ORDER BY entries.entered_at, entries.post_id
        """,
        campaign_id,
        account_id,
    )
    return many(rows, OwnEntry)


async def _list_frozen(conn: Connection, campaign_id: int, post_ids: Sequence[int]) -> list[_Frozen]:
    rows = await conn.fetch(
        """
        SELECT sheet_rows.post_id, eligible, CASE WHEN campaigns.announced_at IS NOT NULL THEN sheet_rows.rank END AS rank,
            likes_counted, commenters_counted, excluded
        FROM campaigns
        JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        JOIN sheet_rows ON sheet_rows.settlement_id = settlements.id AND sheet_rows.post_id = ANY ($2::bigint[])
        WHERE campaigns.id = $1
        """,
        campaign_id,
        post_ids,
    )
    return many(rows, _Frozen)


async def list_reasons(conn: Connection, campaign_id: int, account_id: int) -> list[str]:
    """Why the person cannot win, in the order of the rules; a flag of any of the person's accounts decides."""
    rows = await conn.fetch(
        """
        WITH self AS (
            SELECT not_verified, too_new FROM campaign_accounts WHERE campaign_id = $1 AND account_id = $2
        )
        SELECT found.reason::text
        FROM (
            SELECT 'not_verified'::exclusion_reason AS reason FROM self WHERE not_verified
            UNION
            SELECT reason
            FROM campaign_flags
            WHERE campaign_id = $1 AND liked IS NULL
                AND account_id = ANY (ARRAY(SELECT same_id FROM same_person_accounts WHERE same_person_accounts.account_id = $2))
            UNION
            SELECT 'too_new' FROM self WHERE too_new
        ) AS found
        ORDER BY found.reason
        """,
        campaign_id,
        account_id,
    )
    return [row["reason"] for row in rows]


async def _find_prize(conn: Connection, campaign_id: int, account_id: int) -> MyPrize | None:
    row = await conn.fetchrow(
        """
        SELECT winners.id::text, winners.rank, winners.state, winners.prizes, winners.claim_ends_at
        FROM winners JOIN settlements ON settlements.id = winners.settlement_id AND settlements.undone_at IS NULL
        WHERE winners.campaign_id = $1 AND winners.account_id = $2 AND winners.notified_at IS NOT NULL
        ORDER BY winners.id DESC
        LIMIT 1
        """,
        campaign_id,
        account_id,
    )
    return one(row, MyPrize)
