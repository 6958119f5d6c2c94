"""The same counts in one plain SQL statement, written by hand for this campaign, as the reference for cost and correctness.

It skips what the product has to check (blocks, classes of accounts), records no exclusions, and returns no rows.
"""

import time

from feed.postgres import Pool

COUNTS = """
    WITH campaign AS MATERIALIZED (
        SELECT id, ends_at, ends_at - interval '7 days' AS made_until FROM campaigns WHERE id = $1
    ), refused AS MATERIALIZED (
        SELECT person FROM staff_rights JOIN accounts ON accounts.id = account_id
        UNION
        SELECT person FROM jurors JOIN accounts ON accounts.id = account_id WHERE campaign_id = $1
        UNION
        SELECT person FROM sanctions JOIN accounts ON accounts.id = account_id
        UNION
        SELECT person FROM voids JOIN accounts ON accounts.id = account_id WHERE campaign_id = $1
    ), able AS MATERIALIZED (
        SELECT accounts.id, person
        FROM accounts, campaign
        WHERE person IS NOT NULL AND created_at <= made_until AND phone_verified_at < ends_at
            AND person NOT IN (SELECT person FROM refused WHERE person IS NOT NULL)
    ), entered AS MATERIALIZED (
        SELECT post_id, author.person AS author_person,
            post_id IN (SELECT post_id FROM voids WHERE campaign_id = $1 AND post_id IS NOT NULL) AS void
        FROM entries JOIN accounts AS author ON author.id = author_id
        WHERE campaign_id = $1
    ), likers AS (
        SELECT post_id, count(DISTINCT person) AS number
        FROM (
            SELECT post_id, account_id FROM likes, campaign WHERE liked_at < ends_at
            UNION ALL
            SELECT post_id, account_id FROM past_likes, campaign WHERE liked_at < ends_at AND unliked_at >= ends_at
        ) AS given
        JOIN able ON able.id = account_id
        JOIN entered USING (post_id)
        WHERE NOT void AND person IS DISTINCT FROM author_person
        GROUP BY post_id
    ), commenters AS (
        SELECT post_id, count(DISTINCT person) AS number
        FROM comments
        JOIN able ON able.id = comments.author_id
        JOIN entered USING (post_id)
        CROSS JOIN campaign
        WHERE comments.created_at < ends_at AND person IS DISTINCT FROM author_person
            AND (comments.state = 'published' OR (comments.state = 'deleted' AND comments.deleted_at >= ends_at))
        GROUP BY post_id
    )
    SELECT post_id, coalesce(likers.number, 0) AS likes, coalesce(commenters.number, 0) AS commenters
    FROM entered LEFT JOIN likers USING (post_id) LEFT JOIN commenters USING (post_id)
"""


async def count(pool: Pool, campaign_id: int) -> float:
    """Runs the counts without fetching them. Returns the seconds."""
    began = time.perf_counter()
    await pool.fetchval(f"SELECT sum(likes + commenters) FROM ({COUNTS}) AS counted", campaign_id)
    return time.perf_counter() - began


async def count_different(pool: Pool, campaign_id: int) -> int:
    """The number of entries in the frozen sheet whose counts differ."""
    return int(
        await pool.fetchval(
            f"""
            SELECT count(*) FILTER (WHERE (likes_counted, commenters_counted) IS DISTINCT FROM (likes, commenters))
            FROM ({COUNTS}) AS counted
            FULL JOIN (
                SELECT sheet_rows.* FROM sheet_rows JOIN settlements ON settlements.id = settlement_id WHERE campaign_id = $1
            ) AS sheet USING (post_id)
            """,
            campaign_id,
        )
    )
