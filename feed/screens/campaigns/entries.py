"""A campaign's entries for editors: shortlist, marks, counted engagement and ranks."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from feed.boards.model import Row
from feed.campaigns import store as campaigns
from feed.campaigns.entries import shortlist_store
from feed.campaigns.entries.shortlist_store import EntryStatus, MediaOfEntry
from feed.campaigns.entries.similar_store import OfEntry
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.model import Rules
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.score import score
from feed.postgres import Connection, many
from feed.screens.campaigns.leaderboard import Leaderboards, rank_entries
from feed.screens.campaigns.similar import SimilarPost, read_similar
from feed.screens.posts import cards
from feed.screens.posts.cards import PostCard

Id = str
Sort = Literal["score", "newest"]


class Disqualification(msgspec.Struct, frozen=True):
    """The disqualification of an entry."""

    reason_code: str
    note: str | None
    at: datetime


class EntryItem(msgspec.Struct, frozen=True, kw_only=True):
    """An entry. Until marks are locked, an editor sees the number of marks and the own mark only.

    `revision` would be judged now (null: none is approved yet); `newest_waits`: the newest revision is still to be reviewed.
    `similar`: entries with a picture like one of the revision, the first posted first.
    """

    post_id: Id
    entered_at: datetime
    revision: int | None
    newest_revision: int
    newest_waits: bool
    bears_topic: bool
    media_state: MediaOfEntry | None
    similar: list[SimilarPost]
    shortlisted: bool
    disqualified: Disqualification | None
    mark_count: int
    my_mark: str | None
    quality: str | None
    likes_counted: int | None
    commenters_counted: int | None
    score: str | None
    rank: int | None
    post: PostCard


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list."""

    post_id: int
    entered_at: datetime
    shortlisted_at: datetime | None
    disqualified_at: datetime | None
    disqualified_reason: str | None
    disqualified_note: str | None
    mark_count: int
    my_mark: Decimal | None


class EntryPage(msgspec.Struct, frozen=True):
    """A page of entries, and by post id the rows and ranks of the leaderboard, the states of revisions and entries with similar pictures."""

    entries: list[EntryRow]
    rows: dict[int, Row]
    ranks: dict[int, int]
    rules: Rules
    statuses: dict[int, EntryStatus]
    similar: dict[int, list[SimilarPost]]
    is_more: bool


async def list_entries(
    leaderboards: Leaderboards,
    campaign_id: int,
    *,
    viewer_id: int,
    sort: Sort,
    shortlist: bool | None,
    start: int,
    limit: int,
) -> EntryPage:
    """The entries from position `start` on. By score, entries without a rank come last. Raises CampaignNotFound."""
    async with leaderboards.pool.acquire() as conn:
        campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    rules, _ = read_rules(campaign.draft, publishing=False)
    rows = await leaderboards.list(campaign)
    # Likes and marks do not rank the entries of a draw.
    ranks = {} if rules.method == "draw" else {each.post_id: each.rank for each in rank_entries(rows, rules)}
    async with leaderboards.pool.acquire() as conn:
        entries = [
            entry
            for entry in await _list_rows(conn, campaign_id, viewer_id)
            if shortlist is None or shortlist == (entry.shortlisted_at is not None)
        ]
        if sort == "score":
            entries.sort(key=lambda entry: ranks.get(entry.post_id, len(ranks) + 1))
        shown = entries[start : start + limit]
        statuses = await shortlist_store.list_statuses(conn, campaign_id, [entry.post_id for entry in shown])
        pictures = [OfEntry(each.post_id, campaign_id, media_id) for each in statuses for media_id in each.media_ids]
        similar = await read_similar(conn, pictures)
    return EntryPage(
        shown,
        {row.post_id: row for row in rows},
        ranks,
        rules,
        {status.post_id: status for status in statuses},
        similar,
        len(entries) > start + limit,
    )


def item(page: EntryPage, entry: EntryRow, card: bytes) -> EntryItem:
    """The entry on the wire."""
    row = page.rows.get(entry.post_id)
    status = page.statuses[entry.post_id]
    return EntryItem(
        post_id=str(entry.post_id),
        entered_at=entry.entered_at,
        revision=status.revision,
        newest_revision=status.newest_revision,
        newest_waits=status.newest_waits,
        bears_topic=status.bears_topic,
        media_state=status.media_state,
        similar=page.similar.get(entry.post_id, []),
        shortlisted=entry.shortlisted_at is not None,
        disqualified=_disqualification(entry),
        mark_count=entry.mark_count,
        my_mark=None if entry.my_mark is None else f"{entry.my_mark:f}",
        quality=None if row is None or row.quality is None else f"{row.quality:f}",
        likes_counted=None if row is None else row.likes,
        commenters_counted=None if row is None else row.comments,
        score=None if row is None or page.rules.method == "draw" else _total(row, page.rules),
        rank=page.ranks.get(entry.post_id),
        post=cards.encoded_post(card),
    )


def encode(items: Sequence[EntryItem], next_cursor: str | None) -> bytes:
    """A page's JSON."""
    document: dict[str, Any] = {"items": items, "next_cursor": next_cursor}
    return msgspec.json.encode(document)


async def _list_rows(conn: Connection, campaign_id: int, viewer_id: int) -> list[EntryRow]:
    rows = await conn.fetch(
        """
        SELECT entries.post_id, entries.entered_at, entries.shortlisted_at, entries.disqualified_at,
            entries.disqualified_reason, entries.disqualified_note, counted.mark_count, counted.my_mark
        FROM entries
        CROSS JOIN LATERAL (
            SELECT count(*) AS mark_count, max(marks.score) FILTER (WHERE marks.juror_id = $2) AS my_mark
            FROM counted_marks AS marks WHERE marks.campaign_id = entries.campaign_id AND marks.post_id = entries.post_id
        ) AS counted
        WHERE entries.campaign_id = $1
        ORDER BY entries.entered_at DESC, entries.post_id DESC
        """,
        campaign_id,
        viewer_id,
    )
    return many(rows, EntryRow)


def _disqualification(entry: EntryRow) -> Disqualification | None:
    if entry.disqualified_at is None or entry.disqualified_reason is None:
        return None
    return Disqualification(entry.disqualified_reason, entry.disqualified_note, entry.disqualified_at)


def _total(row: Row, rules: Rules) -> str:
    total = score(row.quality or Decimal(0), row.likes, row.comments, rules.weights, rules.caps).total
    return f"{total:f}"
