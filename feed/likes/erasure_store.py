"""SQL that finds where the likes of an erased account have left its name. The likes stay: who likes is a number without a name."""

from feed.inbox.model import NotificationKey
from feed.postgres import Connection


async def list_naming_notices(conn: Connection, account_id: int, *, limit: int) -> list[NotificationKey]:
    """Some notifications about likes of posts that name the account."""
    rows = await conn.fetch(
        """
        SELECT inbox.account_id, inbox.once_key
        FROM (
            SELECT post_id FROM likes WHERE account_id = $1 UNION SELECT post_id FROM past_likes WHERE account_id = $1
        ) AS liked
        JOIN posts ON posts.id = liked.post_id
        JOIN inbox ON inbox.account_id = posts.author_id AND inbox.once_key = 'likes:' || liked.post_id
        WHERE inbox.subject -> 'user_ids' ? $1::bigint::text
        LIMIT $2
        """,
        account_id,
        limit,
    )
    return [(row["account_id"], row["once_key"]) for row in rows]
