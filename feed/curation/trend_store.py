"""The SQL of trending topics, computed from the posts of the last days."""

from datetime import timedelta

from feed.postgres import Connection


async def try_trends_lock(conn: Connection) -> bool:
    """Takes the lock of the computation until the transaction ends. False if another worker holds it."""
    free: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('feed.trends', 0))")
    return free


async def count_trends(conn: Connection, *, reach: timedelta, half_life: timedelta, posts: int, topics: int) -> int:
    """Computes the trend scores. Reads the newest `posts` within `reach`, keeps the best `topics`. Returns how many rows changed.

    The score is the sum over persons of their best post under the topic: the logarithm of its engagement by others, halved
    every half-life. So ten people count more than ten posts of one. Scores refer to a fixed instant in the past
    instead of now; the order is the same, and a row changes only when engagement does.
    """
    changed: int = await conn.fetchval(
        """
        WITH recent AS MATERIALIZED (
            SELECT posts.id, posts.author_id, posts.published_at
            FROM visible_posts AS posts
            WHERE posts.published_at > now() - $1::interval
            ORDER BY posts.published_at DESC, posts.id DESC
            LIMIT $3
        ), shares AS (
            SELECT coalesce(topics.alias_of, topics.id) AS topic_id,
                   persons.person,
                   count(DISTINCT recent.id) AS posts,
                   max(
                       (
                           1 + log(
                               1 + (stats.like_count - stats.own_like_count)::double precision
                               + 2 * (stats.comment_count - stats.own_comment_count)
                           )
                       ) * power(0.5, extract(epoch FROM now() - recent.published_at)::double precision / $2)
                   ) AS share
            FROM recent
            JOIN topic_posts ON topic_posts.post_id = recent.id
            JOIN shown_topics AS topics ON topics.id = topic_posts.topic_id
            JOIN post_stats AS stats ON stats.post_id = recent.id
            JOIN persons ON persons.account_id = recent.author_id
            GROUP BY 1, 2
        ), counted AS (
            SELECT topic_id, count(*) AS authors, sum(posts) AS posts,
                   round((ln(sum(share)) / ln(2) + extract(epoch FROM now())::double precision / $2)::numeric, 6) AS score
            FROM shares
            GROUP BY topic_id
            ORDER BY score DESC, topic_id DESC
            LIMIT $4
        ), gone AS (
            DELETE FROM topic_trends
            WHERE NOT EXISTS (SELECT FROM counted WHERE counted.topic_id = topic_trends.topic_id)
            RETURNING topic_id
        ), moved AS (
            INSERT INTO topic_trends AS held (topic_id, score, author_count, post_count)
            SELECT topic_id, score, authors, posts FROM counted ORDER BY topic_id
            ON CONFLICT (topic_id) DO UPDATE
            SET score = excluded.score, author_count = excluded.author_count, post_count = excluded.post_count,
                counted_at = now()
            WHERE (held.score, held.author_count, held.post_count)
                IS DISTINCT FROM (excluded.score, excluded.author_count, excluded.post_count)
            RETURNING topic_id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM moved)
        """,
        reach,
        half_life.total_seconds(),
        posts,
        topics,
    )
    return changed
