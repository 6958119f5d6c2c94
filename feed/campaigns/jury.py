"""SQL of the jury: who marks a campaign's entries, and the marks."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from feed.postgres import Connection, many


class Juror(msgspec.Struct, frozen=True):
    """Somebody who has been asked to mark; needs no role."""

    account_id: int
    name: str


class Mark(msgspec.Struct, frozen=True):
    """What one juror thinks of one entry."""

    post_id: int
    juror_id: int
    score: Decimal
    note: str | None
    marked_at: datetime


async def list_jurors(conn: Connection, campaign_id: int) -> list[Juror]:
    """Who marks now. Empty: any editor may."""
    rows = await conn.fetch(
        """
        SELECT jurors.account_id, accounts.name
        FROM jurors JOIN accounts ON accounts.id = jurors.account_id
        WHERE jurors.campaign_id = $1 AND jurors.removed_at IS NULL
        ORDER BY jurors.account_id
        """,
        campaign_id,
    )
    return many(rows, Juror)


async def list_unknown(conn: Connection, account_ids: Sequence[int]) -> list[int]:
    """Those of the ids that are nobody's."""
    rows = await conn.fetch(
        """
        SELECT given.id FROM unnest($1::bigint[]) AS given (id)
        WHERE NOT EXISTS (SELECT FROM accounts WHERE accounts.id = given.id AND accounts.erased_at IS NULL)
        """,
        account_ids,
    )
    return [row["id"] for row in rows]


async def change_jurors(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> None:
    """Makes these the jurors and nobody else; who was one before is still known."""
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


async def may_mark(conn: Connection, campaign_id: int, account_id: int) -> bool:
    """Whether the account is one of the jurors, or, while there are none, an editor or admin."""
    return bool(
        await conn.fetchval(
            """
            SELECT CASE
                WHEN EXISTS (SELECT FROM jurors WHERE campaign_id = $1 AND removed_at IS NULL) THEN EXISTS (
                    SELECT FROM jurors WHERE campaign_id = $1 AND account_id = $2 AND removed_at IS NULL
                )
                ELSE EXISTS (
                    SELECT FROM staff_rights
                    WHERE account_id = $2 AND role IN ('editor', 'admin') AND revoked_at IS NULL
                )
            END
            """,
            campaign_id,
            account_id,
        )
    )


async def is_own(conn: Connection, account_id: int, author_id: int) -> bool:
    """Whether both accounts are one person's."""
    return account_id == author_id or bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM accounts AS juror JOIN accounts AS author ON author.person = juror.person
                WHERE juror.id = $1 AND author.id = $2
            )
            """,
            account_id,
            author_id,
        )
    )


async def add_mark(
    conn: Connection,
    *,
    campaign_id: int,
    post_id: int,
    juror_id: int,
    score: Decimal,
    scores: dict[str, str] | None,
    note: str | None,
) -> bool:
    """The juror's mark of the entry, in place of an earlier one. False when it says what the earlier one said."""
    return bool(
        await conn.fetchval(
            """
            INSERT INTO marks (campaign_id, post_id, juror_id, score, scores, note)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (campaign_id, post_id, juror_id) DO UPDATE
            SET score = excluded.score, scores = excluded.scores, note = excluded.note, marked_at = now()
            WHERE (marks.score, marks.scores, marks.note)
                IS DISTINCT FROM (excluded.score, excluded.scores, excluded.note)
            RETURNING true
            """,
            campaign_id,
            post_id,
            juror_id,
            score,
            scores,
            note,
        )
    )


async def list_marks(conn: Connection, campaign_id: int) -> list[Mark]:
    """The marks that count: those of the present jurors; everybody's while there are none.

    Who is taken off the jury takes the marks along, and gets them back when named again.
    """
    rows = await conn.fetch(
        """
        SELECT post_id, juror_id, score, note, marked_at
        FROM marks
        WHERE campaign_id = $1 AND (
            NOT EXISTS (SELECT FROM jurors WHERE campaign_id = $1 AND removed_at IS NULL)
            OR EXISTS (
                SELECT FROM jurors
                WHERE jurors.campaign_id = $1 AND jurors.account_id = marks.juror_id AND jurors.removed_at IS NULL
            )
        )
        ORDER BY post_id, juror_id
        """,
        campaign_id,
    )
    return many(rows, Mark)


async def list_marked(conn: Connection, campaign_id: int) -> list[int]:
    """The entries, by id, that anybody has marked."""
    rows = await conn.fetch("SELECT DISTINCT post_id FROM marks WHERE campaign_id = $1 ORDER BY post_id", campaign_id)
    return [row["post_id"] for row in rows]


async def list_unmarked(conn: Connection, campaign_id: int) -> list[int]:
    """The shortlisted entries, by id, that still compete and that nobody whose mark counts has marked."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id
        FROM entries JOIN visible_posts AS posts ON posts.id = entries.post_id
        WHERE entries.campaign_id = $1 AND entries.shortlisted_at IS NOT NULL AND entries.disqualified_at IS NULL
            AND NOT EXISTS (
                SELECT FROM marks
                WHERE marks.campaign_id = $1 AND marks.post_id = entries.post_id AND (
                    NOT EXISTS (SELECT FROM jurors WHERE jurors.campaign_id = $1 AND jurors.removed_at IS NULL)
                    OR EXISTS (
                        SELECT FROM jurors
                        WHERE jurors.campaign_id = $1 AND jurors.account_id = marks.juror_id
                            AND jurors.removed_at IS NULL
                    )
                )
            )
        ORDER BY entries.post_id
        """,
        campaign_id,
    )
    return [row["post_id"] for row in rows]
