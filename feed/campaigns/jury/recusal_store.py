"""SQL of recusals and conflicts of interest."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.campaigns.jury.quorum import Tally
from feed.postgres import Connection, many


class Recusal(msgspec.Struct, frozen=True):
    """A juror's declared conflict with an author; it holds for every entry of that person."""

    juror_id: int
    author_id: int
    post_id: int
    reason: str
    declared_at: datetime


async def add_recusal(
    conn: Connection, campaign_id: int, *, juror_id: int, author_id: int, post_id: int, reason: str
) -> bool:
    """Stores a recusal. False if the juror has one with this author already; the first reason stays."""
    return bool(
        await conn.fetchval(
            """
            INSERT INTO recusals (campaign_id, juror_id, author_id, post_id, reason)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
            RETURNING true
            """,
            campaign_id,
            juror_id,
            author_id,
            post_id,
            reason,
        )
    )


async def list_recusals(conn: Connection, campaign_id: int) -> list[Recusal]:
    """The recusals of the campaign, oldest first."""
    rows = await conn.fetch(
        """
        SELECT juror_id, author_id, post_id, reason, declared_at
        FROM recusals WHERE campaign_id = $1
        ORDER BY declared_at, juror_id, author_id
        """,
        campaign_id,
    )
    return many(rows, Recusal)


async def has_conflict(conn: Connection, campaign_id: int, post_id: int, account_id: int) -> bool:
    """Whether the account has a conflict with the entry's author."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (SELECT FROM conflicts WHERE campaign_id = $1 AND post_id = $2 AND account_id = $3)
            """,
            campaign_id,
            post_id,
            account_id,
        )
    )


async def list_in_conflict(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> dict[int, list[int]]:
    """For each account the post ids of the entries that it has a conflict with."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT account_id, post_id FROM conflicts
        WHERE campaign_id = $1 AND account_id = ANY ($2::bigint[])
        ORDER BY account_id, post_id
        """,
        campaign_id,
        account_ids,
    )
    found: dict[int, list[int]] = {account_id: [] for account_id in account_ids}
    for row in rows:
        found[row["account_id"]].append(row["post_id"])
    return found


async def list_tallies(conn: Connection, campaign_id: int) -> list[Tally]:
    """The tallies of shortlisted entries that are not disqualified, by post id."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id,
            (
                SELECT count(*) FROM counted_marks AS marks
                WHERE marks.campaign_id = entries.campaign_id AND marks.post_id = entries.post_id
            ) AS marks,
            (
                SELECT count(DISTINCT jurors.account_id)
                FROM jurors
                JOIN conflicts ON conflicts.campaign_id = jurors.campaign_id AND conflicts.account_id = jurors.account_id
                WHERE jurors.campaign_id = entries.campaign_id AND jurors.removed_at IS NULL
                    AND conflicts.post_id = entries.post_id
            ) AS recused
        FROM entries
        WHERE entries.campaign_id = $1 AND entries.shortlisted_at IS NOT NULL AND entries.disqualified_at IS NULL
        ORDER BY entries.post_id
        """,
        campaign_id,
    )
    return many(rows, Tally)
