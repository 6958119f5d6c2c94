"""The SQL that copies posts in bulk into an empty installation."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from feed.postgres import Connection
from feed.posts.model import TopicAt


class PublishedPost(NamedTuple):
    """A post with one approved revision."""

    id: int
    author_id: int
    text: str
    topics: Sequence[TopicAt]
    content_sha256: bytes
    published_at: datetime
    ip_region: str | None


async def add_posts(conn: Connection, posts: Sequence[PublishedPost]) -> None:
    """Adds posts that are published since `published_at`. Revisions and topics are added separately."""
    await conn.copy_records_to_table(
        "posts",
        records=(
            (each.id, each.author_id, "published", each.ip_region, each.published_at, each.published_at)
            for each in posts
        ),
        columns=("id", "author_id", "state", "ip_region", "created_at", "published_at"),
    )


async def add_revisions(conn: Connection, posts: Sequence[PublishedPost]) -> None:
    """Adds the only revision of each post."""
    await conn.copy_records_to_table(
        "post_revisions",
        records=(
            (
                each.id,
                1,
                each.text,
                [msgspec.to_builtins(topic) for topic in each.topics],
                [topic.id for topic in each.topics],
                each.content_sha256,
                each.author_id,
                each.published_at,
                each.published_at,
            )
            for each in posts
        ),
        columns=(
            "post_id",
            "revision",
            "text",
            "topics",
            "topic_ids",
            "content_sha256",
            "author_id",
            "created_at",
            "approved_at",
        ),
    )


async def add_to_topics(conn: Connection, posts: Sequence[PublishedPost]) -> None:
    """Lists the posts under their topics."""
    await conn.copy_records_to_table(
        "topic_posts",
        records=((topic.id, each.published_at, each.id) for each in posts for topic in each.topics),
        columns=("topic_id", "published_at", "post_id"),
    )
