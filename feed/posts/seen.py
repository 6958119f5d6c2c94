"""A post as others see it now: with what is taken down, but not written to it yet."""

from feed.postgres import Connection, one
from feed.posts.model import Post


async def find_post_as_seen(conn: Connection, post_id: int) -> Post | None:
    """The post with the holds of takedowns that are not written to it yet; None if there is none."""
    row = await conn.fetchrow(
        """
        SELECT posts.id, posts.author_id, posts.state,
               posts.holds
                   | CASE WHEN EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = posts.author_id) THEN 4 ELSE 0 END
                   | CASE WHEN posts.state = 'published' AND posts.holds = 0
                         AND EXISTS (SELECT FROM taken_down_topics AS down WHERE down.topic_id = ANY (revisions.topic_ids)) THEN 8 ELSE 0 END
                   AS holds,
               posts.revision, posts.latest_revision, posts.comment_policy, posts.created_at, posts.published_at, posts.edited_at
        FROM posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        WHERE posts.id = $1
        """,
        post_id,
    )
    return one(row, Post)
