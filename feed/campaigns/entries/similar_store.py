"""SQL of pictures of a campaign's entries that look like each other. A video is compared by its cover."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.postgres import Connection, many
from feed.renditions.model import NEAR

# Of a picture: a flood of copies of one picture must not make pairs of all of them. These are the first that were posted.
PAIRS_MOST = 20
# Of an entry.
SHOWN_MOST = 5


class Fresh(msgspec.Struct, frozen=True):
    """A picture of an entry that has not been compared yet."""

    campaign_id: int
    media_id: int


class OfEntry(msgspec.Struct, frozen=True):
    """A picture of an entry for which similar ones are looked for. `key`: what the result is for, an entry or a case."""

    key: int
    campaign_id: int
    media_id: int


class SimilarEntry(msgspec.Struct, frozen=True):
    """Another entry with a picture like one of this entry. `distance`: of the most similar pair."""

    key: int
    post_id: int
    author_id: int
    entered_at: datetime
    distance: int


async def lock_comparison(conn: Connection) -> None:
    """Waits for the run of the job that compares pictures, and makes the next one wait."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.similar_pictures', 0))")


async def try_lock_comparison(conn: Connection) -> bool:
    """Whether no other worker compares pictures: two of them would miss the pairs among what each has not committed."""
    free: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('feed.similar_pictures', 0))")
    return free


async def list_fresh(conn: Connection, *, limit: int) -> list[Fresh]:
    """Pictures of campaigns without a result that have not been compared. Those of posts that are gone do not count."""
    rows = await conn.fetch(
        """
        -- As a difference of two sets: one look-up for each picture would take three times as long.
        WITH missing AS MATERIALIZED (
            SELECT entries.campaign_id, entries.post_id, media.id AS media_id
            FROM campaigns
            JOIN entries ON entries.campaign_id = campaigns.id
            JOIN media ON media.post_id = entries.post_id AND media.state = 'ready' AND media.removed_at IS NULL
            WHERE campaigns.state IN ('scheduled', 'judging')
            EXCEPT
            SELECT compared.campaign_id, compared.post_id, compared.media_id
            FROM campaigns
            JOIN compared_pictures AS compared ON compared.campaign_id = campaigns.id
            WHERE campaigns.state IN ('scheduled', 'judging')
        )
        SELECT missing.campaign_id, missing.media_id
        FROM missing JOIN posts ON posts.id = missing.post_id AND posts.state IN ('pending', 'published')
        LIMIT $1
        """,
        limit,
    )
    return many(rows, Fresh)


async def add_compared(conn: Connection, campaign_id: int, media_ids: Sequence[int]) -> None:
    """Adds pictures to those with which later ones are compared."""
    await conn.execute(
        """
        INSERT INTO compared_pictures (campaign_id, media_id, post_id, author_id, look)
        SELECT entries.campaign_id, media.id, entries.post_id, entries.author_id,
            ('x' || encode(media.perceptual_hash, 'hex'))::bit(256)
        FROM media JOIN entries ON entries.campaign_id = $1 AND entries.post_id = media.post_id
        WHERE media.id = ANY ($2::bigint[])
        ON CONFLICT DO NOTHING
        """,
        campaign_id,
        media_ids,
    )


async def add_pairs(conn: Connection, campaign_id: int, media_ids: Sequence[int]) -> None:
    """Compares pictures that were just added with all others of the campaign: near hashes, and the same file."""
    await conn.execute(
        """
        INSERT INTO similar_pictures (campaign_id, media_id, other_id, distance)
        SELECT $1, fresh.media_id, found.other_id, found.distance
        FROM compared_pictures AS fresh
        JOIN media ON media.id = fresh.media_id
        CROSS JOIN LATERAL (
            SELECT alike.media_id AS other_id, min(alike.distance) AS distance
            FROM (
                SELECT others.media_id, others.post_id, image_distance(others.look, fresh.look) AS distance
                FROM compared_pictures AS others
                WHERE others.campaign_id = $1 AND image_distance(others.look, fresh.look) <= $3
                UNION ALL
                SELECT others.media_id, others.post_id, 0
                FROM media AS same
                JOIN compared_pictures AS others ON others.campaign_id = $1 AND others.media_id = same.id
                WHERE same.sha256 = media.sha256
            ) AS alike
            JOIN posts ON posts.id = alike.post_id AND posts.state IN ('pending', 'published')
            WHERE alike.post_id <> fresh.post_id
                AND (alike.media_id < fresh.media_id OR alike.media_id <> ALL ($2::bigint[]))
            GROUP BY alike.media_id, alike.post_id
            ORDER BY alike.post_id, alike.media_id
            LIMIT $4
        ) AS found
        WHERE fresh.campaign_id = $1 AND fresh.media_id = ANY ($2::bigint[])
        ON CONFLICT DO NOTHING
        """,
        campaign_id,
        media_ids,
        NEAR,
        PAIRS_MOST,
    )


async def list_similar(conn: Connection, pictures: Sequence[OfEntry]) -> list[SimilarEntry]:
    """The visible entries whose judged revision has a picture like one of these, the first posted first, a few for each key."""
    rows = await conn.fetch(
        """
        WITH pairs AS (
            SELECT given.key, given.campaign_id, found.other_id AS media_id, found.distance
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS given (key, campaign_id, media_id)
            CROSS JOIN LATERAL (
                (
                    SELECT other_id, distance FROM similar_pictures
                    WHERE campaign_id = given.campaign_id AND media_id = given.media_id
                    ORDER BY other_id LIMIT $4
                )
                UNION ALL
                (
                    SELECT media_id, distance FROM similar_pictures
                    WHERE campaign_id = given.campaign_id AND other_id = given.media_id
                    ORDER BY media_id LIMIT $4
                )
            ) AS found
        ), others AS MATERIALIZED (
            SELECT entries.campaign_id, media.id AS media_id, entries.post_id, entries.author_id, entries.entered_at
            FROM (SELECT DISTINCT campaign_id, media_id FROM pairs) AS wanted
            JOIN media ON media.id = wanted.media_id AND media.removed_at IS NULL
            JOIN entries ON entries.campaign_id = wanted.campaign_id AND entries.post_id = media.post_id
            JOIN visible_posts ON visible_posts.id = entries.post_id
            JOIN judged_revisions AS judged
                ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
                AND media.id = ANY (judged.media_ids)
        ), ranked AS (
            SELECT pairs.key, others.post_id, others.author_id, others.entered_at,
                min(pairs.distance)::integer AS distance,
                row_number() OVER (PARTITION BY pairs.key ORDER BY others.entered_at, others.post_id) AS place
            FROM pairs JOIN others USING (campaign_id, media_id)
            GROUP BY pairs.key, others.post_id, others.author_id, others.entered_at
        )
        SELECT key, post_id, author_id, entered_at, distance
        FROM ranked
        WHERE place <= $5
        ORDER BY key, place
        """,
        [each.key for each in pictures],
        [each.campaign_id for each in pictures],
        [each.media_id for each in pictures],
        PAIRS_MOST,
        SHOWN_MOST,
    )
    return many(rows, SimilarEntry)


async def forget_pictures(conn: Connection, author_id: int, *, limit: int) -> int:
    """Deletes some hashes of the pictures of an author whose posts are deleted. Returns how many."""
    tag = await conn.execute(
        """
        DELETE FROM compared_pictures
        WHERE (campaign_id, media_id) IN (
            SELECT campaign_id, media_id FROM compared_pictures WHERE author_id = $1 LIMIT $2
        )
        """,
        author_id,
        limit,
    )
    return int(tag.split()[-1])
