"""SQL of marks, each bound to a revision of an entry."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from feed.postgres import Connection, many


class Mark(msgspec.Struct, frozen=True):
    """A juror's mark of a revision of an entry."""

    post_id: int
    juror_id: int
    score: Decimal
    scores: dict[str, str] | None
    note: str | None
    revision: int | None
    marked_at: datetime


async def find_judged_revision(conn: Connection, campaign_id: int, post_id: int) -> int | None:
    """The revision that would be judged now; None if none is approved."""
    found: int | None = await conn.fetchval(
        "SELECT revision FROM judged_revisions WHERE campaign_id = $1 AND post_id = $2", campaign_id, post_id
    )
    return found


async def has_mark_by_other_account(conn: Connection, campaign_id: int, post_id: int, account_id: int) -> bool:
    """Whether the account's person has a counted mark of the entry with another account."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM counted_marks AS marks
                JOIN same_person_accounts AS same ON same.account_id = $3 AND same.same_id = marks.juror_id
                WHERE marks.campaign_id = $1 AND marks.post_id = $2 AND marks.juror_id <> $3
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
    """Stores a mark of the revision that would be judged now; an earlier mark moves to `past_marks`.

    False if an equal mark of the same revision counts already.
    """
    return bool(
        await conn.fetchval(
            """
            WITH judged AS (
                SELECT (SELECT revision FROM judged_revisions WHERE campaign_id = $1 AND post_id = $2) AS revision
            ), unchanged AS (
                SELECT marks.*
                FROM marks, judged
                WHERE marks.campaign_id = $1 AND marks.post_id = $2 AND marks.juror_id = $3
                    AND (marks.score, marks.scores, marks.note) IS NOT DISTINCT FROM ($4::numeric, $5::jsonb, $6::text)
                    AND marks.revision IS NOT DISTINCT FROM judged.revision
                    AND EXISTS (
                        SELECT FROM counted_marks AS counted
                        WHERE counted.campaign_id = $1 AND counted.post_id = $2 AND counted.juror_id = $3
                    )
            ), replaced AS (
                INSERT INTO past_marks (campaign_id, post_id, juror_id, score, scores, note, revision, marked_at)
                SELECT campaign_id, post_id, juror_id, score, scores, note, revision, marked_at
                FROM marks
                WHERE campaign_id = $1 AND post_id = $2 AND juror_id = $3 AND NOT EXISTS (SELECT FROM unchanged)
            )
            INSERT INTO marks (campaign_id, post_id, juror_id, score, scores, note, revision, marked_at)
            SELECT $1, $2, $3, $4::numeric, $5::jsonb, $6::text, judged.revision, clock_timestamp()
            FROM judged
            WHERE NOT EXISTS (SELECT FROM unchanged)
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


async def list_marked_entries(conn: Connection, campaign_id: int) -> list[int]:
    """Post ids of the entries that have marks, counted or not."""
    rows = await conn.fetch("SELECT DISTINCT post_id FROM marks WHERE campaign_id = $1 ORDER BY post_id", campaign_id)
    return [row["post_id"] for row in rows]


async def has_marks_by(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> bool:
    """Whether any of these accounts has a mark, counted or not."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM marks WHERE campaign_id = $1 AND juror_id = ANY($2::bigint[]))",
            campaign_id,
            account_ids,
        )
    )


async def count_marks_by(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> int:
    """The number of counted marks of these accounts."""
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM counted_marks WHERE campaign_id = $1 AND juror_id = ANY($2::bigint[])",
            campaign_id,
            account_ids,
        )
    )


async def list_entries_to_mark(conn: Connection, campaign_id: int) -> list[int]:
    """Post ids of the shortlisted entries that compete."""
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
