"""The juries that an account is a member of, with its progress in each."""

from datetime import datetime

import msgspec

from feed.campaigns.model import State
from feed.postgres import Connection, many

Id = str


class SeatCard(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign of whose jury the account is a member. Times are null before it is published.

    `to_mark`: the number of entries that the juror is to mark now, without those with a conflict; `marked`: the marked ones of them.
    """

    campaign_id: Id
    title: str
    state: State
    starts_at: datetime | None
    ends_at: datetime | None
    settle_at: datetime | None
    to_mark: int
    marked: int
    locked: bool


async def list_juries(conn: Connection, account_id: int, *, before_id: int, limit: int) -> list[SeatCard]:
    """The campaigns in which the account is a juror now, newest first."""
    rows = await conn.fetch(
        """
        SELECT campaigns.id::text AS campaign_id, coalesce(campaigns.draft ->> 'title', '') AS title,
            CASE
                WHEN state = 'scheduled' AND clock_timestamp() >= ends_at THEN 'closed'
                WHEN state = 'scheduled' AND clock_timestamp() >= starts_at THEN 'open'
                ELSE state
            END AS state,
            starts_at, ends_at, settle_at, mine.to_mark, mine.marked, marks_locked_at IS NOT NULL AS locked
        FROM jurors
        JOIN campaigns ON campaigns.id = jurors.campaign_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS to_mark, count(*) FILTER (WHERE is_marked) AS marked
            FROM juror_entries
            WHERE juror_entries.campaign_id = campaigns.id AND juror_entries.account_id = $1
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
