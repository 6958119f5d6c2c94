"""The SQL of likes. A like is a row; an unlike moves it to the past with the instant of its end."""

from collections.abc import Sequence

from feed.postgres import Connection

Pair = tuple[int, int]


async def add_likes(conn: Connection, pairs: Sequence[Pair]) -> list[Pair]:
    """Those of the pairs (post, account), ordered by both, that are new: a retried request adds nothing."""
    rows = await conn.fetch(
        """
        INSERT INTO likes (post_id, account_id)
        SELECT post_id, account_id FROM unnest($1::bigint[], $2::bigint[]) AS given (post_id, account_id)
        ON CONFLICT DO NOTHING
        RETURNING post_id, account_id
        """,
        [post_id for post_id, _ in pairs],
        [account_id for _, account_id in pairs],
    )
    return [(row["post_id"], row["account_id"]) for row in rows]


async def remove_likes(conn: Connection, pairs: Sequence[Pair]) -> list[Pair]:
    """Those of the pairs (post, account) that were likes; their intervals are closed and kept."""
    rows = await conn.fetch(
        """
        WITH gone AS (
            DELETE FROM likes
            USING unnest($1::bigint[], $2::bigint[]) AS given (post_id, account_id)
            WHERE likes.post_id = given.post_id AND likes.account_id = given.account_id
            RETURNING likes.post_id, likes.account_id, likes.liked_at
        )
        INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at)
        SELECT post_id, account_id, liked_at, greatest(liked_at, clock_timestamp()) FROM gone
        RETURNING post_id, account_id
        """,
        [post_id for post_id, _ in pairs],
        [account_id for _, account_id in pairs],
    )
    return [(row["post_id"], row["account_id"]) for row in rows]
