"""What takedowns leave: their chunks, run until nothing is left, and every counter that depends on them."""

from typing import Any

from feed.moderation.takedowns.spread import spread_next_takedown
from feed.postgres import Pool

COUNTERS = """
SELECT posts.id, posts.state, posts.holds, stats.comment_count, accounts.post_count,
       (SELECT count(*) FROM topic_posts WHERE topic_posts.post_id = posts.id) AS under_topics,
       (SELECT coalesce(json_agg(json_build_object('id', comments.id, 'state', comments.state, 'holds', comments.holds,
                                                   'replies', comments.reply_count) ORDER BY comments.id), '[]')::text
        FROM comments WHERE comments.post_id = posts.id) AS comments
FROM posts JOIN post_stats AS stats ON stats.post_id = posts.id JOIN accounts ON accounts.id = posts.author_id
ORDER BY posts.id
"""
# The stored counters that differ from a recount.
WRONG = """
SELECT posts.id FROM posts JOIN post_stats AS stats ON stats.post_id = posts.id JOIN accounts ON accounts.id = posts.author_id
WHERE stats.comment_count <> (SELECT count(*) FROM visible_comments AS seen WHERE seen.post_id = posts.id)
   OR accounts.post_count <> (SELECT count(*) FROM visible_posts AS seen WHERE seen.author_id = posts.author_id)
   OR EXISTS (
       SELECT FROM comments WHERE comments.post_id = posts.id AND comments.reply_count
           <> (SELECT count(*) FROM visible_comments AS seen WHERE seen.root_id = comments.id)
   )
"""


async def spread(pool: Pool) -> None:
    """Runs the job until nothing is left."""
    await pool.execute("UPDATE takedowns SET checked_at = '-infinity'")
    while await spread_next_takedown(pool):
        pass


async def counters(pool: Pool) -> list[dict[str, Any]]:
    assert await pool.fetch(WRONG) == []
    return [dict(row) for row in await pool.fetch(COUNTERS)]


async def holds_of(pool: Pool, item_id: int) -> int:
    """The holds of a post or comment."""
    return int(
        await pool.fetchval(
            "SELECT holds FROM posts WHERE id = $1 UNION ALL SELECT holds FROM comments WHERE id = $1", item_id
        )
    )
