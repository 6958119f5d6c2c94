"""The SQL of likes. A like is a row; an unlike moves it to the past with the instant of its end."""

from collections.abc import Sequence

from feed.postgres import Connection, columns

Pair = tuple[int, int]


async def change_likes(
    conn: Connection, added: Sequence[Pair], removed: Sequence[Pair]
) -> tuple[list[Pair], list[Pair]]:
    """Those of the pairs (post, account) that are new, and those that were likes: a retried request changes nothing.

    No pair stands in both; each list is ordered by both ids. The intervals of what was removed are closed and kept.
    """
    rows = await conn.fetch(
        """
        WITH new AS (
            INSERT INTO likes (post_id, account_id)
            SELECT post_id, account_id FROM unnest($1::bigint[], $2::bigint[]) AS given (post_id, account_id)
            ON CONFLICT DO NOTHING
            RETURNING post_id, account_id
        ), gone AS (
            DELETE FROM likes
            USING unnest($3::bigint[], $4::bigint[]) AS given (post_id, account_id)
            WHERE likes.post_id = given.post_id AND likes.account_id = given.account_id
            RETURNING likes.post_id, likes.account_id, likes.liked_at
        ), past AS (
            INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at)
            SELECT post_id, account_id, liked_at, greatest(liked_at, clock_timestamp()) FROM gone
        )
        SELECT post_id, account_id, true AS is_new FROM new
        UNION ALL
        SELECT post_id, account_id, false FROM gone
        """,
        *columns(added, 2),
        *columns(removed, 2),
    )
    new: list[Pair] = []
    gone: list[Pair] = []
    for post_id, account_id, is_new in rows:
        (new if is_new else gone).append((post_id, account_id))
    return new, gone
