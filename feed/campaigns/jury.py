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
    assigned_at: datetime


class Mark(msgspec.Struct, frozen=True):
    """What one juror thinks of one entry, as it was in that revision."""

    post_id: int
    juror_id: int
    score: Decimal
    scores: dict[str, str] | None
    note: str | None
    revision: int | None
    marked_at: datetime


async def list_jurors(conn: Connection, campaign_id: int) -> list[Juror]:
    """Who marks now. Empty: any editor may."""
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


async def list_who_marked(conn: Connection, campaign_id: int) -> list[Juror]:
    """Whose marks count, each with the time of the first one: of a campaign without a jury, those who mark."""
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


async def list_twice_named(conn: Connection, account_ids: Sequence[int]) -> list[int]:
    """Those of the accounts whose person is already among them by an account with a lower id."""
    rows = await conn.fetch(
        """
        SELECT accounts.id
        FROM accounts
        WHERE accounts.id = ANY($1::bigint[]) AND EXISTS (
            SELECT FROM accounts AS earlier
            WHERE earlier.id = ANY($1::bigint[]) AND earlier.person = accounts.person AND earlier.id < accounts.id
        )
        ORDER BY accounts.id
        """,
        account_ids,
    )
    return [row["id"] for row in rows]


async def has_marked_otherwise(conn: Connection, campaign_id: int, post_id: int, account_id: int) -> bool:
    """Whether a mark that counts is the same person's, by another account."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM counted_marks AS marks
                JOIN accounts AS other ON other.id = marks.juror_id
                JOIN accounts AS self ON self.person = other.person
                WHERE marks.campaign_id = $1 AND marks.post_id = $2 AND self.id = $3 AND other.id <> $3
            )
            """,
            campaign_id,
            post_id,
            account_id,
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
    """The juror's mark of what would be judged now, in place of an earlier one, which is kept.

    False when it says what the earlier one said, of the same revision, and counts.
    """
    return bool(
        await conn.fetchval(
            """
            WITH given AS (
                SELECT (
                    SELECT revision
                    FROM post_revisions JOIN campaigns ON campaigns.id = $1
                    WHERE post_id = $2 AND post_revisions.created_at < campaigns.ends_at AND approved_at IS NOT NULL
                    ORDER BY revision DESC
                    LIMIT 1
                ) AS revision
            ), said AS (
                SELECT marks.*
                FROM marks, given
                WHERE marks.campaign_id = $1 AND marks.post_id = $2 AND marks.juror_id = $3
                    AND (marks.score, marks.scores, marks.note) IS NOT DISTINCT FROM ($4::numeric, $5::jsonb, $6::text)
                    AND marks.revision IS NOT DISTINCT FROM given.revision
                    AND EXISTS (
                        SELECT FROM counted_marks AS counted
                        WHERE counted.campaign_id = $1 AND counted.post_id = $2 AND counted.juror_id = $3
                    )
            ), replaced AS (
                INSERT INTO past_marks (campaign_id, post_id, juror_id, score, scores, note, revision, marked_at)
                SELECT campaign_id, post_id, juror_id, score, scores, note, revision, marked_at
                FROM marks
                WHERE campaign_id = $1 AND post_id = $2 AND juror_id = $3 AND NOT EXISTS (SELECT FROM said)
            )
            INSERT INTO marks (campaign_id, post_id, juror_id, score, scores, note, revision, marked_at)
            SELECT $1, $2, $3, $4::numeric, $5::jsonb, $6::text, given.revision, clock_timestamp()
            FROM given
            WHERE NOT EXISTS (SELECT FROM said)
            ON CONFLICT (campaign_id, post_id, juror_id) DO UPDATE
            SET score = excluded.score, scores = excluded.scores, note = excluded.note, revision = excluded.revision,
                marked_at = excluded.marked_at
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
    """The marks that count, by entry and juror."""
    rows = await conn.fetch(
        """
        SELECT post_id, juror_id, score, scores, note, revision, marked_at
        FROM counted_marks WHERE campaign_id = $1
        ORDER BY post_id, juror_id
        """,
        campaign_id,
    )
    return many(rows, Mark)


async def list_marked(conn: Connection, campaign_id: int) -> list[int]:
    """The entries, by id, that anybody has marked, whether it counts or not."""
    rows = await conn.fetch("SELECT DISTINCT post_id FROM marks WHERE campaign_id = $1 ORDER BY post_id", campaign_id)
    return [row["post_id"] for row in rows]


async def count_marks_by(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> int:
    """How many marks of these accounts count now."""
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM counted_marks WHERE campaign_id = $1 AND juror_id = ANY($2::bigint[])",
            campaign_id,
            account_ids,
        )
    )


async def list_to_mark(conn: Connection, campaign_id: int) -> list[int]:
    """The shortlisted entries, by id, that still compete."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id
        FROM entries JOIN visible_posts AS posts ON posts.id = entries.post_id
        WHERE entries.campaign_id = $1 AND entries.shortlisted_at IS NOT NULL AND entries.disqualified_at IS NULL
        ORDER BY entries.post_id
        """,
        campaign_id,
    )
    return [row["post_id"] for row in rows]
