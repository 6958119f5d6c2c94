"""SQL of objections and of requested replacements. Callers that write hold a lock on the campaign's row."""

from collections.abc import Sequence

from feed.postgres import Connection, many, one
from feed.prizes.model import Objection, ObjectionId, ObjectionKind, Remedy, WinnerId
from feed.reasons import ReplacementReason


async def add_objection(
    conn: Connection,
    campaign_id: int,
    settlement_id: int,
    account_id: int,
    *,
    kind: ObjectionKind,
    text: str,
    post_id: int | None,
    comment_id: int | None,
) -> ObjectionId | None:
    """The id of the new objection; None if the person has an open one of the kind, with any account. Does not check `Objecting`."""
    objection_id: ObjectionId | None = await conn.fetchval(
        """
        INSERT INTO objections (campaign_id, settlement_id, account_id, kind, post_id, text, comment_id)
        SELECT $1, $2, $3, $4, $5, $6, $7
        WHERE NOT EXISTS (
            SELECT
            FROM objections
            JOIN same_person_accounts AS same ON same.same_id = objections.account_id
            WHERE objections.settlement_id = $2 AND same.account_id = $3 AND objections.kind = $4
                AND objections.answered_at IS NULL
        )
        RETURNING id
        """,
        campaign_id,
        settlement_id,
        account_id,
        kind,
        post_id,
        text,
        comment_id,
    )
    return objection_id


async def has_entry(conn: Connection, campaign_id: int, *, post_id: int | None, comment_id: int | None) -> bool:
    """Whether the post or the comment, or with neither any entry, is one of the campaign's."""
    return bool(
        await conn.fetchval(
            """
            SELECT ($2::bigint IS NULL OR EXISTS (SELECT FROM entries WHERE campaign_id = $1 AND post_id = $2))
                AND (
                    $3::bigint IS NULL
                    OR EXISTS (
                        SELECT
                        FROM campaigns JOIN comments ON comments.post_id = campaigns.entry_post_id
                        WHERE campaigns.id = $1 AND campaigns.entry_by = 'comment' AND comments.id = $3
                            AND comments.created_at >= campaigns.starts_at AND comments.created_at < campaigns.ends_at
                    )
                )
            """,
            campaign_id,
            post_id,
            comment_id,
        )
    )


async def find_of_account(
    conn: Connection, settlement_id: int, account_id: int, kind: ObjectionKind
) -> Objection | None:
    """The account's latest objection of the kind to this result."""
    row = await conn.fetchrow(
        """
        SELECT id, campaign_id, settlement_id, account_id, kind, text, answered_by, answered_at, remedy, winner_id
        FROM objections
        WHERE settlement_id = $1 AND account_id = $2 AND kind = $3
        ORDER BY id DESC
        LIMIT 1
        """,
        settlement_id,
        account_id,
        kind,
    )
    return one(row, Objection)


async def list_unanswered(
    conn: Connection, settlement_id: int, kind: ObjectionKind, *, through_id: int, limit: int
) -> list[Objection]:
    """The objections of the kind without an answer, up to `through_id`, oldest first."""
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, settlement_id, account_id, kind, text, answered_by, answered_at, remedy, winner_id
        FROM objections
        WHERE settlement_id = $1 AND kind = $2 AND id <= $3 AND answered_at IS NULL
        ORDER BY id
        LIMIT $4
        """,
        settlement_id,
        kind,
        through_id,
        limit,
    )
    return many(rows, Objection)


async def count_answered(
    conn: Connection, settlement_id: int, kind: ObjectionKind, *, through_id: int, answer: str, by: int
) -> tuple[int, int]:
    """How many objections of the kind, up to `through_id`, have this answer of the account, and how many have none."""
    row = await conn.fetchrow(
        """
        SELECT count(*) FILTER (WHERE answer = $4 AND answered_by = $5) AS answered,
            count(*) FILTER (WHERE answered_at IS NULL) AS unanswered
        FROM objections
        WHERE settlement_id = $1 AND kind = $2 AND id <= $3
        """,
        settlement_id,
        kind,
        through_id,
        answer,
        by,
    )
    assert row is not None
    return row["answered"], row["unanswered"]


async def find_objection(conn: Connection, objection_id: int) -> Objection | None:
    """The objection. Callers read it to find the campaign, and again after locking that."""
    row = await conn.fetchrow(
        """
        SELECT id, campaign_id, settlement_id, account_id, kind, text, answered_by, answered_at, remedy, winner_id
        FROM objections
        WHERE id = $1
        """,
        objection_id,
    )
    return one(row, Objection)


async def mark_answered(
    conn: Connection,
    objection_ids: Sequence[ObjectionId],
    *,
    answer: str,
    by: int,
    remedy: Remedy | None,
    winner_id: WinnerId | None,
) -> None:
    """Answers objections. Those that have an answer keep it."""
    await conn.execute(
        """
        UPDATE objections
        SET answer = $2, answered_by = $3, answered_at = clock_timestamp(), remedy = $4, winner_id = $5
        WHERE id = ANY ($1::bigint[]) AND answered_at IS NULL
        """,
        list(objection_ids),
        answer,
        by,
        remedy,
        winner_id,
    )


async def mark_remedied(conn: Connection, settlement_id: int, *, winner_id: WinnerId | None) -> int:
    """Marks upheld objections as remedied: by replacing this winner, or all of the settlement for None. Returns how many."""
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


async def find_upheld_kind(conn: Connection, winner_id: WinnerId) -> ObjectionKind | None:
    """The kind of the first upheld objection that asks for the replacement of this winner and is not remedied; None without one."""
    kind: ObjectionKind | None = await conn.fetchval(
        "SELECT kind FROM objections WHERE winner_id = $1 AND remedied_at IS NULL ORDER BY answered_at, id LIMIT 1",
        winner_id,
    )
    return kind


async def has_upheld_to_settle_again(conn: Connection, settlement_id: int) -> bool:
    """Whether an objection with the remedy `settle_again` was upheld and the remedy is not carried out."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM objections
                WHERE settlement_id = $1 AND remedy = 'settle_again' AND remedied_at IS NULL
            )
            """,
            settlement_id,
        )
    )


async def has_open(conn: Connection, settlement_id: int) -> bool:
    """Whether an objection to this settlement is unanswered or not remedied."""
    return bool(
        await conn.fetchval("SELECT EXISTS (SELECT FROM open_objections WHERE settlement_id = $1)", settlement_id)
    )


async def change_replacement(
    conn: Connection, winner_id: WinnerId, *, by: int, reason: str, reason_code: ReplacementReason | None = None
) -> None:
    """Records the request to replace a winner, in place of one that does not count any more."""
    await conn.execute(
        """
        INSERT INTO replacements (winner_id, asked_by, reason, reason_code) VALUES ($1, $2, $3, $4)
        ON CONFLICT (winner_id) DO UPDATE
        SET asked_by = excluded.asked_by, reason = excluded.reason, reason_code = excluded.reason_code,
            asked_at = excluded.asked_at
        """,
        winner_id,
        by,
        reason,
        reason_code,
    )


async def list_due_to_finish(conn: Connection) -> list[int]:
    """Ids of announced campaigns whose objection period is over, without open objections, in random order."""
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
