"""SQL that erases what an account has written about prizes. The claim of a place that it gives up ends with the place."""

from feed.postgres import Connection


async def empty_objections(conn: Connection, account_id: int, *, limit: int) -> int:
    """Empties the texts of answered objections of the account and of their answers. Returns how many.

    An open one is read by who decides it; that there was one, its kind and its outcome stay.
    """
    tag = await conn.execute(
        """
        UPDATE objections SET text = '', answer = CASE WHEN answer IS NULL THEN NULL ELSE '' END
        WHERE id IN (
            SELECT id FROM objections
            WHERE account_id = $1 AND answered_at IS NOT NULL AND (text <> '' OR answer <> '')
            LIMIT $2
        )
        """,
        account_id,
        limit,
    )
    return int(tag.split()[-1])


async def has_open_matters(conn: Connection, account_id: int) -> bool:
    """Whether an objection of the account is unanswered, or a place of it is about to end."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (SELECT FROM objections WHERE account_id = $1 AND answered_at IS NULL)
                OR EXISTS (
                    SELECT FROM places_to_end JOIN winners ON winners.id = places_to_end.winner_id
                    WHERE winners.account_id = $1
                )
            """,
            account_id,
        )
    )
