"""The entries that a juror marks, with the juror's own marks only."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from feed.campaigns import store as campaigns
from feed.campaigns.errors import CampaignNotFound, NotAJuror
from feed.campaigns.jury import store as jury
from feed.postgres import Connection, many
from feed.screens.posts import cards
from feed.screens.posts.cards import PostCard

Id = str


class MyMark(msgspec.Struct, frozen=True, kw_only=True):
    """The juror's mark. `outdated`: a later revision than the marked one would be judged now."""

    score: str
    scores: dict[str, str] | None
    note: str | None
    outdated: bool
    marked_at: datetime


class MarkingItem(msgspec.Struct, frozen=True, kw_only=True):
    """An entry to mark, with the text of the revision that would be judged. `recused`: the juror must not mark it."""

    post_id: Id
    shortlisted: bool
    recused: bool
    revision: int
    judged_text: str
    mark: MyMark | None
    post: PostCard


class MarkingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list."""

    post_id: int
    shortlisted: bool
    recused: bool
    revision: int
    text: str
    score: Decimal | None
    scores: dict[str, str] | None
    note: str | None
    marked_revision: int | None
    marked_at: datetime | None


async def list_marking(
    conn: Connection, campaign_id: int, juror_id: int, *, after_id: int, limit: int
) -> list[MarkingRow]:
    """The shortlisted entries, or all that compete while there is no shortlist, by id. Raises NotAJuror, CampaignNotFound."""
    if not await jury.may_mark(conn, campaign_id, juror_id):
        raise NotAJuror
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None or campaign.published_at is None:
        raise CampaignNotFound
    rows = await conn.fetch(
        """
        SELECT entries.post_id, entries.shortlisted_at IS NOT NULL AS shortlisted,
            EXISTS (
                SELECT FROM conflicts
                WHERE conflicts.campaign_id = $1 AND conflicts.post_id = entries.post_id AND conflicts.account_id = $2
            ) AS recused,
            judged.revision, judged.text, marks.score, marks.scores, marks.note, marks.revision AS marked_revision,
            marks.marked_at
        FROM entries
        JOIN visible_posts ON visible_posts.id = entries.post_id
        JOIN judged_revisions AS judged
            ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id AND judged.bears_topic
        LEFT JOIN counted_marks AS marks
            ON marks.campaign_id = entries.campaign_id AND marks.post_id = entries.post_id AND marks.juror_id = $2
        WHERE entries.campaign_id = $1 AND entries.post_id > $3 AND entries.disqualified_at IS NULL
            AND (
                entries.shortlisted_at IS NOT NULL
                OR NOT EXISTS (SELECT FROM entries AS listed WHERE listed.campaign_id = $1 AND listed.shortlisted_at IS NOT NULL)
            )
        ORDER BY entries.post_id
        LIMIT $4
        """,
        campaign_id,
        juror_id,
        after_id,
        limit,
    )
    return many(rows, MarkingRow)


def item(row: MarkingRow, card: bytes) -> MarkingItem:
    """The entry on the wire."""
    mark = None
    if row.score is not None and row.marked_at is not None:
        mark = MyMark(
            score=f"{row.score:f}",
            scores=row.scores,
            note=row.note,
            outdated=row.marked_revision is not None and row.marked_revision != row.revision,
            marked_at=row.marked_at,
        )
    return MarkingItem(
        post_id=str(row.post_id),
        shortlisted=row.shortlisted,
        recused=row.recused,
        revision=row.revision,
        judged_text=row.text,
        mark=mark,
        post=cards.encoded_post(card),
    )


def encode(items: list[MarkingItem], next_cursor: str | None) -> bytes:
    """A page's JSON."""
    document: dict[str, Any] = {"items": items, "next_cursor": next_cursor}
    return msgspec.json.encode(document)
