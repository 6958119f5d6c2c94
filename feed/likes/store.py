"""The SQL of likes. A like is a row; an unlike moves it to `past_likes` with its end.

The statement of a batch also writes the post's counters and changes, which belong to another slice: with several round trips
a single like takes three times as long, and a batch costs Postgres twice as much.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from feed.postgres import Connection

Pair = tuple[int, int]
Rejection = Literal["not_seen", "banned", "leaving"]


class AppliedLikes(msgspec.Struct, frozen=True):
    """The result of a batch: the count of each post that exists, and the rejected pairs (post, account)."""

    counts: dict[int, int]
    rejected: dict[Pair, Rejection]


async def apply_likes(conn: Connection, requested: Mapping[Pair, bool]) -> AppliedLikes:
    """Adds or removes the like of each pair (post, account). A pair that is so already changes nothing, not even a counter.

    Locks the statistics in the order of ids before it writes likes, as all writers of likes do. Other tables are read in the
    statement's snapshot: a like of an account that is banned while the statement waits for a lock counts as made before.
    """
    rows = await conn.fetch(
        """
        WITH given AS MATERIALIZED (
            SELECT post_id, account_id, liked
            FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS given (post_id, account_id, liked)
        ), held AS MATERIALIZED (
            SELECT post_id, like_count, own_like_count, version FROM post_stats
            WHERE post_id = ANY ($1)
            ORDER BY post_id
            FOR UPDATE
        ), visible AS MATERIALIZED (
            SELECT held.post_id, posts.author_id FROM held JOIN visible_posts AS posts ON posts.id = held.post_id
        ), barred AS MATERIALIZED (
            SELECT account_id, banned FROM standings_now WHERE account_id = ANY ($2) AND (banned OR leaving)
        ), blocked AS MATERIALIZED (
            SELECT account_id, other_id AS author_id FROM kept_apart
            WHERE account_id = ANY ($2) AND kind = 'block' AND other_id IN (SELECT author_id FROM visible)
        ), checked AS MATERIALIZED (
            SELECT given.post_id, given.account_id, given.liked, given.account_id = visible.author_id AS own,
                   CASE
                       -- A blocked account may take a like back.
                       WHEN visible.post_id IS NULL OR (
                           given.liked AND (given.account_id, visible.author_id) IN (SELECT account_id, author_id FROM blocked)
                       ) THEN 'not_seen'
                       WHEN given.account_id IN (SELECT account_id FROM barred WHERE banned) THEN 'banned'
                       WHEN given.account_id IN (SELECT account_id FROM barred) THEN 'leaving'
                   END AS rejection
            FROM given LEFT JOIN visible ON visible.post_id = given.post_id
        ), new AS (
            INSERT INTO likes (post_id, account_id)
            SELECT post_id, account_id FROM checked WHERE liked AND rejection IS NULL ORDER BY post_id, account_id
            ON CONFLICT DO NOTHING
            RETURNING post_id, account_id
        ), gone AS (
            DELETE FROM likes USING checked
            WHERE likes.post_id = checked.post_id AND likes.account_id = checked.account_id
              AND NOT checked.liked AND checked.rejection IS NULL
            RETURNING likes.post_id, likes.account_id, likes.liked_at
        ), past AS (
            INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at)
            SELECT post_id, account_id, liked_at, greatest(liked_at, clock_timestamp()) FROM gone
        ), deltas AS (
            SELECT changed.post_id, sum(by) AS likes, coalesce(sum(by) FILTER (WHERE checked.own), 0) AS own_likes
            FROM (
                SELECT post_id, account_id, 1 AS by FROM new UNION ALL SELECT post_id, account_id, -1 FROM gone
            ) AS changed
            JOIN checked ON checked.post_id = changed.post_id AND checked.account_id = changed.account_id
            GROUP BY changed.post_id
        ), moved AS (
            -- From the locked rows: sums of older snapshot rows could violate a CHECK before the update is re-evaluated.
            UPDATE post_stats AS stats
            SET like_count = held.like_count + deltas.likes, own_like_count = held.own_like_count + deltas.own_likes,
                version = held.version + 1
            FROM held JOIN deltas ON deltas.post_id = held.post_id
            WHERE stats.post_id = held.post_id
            RETURNING stats.post_id, stats.like_count, stats.version
        ), logged AS (
            INSERT INTO changes (post_id, version) SELECT post_id, version FROM moved
        )
        SELECT held.post_id, NULL AS account_id, NULL AS rejection, coalesce(moved.like_count, held.like_count) AS like_count
        FROM held LEFT JOIN moved ON moved.post_id = held.post_id
        UNION ALL
        SELECT post_id, account_id, rejection, NULL FROM checked WHERE rejection IS NOT NULL
        """,
        [post_id for post_id, _ in requested],
        [account_id for _, account_id in requested],
        list(requested.values()),
    )
    counts: dict[int, int] = {}
    rejected: dict[Pair, Rejection] = {}
    for post_id, account_id, rejection, like_count in rows:
        if rejection is None:
            counts[post_id] = like_count
        else:
            rejected[post_id, account_id] = rejection
    return AppliedLikes(counts, rejected)
