"""The SQL of likes of comments. A like is a row; an unlike moves it to `past_comment_likes` with its end."""

from collections.abc import Sequence

from feed.postgres import Connection, columns

# Post, comment, account: the post is first because rows are indexed and partitioned by it.
Triple = tuple[int, int, int]


async def add_likes(conn: Connection, triples: Sequence[Triple]) -> list[Triple]:
    """Adds likes and returns the new ones, in the given order. A retried request adds nothing."""
    rows = await conn.fetch(
        """
        INSERT INTO comment_likes (post_id, comment_id, account_id)
        SELECT post_id, comment_id, account_id
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS given (post_id, comment_id, account_id)
        ON CONFLICT DO NOTHING
        RETURNING post_id, comment_id, account_id
        """,
        *columns(triples, 3),
    )
    return [(row["post_id"], row["comment_id"], row["account_id"]) for row in rows]


async def remove_likes(conn: Connection, triples: Sequence[Triple]) -> list[Triple]:
    """Removes likes and returns those that existed. Their intervals are stored as past likes."""
    rows = await conn.fetch(
        """
        WITH gone AS (
            DELETE FROM comment_likes AS likes
            USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS given (post_id, comment_id, account_id)
            WHERE likes.post_id = given.post_id AND likes.comment_id = given.comment_id
              AND likes.account_id = given.account_id
            RETURNING likes.post_id, likes.comment_id, likes.account_id, likes.liked_at
        )
        INSERT INTO past_comment_likes (post_id, comment_id, account_id, liked_at, unliked_at)
        SELECT post_id, comment_id, account_id, liked_at, greatest(liked_at, clock_timestamp()) FROM gone
        RETURNING post_id, comment_id, account_id
        """,
        *columns(triples, 3),
    )
    return [(row["post_id"], row["comment_id"], row["account_id"]) for row in rows]
