"""The juries that one sits on, and how far one is with each."""

from datetime import datetime

import msgspec

from feed.postgres import Connection, many

Id = str


class SeatCard(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign on whose jury one sits. Times are null before it is published.

    `to_mark`: the entries that are for one to mark now, without those that one must not; `marked`: of these, how many one has.
    """

    campaign_id: Id
    title: str
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    settle_at: datetime | None
    to_mark: int
    marked: int
    locked: bool


async def list_juries(conn: Connection, account_id: int, *, before_id: int, limit: int) -> list[SeatCard]:
    """Where the account is a juror now, the campaign that was made last first."""
    rows = await conn.fetch(
        """
        SELECT campaigns.id::text AS campaign_id, coalesce(campaigns.draft ->> 'title', '') AS title, campaigns.state,
            campaigns.starts_at, campaigns.ends_at, campaigns.settle_at, mine.to_mark, mine.marked,
            campaigns.marks_locked_at IS NOT NULL AS locked
        FROM jurors
        JOIN campaigns ON campaigns.id = jurors.campaign_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS to_mark, count(marks.post_id) AS marked
            FROM entries
            JOIN visible_posts ON visible_posts.id = entries.post_id
            LEFT JOIN counted_marks AS marks
                ON marks.campaign_id = entries.campaign_id AND marks.post_id = entries.post_id AND marks.juror_id = $1
            WHERE entries.campaign_id = campaigns.id AND entries.disqualified_at IS NULL
                AND (
                    entries.shortlisted_at IS NOT NULL
                    OR NOT EXISTS (
                        SELECT FROM entries AS listed
                        WHERE listed.campaign_id = campaigns.id AND listed.shortlisted_at IS NOT NULL
                    )
                )
                AND NOT EXISTS (
                    SELECT FROM conflicts
                    WHERE conflicts.campaign_id = campaigns.id AND conflicts.post_id = entries.post_id
                        AND conflicts.account_id = $1
                )
        ) AS mine
        WHERE jurors.account_id = $1 AND jurors.removed_at IS NULL AND jurors.campaign_id < $2
        ORDER BY jurors.campaign_id DESC
        LIMIT $3
        """,
        account_id,
        before_id,
        limit,
    )
    return many(rows, SeatCard)
