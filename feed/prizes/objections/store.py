"""The SQL of objections, and of replacements that one person has asked for. Whoever writes holds the campaign's row."""

from feed.postgres import Connection, one
from feed.prizes.model import Objection, ObjectionId, Remedy, WinnerId


async def add_objection(
    conn: Connection, campaign_id: int, settlement_id: int, account_id: int, *, text: str, post_id: int | None
) -> ObjectionId | None:
    """The new objection; None when this person has made one, with whatever account. Whether it is in time, `is_open` says."""
    objection_id: ObjectionId | None = await conn.fetchval(
        """
        INSERT INTO objections (campaign_id, settlement_id, account_id, post_id, text)
        SELECT $1, $2, $3, $4, $5
        WHERE NOT EXISTS (
            SELECT
            FROM objections
            JOIN same_person_accounts AS same ON same.same_id = objections.account_id
            WHERE objections.settlement_id = $2 AND same.account_id = $3
        )
        ON CONFLICT (settlement_id, account_id) DO NOTHING
        RETURNING id
        """,
        campaign_id,
        settlement_id,
        account_id,
        post_id,
        text,
    )
    return objection_id


async def is_open(conn: Connection, campaign_id: int) -> bool:
    """Whether it is the time for objections, by the database's clock."""
    return bool(
        await conn.fetchval(
            "SELECT state = 'announced' AND clock_timestamp() < objections_end_at FROM campaigns WHERE id = $1",
            campaign_id,
        )
    )


async def has_entry(conn: Connection, campaign_id: int, post_id: int) -> bool:
    """Whether the post is an entry of the campaign."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM entries WHERE campaign_id = $1 AND post_id = $2)", campaign_id, post_id
        )
    )


async def find_of_account(conn: Connection, settlement_id: int, account_id: int) -> Objection | None:
    """What this account has objected to this result."""
    row = await conn.fetchrow(
        """
        SELECT id, campaign_id, settlement_id, account_id, text, answered_by, answered_at, remedy, winner_id
        FROM objections
        WHERE settlement_id = $1 AND account_id = $2
        """,
        settlement_id,
        account_id,
    )
    return one(row, Objection)


async def find_objection(conn: Connection, objection_id: int) -> Objection | None:
    """The objection. Read once to know the campaign, and again when that is held."""
    row = await conn.fetchrow(
        """
        SELECT id, campaign_id, settlement_id, account_id, text, answered_by, answered_at, remedy, winner_id
        FROM objections
        WHERE id = $1
        """,
        objection_id,
    )
    return one(row, Objection)


async def mark_answered(
    conn: Connection,
    objection_id: ObjectionId,
    *,
    answer: str,
    by: int,
    remedy: Remedy | None,
    winner_id: WinnerId | None,
) -> bool:
    """Whether it was open until now."""
    return bool(
        await conn.fetchval(
            """
            UPDATE objections
            SET answer = $2, answered_by = $3, answered_at = clock_timestamp(), remedy = $4, winner_id = $5
            WHERE id = $1 AND answered_at IS NULL
            RETURNING true
            """,
            objection_id,
            answer,
            by,
            remedy,
            winner_id,
        )
    )


async def mark_remedied(conn: Connection, settlement_id: int, *, winner_id: WinnerId | None) -> int:
    """How many upheld objections get what they asked for: this winner replaced, or for None all of the result set aside."""
    rows = await conn.fetch(
        """
        UPDATE objections SET remedied_at = clock_timestamp()
        WHERE settlement_id = $1 AND remedy IS NOT NULL AND remedied_at IS NULL
            AND ($2::bigint IS NULL OR winner_id = $2)
        RETURNING id
        """,
        settlement_id,
        winner_id,
    )
    return len(rows)


async def find_settle_again_approver(conn: Connection, settlement_id: int) -> int | None:
    """Who has upheld an objection that asks for another settlement; None when nobody has."""
    answered_by: int | None = await conn.fetchval(
        """
        SELECT answered_by
        FROM objections
        WHERE settlement_id = $1 AND remedy = 'settle_again' AND remedied_at IS NULL
        ORDER BY id
        LIMIT 1
        """,
        settlement_id,
    )
    return answered_by


async def has_open(conn: Connection, settlement_id: int) -> bool:
    """Whether an objection waits for its answer, or for what its answer promises; a winner gone by himself is replaced."""
    return bool(
        await conn.fetchval("SELECT EXISTS (SELECT FROM open_objections WHERE settlement_id = $1)", settlement_id)
    )


async def add_replacement(conn: Connection, winner_id: WinnerId, *, by: int, reason: str) -> bool:
    """Whether nobody had asked for it before."""
    return bool(
        await conn.fetchval(
            """
            INSERT INTO replacements (winner_id, asked_by, reason) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING
            RETURNING true
            """,
            winner_id,
            by,
            reason,
        )
    )


async def list_replacement_requesters(conn: Connection, winner_id: WinnerId) -> list[int]:
    """Who has said that this winner is to be replaced, and so must not be who does it.

    Where an objection was upheld, that is whoever has upheld it: who had asked before is another person, and may.
    """
    rows = await conn.fetch(
        """
        SELECT answered_by AS account_id FROM objections WHERE winner_id = $1 AND remedied_at IS NULL
        UNION
        SELECT asked_by
        FROM replacements
        WHERE winner_id = $1 AND NOT EXISTS (SELECT FROM objections WHERE winner_id = $1 AND remedied_at IS NULL)
        """,
        winner_id,
    )
    return [row["account_id"] for row in rows]


async def list_due_to_finish(conn: Connection) -> list[int]:
    """Announced campaigns whose objection days have passed and with nothing open, in no order."""
    rows = await conn.fetch(
        """
        SELECT campaigns.id
        FROM campaigns
        JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        WHERE campaigns.state = 'announced' AND campaigns.objections_end_at <= clock_timestamp()
            AND NOT EXISTS (SELECT FROM open_objections WHERE open_objections.settlement_id = settlements.id)
        ORDER BY random()
        LIMIT 100
        """
    )
    return [row["id"] for row in rows]
