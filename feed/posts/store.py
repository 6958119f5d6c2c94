"""The SQL of posts, their revisions and their places under topics."""

from collections.abc import Sequence

import msgspec

from feed.postgres import Connection, one
from feed.posts.model import Location, Post, PostNotFound, State, TopicAt


async def add_post(
    conn: Connection,
    *,
    post_id: int | None,
    author_id: int,
    comment_policy: str,
    location: Location | None,
    ip_region: str | None,
    ai_generated: bool,
) -> Post:
    """A new post, visible at once. `post_id` is the id that an idempotency key has reserved, if there is one."""
    row = await conn.fetchrow(
        """
        INSERT INTO posts
            (id, author_id, state, comment_policy, location, ip_region, ai_generated, created_at, published_at)
        SELECT coalesce($1, next_id()), $2, 'published', $3, $4, $5, $6, clock.now, clock.now
        FROM (SELECT clock_timestamp() AS now) AS clock
        RETURNING id, author_id, state, revision, latest_revision, comment_policy, created_at, published_at, edited_at
        """,
        post_id,
        author_id,
        comment_policy,
        msgspec.to_builtins(location),
        ip_region,
        ai_generated,
    )
    assert row is not None
    return msgspec.convert(row, Post)


async def add_revision(
    conn: Connection,
    *,
    post_id: int,
    revision: int,
    text: str,
    topics: Sequence[TopicAt],
    content_sha256: bytes,
    author_id: int,
    approved: bool,
) -> None:
    """An immutable revision. `approved`: the machine check let it pass and nothing else stands before it."""
    await conn.execute(
        """
        INSERT INTO post_revisions
            (post_id, revision, text, topics, topic_ids, content_sha256, author_id, created_at, approved_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, made.at, CASE WHEN $8 THEN made.at END
        FROM (
            -- A first revision is as old as its post: a clock of its own could read later than a deadline that the post kept.
            SELECT CASE WHEN $2 = 1 THEN posts.created_at ELSE clock_timestamp() END AS at FROM posts WHERE posts.id = $1
        ) AS made
        """,
        post_id,
        revision,
        text,
        [msgspec.to_builtins(topic) for topic in topics],
        list(dict.fromkeys(topic.id for topic in topics)),
        content_sha256,
        author_id,
        approved,
    )


async def find_visible(conn: Connection, post_ids: Sequence[int]) -> dict[int, int]:
    """Author by post for those among `post_ids` that others may see."""
    rows = await conn.fetch("SELECT id, author_id FROM visible_posts WHERE id = ANY ($1::bigint[])", post_ids)
    return {row["id"]: row["author_id"] for row in rows}


async def find_post(conn: Connection, post_id: int) -> Post | None:
    """The post in whatever state it is."""
    row = await conn.fetchrow(
        """
        SELECT id, author_id, state, revision, latest_revision, comment_policy, created_at, published_at, edited_at
        FROM posts WHERE id = $1
        """,
        post_id,
    )
    return one(row, Post)


async def lock_post(conn: Connection, post_id: int) -> Post:
    """The post, held until the transaction ends. Raises PostNotFound."""
    row = await conn.fetchrow(
        """
        SELECT id, author_id, state, revision, latest_revision, comment_policy, created_at, published_at, edited_at
        FROM posts WHERE id = $1 FOR UPDATE
        """,
        post_id,
    )
    if row is None:
        raise PostNotFound
    return msgspec.convert(row, Post)


async def change_state(conn: Connection, post_id: int, state: State) -> None:
    """Moves a locked post to `state`; a first publication and a deletion are stamped by the database clock."""
    await conn.execute(
        """
        UPDATE posts
        SET state = $2,
            published_at = CASE WHEN $2 = 'published' THEN coalesce(published_at, clock_timestamp()) ELSE published_at END,
            deleted_at = CASE WHEN $2 = 'deleted' THEN clock_timestamp() END
        WHERE id = $1
        """,
        post_id,
        state,
    )


async def show_revision(conn: Connection, post_id: int, revision: int, *, comment_policy: str) -> None:
    """Makes `revision` the newest and the shown one of a locked post."""
    await conn.execute(
        """
        UPDATE posts
        SET revision = $2, latest_revision = greatest(latest_revision, $2), comment_policy = $3,
            edited_at = clock_timestamp()
        WHERE id = $1
        """,
        post_id,
        revision,
        comment_policy,
    )


async def change_comment_policy(conn: Connection, post_id: int, comment_policy: str) -> None:
    """Who may comment from now on; no revision."""
    await conn.execute("UPDATE posts SET comment_policy = $2 WHERE id = $1", post_id, comment_policy)


async def get_shown_text(conn: Connection, post_id: int) -> str:
    """The text of the revision that is shown."""
    return str(
        await conn.fetchval(
            """
            SELECT revisions.text
            FROM posts JOIN post_revisions AS revisions
              ON revisions.post_id = posts.id AND revisions.revision = posts.revision
            WHERE posts.id = $1
            """,
            post_id,
        )
    )


async def approve_revision(conn: Connection, post_id: int, revision: int) -> None:
    """Records that the revision passed; a first approval keeps its instant."""
    await conn.execute(
        """
        UPDATE post_revisions SET approved_at = coalesce(approved_at, clock_timestamp()), refused_at = NULL
        WHERE post_id = $1 AND revision = $2
        """,
        post_id,
        revision,
    )


async def list_under_topics(conn: Connection, post_id: int) -> None:
    """Puts a visible post under the topics of its shown revision, and under no others."""
    await conn.execute(
        """
        WITH shown AS (
            SELECT posts.id, posts.published_at, revisions.topic_ids
            FROM visible_posts AS posts JOIN post_revisions AS revisions
              ON revisions.post_id = posts.id AND revisions.revision = posts.revision
            WHERE posts.id = $1
        ), gone AS (
            DELETE FROM topic_posts
            WHERE post_id = $1 AND topic_id <> ALL (coalesce((SELECT topic_ids FROM shown), '{}'))
        )
        INSERT INTO topic_posts (topic_id, published_at, post_id)
        SELECT topic_id, published_at, id FROM shown, unnest(topic_ids) AS topic_id
        ON CONFLICT DO NOTHING
        """,
        post_id,
    )


async def list_undeleted(conn: Connection, author_id: int, *, limit: int) -> list[int]:
    """The author's oldest posts that nobody has deleted, in whatever other state."""
    rows = await conn.fetch(
        "SELECT id FROM posts WHERE author_id = $1 AND state <> 'deleted' ORDER BY id LIMIT $2", author_id, limit
    )
    return [row["id"] for row in rows]
