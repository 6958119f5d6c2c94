"""SQL for seeding: lock, check and maintenance."""

from datetime import datetime

from feed.auth.tokens import LOCAL_ISSUER
from feed.postgres import Connection
from feed.seeding.model import SUBJECT


async def try_lock(conn: Connection) -> bool:
    """Takes the lock until `unlock` or the end of the connection, so that one process seeds at a time. False if it is taken."""
    free: bool = await conn.fetchval("SELECT pg_try_advisory_lock(hashtextextended('feed.seeding', 0))")
    return free


async def unlock(conn: Connection) -> None:
    await conn.execute("SELECT pg_advisory_unlock(hashtextextended('feed.seeding', 0))")


async def find_content(conn: Connection) -> str | None:
    """What the database contains that must not be mixed with seeded posts, as a word; None if it is empty."""
    found: str | None = await conn.fetchval(
        """
        SELECT CASE
            WHEN EXISTS (SELECT FROM posts) THEN 'posts'
            WHEN EXISTS (SELECT FROM campaigns) THEN 'campaigns'
            WHEN EXISTS (SELECT FROM accounts WHERE iss = $1 AND starts_with(sub, $2)) THEN 'seeded accounts'
        END
        """,
        LOCAL_ISSUER,
        SUBJECT,
    )
    return found


async def get_now(conn: Connection) -> datetime:
    now: datetime = await conn.fetchval("SELECT date_trunc('milliseconds', clock_timestamp())")
    return now


async def vacuum(conn: Connection) -> None:
    """Updates statistics and visibility maps now, as autovacuum would otherwise do during a benchmark."""
    await conn.execute(
        "VACUUM (ANALYZE) accounts, topics, posts, post_revisions, topic_posts, post_stats, likes, comments"
    )
