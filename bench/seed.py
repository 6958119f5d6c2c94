"""Accounts, posts and likes for the benchmark, written as sets."""

import msgspec

from feed.auth import LOCAL_ISSUER, issue_token
from feed.keys import Keys
from feed.postgres import Pool


class Seeded(msgspec.Struct, frozen=True):
    """Whom and what the load speaks of."""

    tokens: list[str]
    post_ids: list[int]


async def seed(pool: Pool, keys: Keys, *, accounts: int, posts: int) -> Seeded:
    """People with verified phones, and their published posts under a few topics."""
    subs = [f"bench:{n}" for n in range(accounts)]
    await pool.execute(
        """
        INSERT INTO accounts (iss, sub, name, person, phone_verified_at)
        SELECT $1, sub, '读者' || number, sha256(convert_to(sub, 'UTF8')), now()
        FROM unnest($2::text[]) WITH ORDINALITY AS given (sub, number)
        """,
        LOCAL_ISSUER,
        subs,
    )
    await pool.execute("INSERT INTO topics (key, name) VALUES ('爱读书的深圳人', '爱读书的深圳人')")
    await pool.execute(
        """
        WITH authors AS (
            SELECT id, row_number() OVER () - 1 AS number, count(*) OVER () AS total FROM accounts
        ), made AS (
            INSERT INTO posts (author_id, state, created_at, published_at)
            SELECT authors.id, 'published', moment, moment
            FROM generate_series(1, $1::int) AS nth
            JOIN authors ON authors.number = nth % authors.total
            CROSS JOIN LATERAL (SELECT now() - nth * interval '1 minute' AS moment) AS clock
            RETURNING id, author_id, published_at
        ), revised AS (
            INSERT INTO post_revisions (post_id, revision, text, topics, topic_ids, content_sha256, author_id, approved_at)
            SELECT made.id, 1, '今天在深圳图书馆读完了一本书，窗外的雨刚好停了。#爱读书的深圳人# 推荐给同样喜欢安静的你。',
                   jsonb_build_array(jsonb_build_object('id', topics.id, 'name', topics.name, 'start', 25, 'length', 9)),
                   ARRAY[topics.id], '\\x00', made.author_id, made.published_at
            FROM made CROSS JOIN topics
        ), placed AS (
            INSERT INTO topic_posts (topic_id, published_at, post_id)
            SELECT topics.id, made.published_at, made.id FROM made CROSS JOIN topics
        )
        INSERT INTO post_stats (post_id) SELECT id FROM made
        """,
        posts,
        timeout=300,
    )
    await pool.execute("ANALYZE")
    rows = await pool.fetch("SELECT id FROM posts ORDER BY published_at DESC LIMIT 2000")
    tokens = [issue_token(keys.token_key, sub=sub, seconds=86_400) for sub in subs]
    return Seeded(tokens, [row["id"] for row in rows])
