"""What the open cases are about: campaigns, topics, and whether there are photos or videos."""

from datetime import datetime

import msgspec

from feed.postgres import Connection, many, one
from feed.screens.posts.cards import CampaignTag, Id

# The most urgent ones are counted: with more, the numbers are of these.
COUNTED_MOST = 5_000
LISTED_MOST = 10


class CampaignWaiting(msgspec.Struct, frozen=True):
    """The open cases about entries of a campaign."""

    campaign: CampaignTag
    open: int
    oldest_at: datetime


class TopicWaiting(msgspec.Struct, frozen=True):
    """The open cases about posts of a topic."""

    topic_id: Id
    name: str
    open: int
    oldest_at: datetime


class QueueSubjects(msgspec.Struct, frozen=True):
    """What the open cases are about. `counted`: how many of them, the most urgent first; campaigns and topics with most of them."""

    counted: int
    with_media: int
    oldest_with_media_at: datetime | None
    campaigns: list[CampaignWaiting]
    topics: list[TopicWaiting]


class _Counted(msgspec.Struct, frozen=True):
    counted: int
    with_media: int
    oldest_with_media_at: datetime | None


async def get_queue_subjects(conn: Connection) -> QueueSubjects:
    """What the most urgent open cases are about."""
    counted = one(
        await conn.fetchrow(
            """
            SELECT count(*) AS counted, count(*) FILTER (WHERE has_media) AS with_media,
                   min(created_at) FILTER (WHERE has_media) AS oldest_with_media_at
            FROM (
                SELECT urgent.created_at, urgent.comment_id IS NULL AND cardinality(revisions.media_ids) > 0 AS has_media
                FROM (
                    SELECT created_at, post_id, comment_id, revision FROM cases
                    WHERE state = 'open' ORDER BY due_at, id LIMIT $1
                ) AS urgent
                LEFT JOIN post_revisions AS revisions
                  ON revisions.post_id = urgent.post_id AND revisions.revision = urgent.revision
            ) AS counted
            """,
            COUNTED_MOST,
        ),
        _Counted,
    )
    assert counted is not None
    campaigns = await conn.fetch(
        """
        SELECT jsonb_build_object('id', campaigns.id::text, 'title', campaigns.draft ->> 'title') AS campaign,
               count(*) AS open, min(urgent.created_at) AS oldest_at
        FROM (SELECT created_at, post_id FROM cases WHERE state = 'open' ORDER BY due_at, id LIMIT $1) AS urgent
        JOIN entries ON entries.post_id = urgent.post_id
        JOIN campaigns ON campaigns.id = entries.campaign_id AND campaigns.state NOT IN ('draft', 'cancelled')
        GROUP BY campaigns.id
        ORDER BY count(*) DESC, campaigns.id
        LIMIT $2
        """,
        COUNTED_MOST,
        LISTED_MOST,
    )
    topics = await conn.fetch(
        """
        SELECT topics.id::text AS topic_id, topics.name, count(*) AS open, min(urgent.created_at) AS oldest_at
        FROM (SELECT created_at, post_id, revision FROM cases WHERE state = 'open' ORDER BY due_at, id LIMIT $1) AS urgent
        JOIN posts ON posts.id = urgent.post_id
        JOIN post_revisions AS revisions
          ON revisions.post_id = posts.id AND revisions.revision = coalesce(urgent.revision, posts.revision)
        CROSS JOIN LATERAL unnest(revisions.topic_ids) AS named (topic_id)
        JOIN topics ON topics.id = named.topic_id
        GROUP BY topics.id
        ORDER BY count(*) DESC, topics.id
        LIMIT $2
        """,
        COUNTED_MOST,
        LISTED_MOST,
    )
    return QueueSubjects(
        counted.counted,
        counted.with_media,
        counted.oldest_with_media_at,
        many(campaigns, CampaignWaiting),
        many(topics, TopicWaiting),
    )
