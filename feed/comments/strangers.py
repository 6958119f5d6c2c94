"""Who is a stranger to a person: an account with which the person has had nothing to do."""

from collections.abc import Sequence

from feed.postgres import Connection, columns


async def list_strangers(conn: Connection, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The pairs (protected account, other account) in which the other one is a stranger.

    No stranger is: the same person, staff, and a person whose post or comment the protected person has liked, commented on or
    replied to, with any of their accounts. What the other one has done does not count: else a comment would be enough.
    """
    if not pairs:
        return set()
    rows = await conn.fetch(
        """
        SELECT given.owner_id, given.other_id
        FROM unnest($1::bigint[], $2::bigint[]) AS given (owner_id, other_id)
        CROSS JOIN LATERAL (
            SELECT array_agg(same_id) AS ids FROM same_person_accounts WHERE account_id = given.owner_id
        ) AS owner
        CROSS JOIN LATERAL (
            SELECT array_agg(same_id) AS ids FROM same_person_accounts WHERE account_id = given.other_id
        ) AS other
        WHERE NOT given.other_id = ANY (owner.ids)
            AND NOT EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = given.other_id OFFSET 0)
            AND NOT EXISTS (
                SELECT FROM posts JOIN likes ON likes.post_id = posts.id
                WHERE posts.author_id = ANY (other.ids) AND likes.account_id = ANY (owner.ids)
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT FROM posts JOIN comments ON comments.post_id = posts.id
                WHERE posts.author_id = ANY (other.ids) AND comments.author_id = ANY (owner.ids) AND comments.state <> 'deleted'
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT FROM comments AS answered JOIN comments AS answers ON answers.reply_to_id = answered.id AND answers.post_id = answered.post_id
                WHERE answered.author_id = ANY (other.ids) AND answers.author_id = ANY (owner.ids) AND answers.state <> 'deleted'
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT FROM comments AS answered
                JOIN comment_likes AS liked ON liked.post_id = answered.post_id AND liked.comment_id = answered.id
                WHERE answered.author_id = ANY (other.ids) AND liked.account_id = ANY (owner.ids)
                OFFSET 0
            )
        """,
        *columns(sorted(set(pairs)), 2),
    )
    return {(row["owner_id"], row["other_id"]) for row in rows}
