"""The SQL of likes. A like is a row; an unlike moves it to the past with the instant of its end.

The one statement of a batch writes the post's counters and its changes too, which are another slice's else: a like that took
several round trips would take three times as long when it is alone, and twice as much of Postgres when it is not.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from feed.postgres import Connection

Pair = tuple[int, int]
Rejection = Literal["not_seen", "banned"]


class AppliedLikes(msgspec.Struct, frozen=True):
    """What a batch has come to: the count of each post that exists, and the pairs (post, account) that were refused."""

    counts: dict[int, int]
    rejected: dict[Pair, Rejection]


async def apply_likes(conn: Connection, requested: Mapping[Pair, bool]) -> AppliedLikes:
    """Makes each pair (post, account) a like or none; what is so already changes nothing, and counters move by what has changed.

    Locks the statistics in the order of their ids, then writes likes, which nobody writes without that lock. What is read
    beside them is as old as the statement: whoever is banned while it waits for a lock has liked before.
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
        ), met AS MATERIALIZED (
            SELECT held.post_id, posts.author_id FROM held JOIN visible_posts AS posts ON posts.id = held.post_id
        ), banned AS MATERIALIZED (
            SELECT account_id FROM standings_now WHERE account_id = ANY ($2) AND banned
        ), apart AS MATERIALIZED (
            SELECT account_id, other_id AS author_id FROM kept_apart
            WHERE account_id = ANY ($2) AND kind = 'block' AND other_id IN (SELECT author_id FROM met)
        ), judged AS MATERIALIZED (
            SELECT given.post_id, given.account_id, given.liked, given.account_id = met.author_id AS own,
                   CASE
                       WHEN met.post_id IS NULL OR (given.account_id, met.author_id) IN (SELECT account_id, author_id FROM apart)
                           THEN 'not_seen'
                       WHEN given.account_id IN (SELECT account_id FROM banned) THEN 'banned'
                   END AS refusal
            FROM given LEFT JOIN met ON met.post_id = given.post_id
        ), new AS (
            INSERT INTO likes (post_id, account_id)
            SELECT post_id, account_id FROM judged WHERE liked AND refusal IS NULL ORDER BY post_id, account_id
            ON CONFLICT DO NOTHING
            RETURNING post_id, account_id
        ), gone AS (
            DELETE FROM likes USING judged
            WHERE likes.post_id = judged.post_id AND likes.account_id = judged.account_id
              AND NOT judged.liked AND judged.refusal IS NULL
            RETURNING likes.post_id, likes.account_id, likes.liked_at
        ), past AS (
            INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at)
            SELECT post_id, account_id, liked_at, greatest(liked_at, clock_timestamp()) FROM gone
        ), deltas AS (
            SELECT changed.post_id, sum(by) AS likes, coalesce(sum(by) FILTER (WHERE judged.own), 0) AS own_likes
            FROM (
                SELECT post_id, account_id, 1 AS by FROM new UNION ALL SELECT post_id, account_id, -1 FROM gone
            ) AS changed
            JOIN judged ON judged.post_id = changed.post_id AND judged.account_id = changed.account_id
            GROUP BY changed.post_id
        ), moved AS (
            -- From the locked rows: the snapshot's may be older, and its sums would be checked before they are thrown away.
            UPDATE post_stats AS stats
            SET like_count = held.like_count + deltas.likes, own_like_count = held.own_like_count + deltas.own_likes,
                version = held.version + 1
            FROM held JOIN deltas ON deltas.post_id = held.post_id
            WHERE stats.post_id = held.post_id
            RETURNING stats.post_id, stats.like_count, stats.version
        ), noted AS (
            INSERT INTO changes (post_id, version) SELECT post_id, version FROM moved
        )
        SELECT held.post_id, NULL AS account_id, NULL AS refusal, coalesce(moved.like_count, held.like_count) AS like_count
        FROM held LEFT JOIN moved ON moved.post_id = held.post_id
        UNION ALL
        SELECT post_id, account_id, refusal, NULL FROM judged WHERE refusal IS NOT NULL
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
