"""SQL of jury membership."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, many, one


class Juror(msgspec.Struct, frozen=True):
    """A jury member; needs no staff role."""

    account_id: int
    name: str
    assigned_at: datetime


class JurorReminder(msgspec.Struct, frozen=True):
    """A due reminder: marking has begun, or ends soon with entries that the juror has not marked."""

    campaign_id: int
    account_id: int
    title: str
    settle_at: datetime
    event: Literal["marking_began", "marking_ends"]


async def lock_next_to_remind(conn: Connection) -> JurorReminder | None:
    """A due reminder of a juror, whose row it locks; skips locked rows.

    The notification in the inbox records that a reminder was sent.
    """
    row = await conn.fetchrow(
        """
        SELECT jurors.campaign_id, jurors.account_id, campaigns.draft ->> 'title' AS title, campaigns.settle_at, due.event
        FROM campaigns
        JOIN jurors ON jurors.campaign_id = campaigns.id AND jurors.removed_at IS NULL
        CROSS JOIN LATERAL (
            VALUES ('marking_began', campaigns.starts_at),
                ('marking_ends', greatest(campaigns.starts_at, campaigns.settle_at - interval '2 days'))
        ) AS due (event, at)
        WHERE campaigns.state IN ('scheduled', 'judging') AND campaigns.published_at IS NOT NULL
            AND campaigns.frozen_at IS NULL AND campaigns.marks_locked_at IS NULL
            AND coalesce(campaigns.draft ->> 'method', '') <> 'draw'
            AND coalesce((campaigns.draft #>> '{weights,quality}')::numeric, 1) > 0
            AND due.at <= clock_timestamp() AND clock_timestamp() < campaigns.settle_at
            AND NOT EXISTS (
                SELECT FROM inbox
                WHERE inbox.account_id = jurors.account_id AND inbox.once_key = due.event || ':' || campaigns.id
            )
            AND (
                due.event = 'marking_began'
                OR EXISTS (
                    SELECT FROM juror_entries AS mine
                    WHERE mine.campaign_id = campaigns.id AND mine.account_id = jurors.account_id AND NOT mine.is_marked
                )
            )
        ORDER BY campaigns.settle_at, jurors.account_id, due.event
        LIMIT 1
        FOR NO KEY UPDATE OF jurors SKIP LOCKED
        """
    )
    return one(row, JurorReminder)


async def list_jurors(conn: Connection, campaign_id: int) -> list[Juror]:
    """The present jurors, by account. If there are none, any editor may mark."""
    rows = await conn.fetch(
        """
        SELECT jurors.account_id, accounts.name, jurors.assigned_at
        FROM jurors JOIN accounts ON accounts.id = jurors.account_id
        WHERE jurors.campaign_id = $1 AND jurors.removed_at IS NULL
        ORDER BY jurors.account_id
        """,
        campaign_id,
    )
    return many(rows, Juror)


async def list_jurors_with_marks(conn: Connection, campaign_id: int) -> list[Juror]:
    """The accounts with counted marks, each with the time of its first one; for campaigns without a jury."""
    rows = await conn.fetch(
        """
        SELECT marks.juror_id AS account_id, accounts.name, min(marks.marked_at) AS assigned_at
        FROM counted_marks AS marks JOIN accounts ON accounts.id = marks.juror_id
        WHERE marks.campaign_id = $1
        GROUP BY marks.juror_id, accounts.name
        ORDER BY marks.juror_id
        """,
        campaign_id,
    )
    return many(rows, Juror)


async def change_jurors(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> None:
    """Makes these accounts the jury; the rows of removed jurors are kept."""
    await conn.execute(
        """
        WITH removed AS (
            UPDATE jurors SET removed_at = now()
            WHERE campaign_id = $1 AND removed_at IS NULL AND account_id <> ALL($2::bigint[])
        )
        INSERT INTO jurors (campaign_id, account_id)
        SELECT $1, account_id FROM unnest($2::bigint[]) AS account_id
        ON CONFLICT (campaign_id, account_id) DO UPDATE SET removed_at = NULL, assigned_at = now()
        WHERE jurors.removed_at IS NOT NULL
        """,
        campaign_id,
        account_ids,
    )


async def find_seat(conn: Connection, campaign_id: int, account_id: int) -> bool | None:
    """Whether the account is a juror now; None if it has never been one."""
    seated: bool | None = await conn.fetchval(
        "SELECT removed_at IS NULL FROM jurors WHERE campaign_id = $1 AND account_id = $2", campaign_id, account_id
    )
    return seated


async def mark_removed(conn: Connection, campaign_id: int, account_id: int) -> None:
    """Takes one account off the jury."""
    await conn.execute(
        "UPDATE jurors SET removed_at = now() WHERE campaign_id = $1 AND account_id = $2 AND removed_at IS NULL",
        campaign_id,
        account_id,
    )


async def change_proposal(
    conn: Connection, campaign_id: int, account_ids: Sequence[int], *, reason: str, by: int
) -> None:
    """Stores a proposed jury in place of an earlier one."""
    await conn.execute(
        """
        INSERT INTO jury_changes (campaign_id, user_ids, reason, asked_by) VALUES ($1, $2, $3, $4)
        ON CONFLICT (campaign_id) DO UPDATE
        SET user_ids = excluded.user_ids, reason = excluded.reason, asked_by = excluded.asked_by, asked_at = clock_timestamp()
        """,
        campaign_id,
        account_ids,
        reason,
        by,
    )


async def remove_proposal(conn: Connection, campaign_id: int) -> None:
    """Removes the proposed jury."""
    await conn.execute("DELETE FROM jury_changes WHERE campaign_id = $1", campaign_id)


async def may_mark(conn: Connection, campaign_id: int, account_id: int) -> bool:
    """Whether the account is one of the jurors, or, while there are none, an editor or admin; and its person is not banned."""
    return bool(
        await conn.fetchval(
            """
            SELECT CASE
                WHEN EXISTS (SELECT FROM jurors WHERE campaign_id = $1 AND removed_at IS NULL) THEN EXISTS (
                    SELECT FROM jurors JOIN standings_now AS standing ON standing.account_id = jurors.account_id
                    WHERE campaign_id = $1 AND jurors.account_id = $2 AND removed_at IS NULL AND NOT standing.banned
                )
                ELSE EXISTS (
                    SELECT FROM rights_now WHERE account_id = $2 AND role IN ('editor', 'admin')
                )
            END
            """,
            campaign_id,
            account_id,
        )
    )
