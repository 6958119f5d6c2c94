"""The SQL of posts, their revisions and the lists of topics."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from feed.cases.holds import State
from feed.postgres import Connection, columns, many, one
from feed.posts.model import NewPost, Post, PostId, PostNotFound


class NewRow(NamedTuple):
    """A post to insert, published at once if that is its state. `id` is reserved by its idempotency key; None without a key."""

    id: int | None
    author_id: int
    new: NewPost
    ip_region: str | None
    state: State
    holds: int = 0
    has_video: bool = False


class RevisionReview(msgspec.Struct, frozen=True):
    """The hash of a revision's content, and the result of its review: neither while it waits."""

    content_sha256: bytes
    approved: bool
    refused: bool
    # The newsroom signs it before it is shown, and whether it waits for that.
    signed_first: bool
    unsigned: bool


async def add_posts(conn: Connection, rows: Sequence[NewRow]) -> list[PostId]:
    """Inserts posts and returns their ids in the order of the rows."""
    added = await conn.fetch(
        """
        WITH given AS MATERIALIZED (
            -- Where a child has written is not stored.
            SELECT place, coalesce(id, next_id()) AS id, author_id, comment_policy, location::jsonb AS location, ip_region,
                   ai_generated, state, holds, has_video, clock_timestamp() AS now,
                   EXISTS (SELECT FROM accounts WHERE accounts.id = author_id AND age_band = 'under_14') AS of_child
            FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::integer[],
                        $9::boolean[])
                WITH ORDINALITY
                AS given (id, author_id, comment_policy, location, ip_region, ai_generated, state, holds, has_video, place)
        ), added AS (
            INSERT INTO posts
                (id, author_id, state, holds, comment_policy, location, ip_region, ai_generated, has_video, created_at, published_at)
            SELECT id, author_id, state, holds, comment_policy, CASE WHEN NOT of_child THEN location END,
                   CASE WHEN NOT of_child THEN ip_region END, ai_generated, has_video, now,
                   CASE state WHEN 'published' THEN now END
            FROM given
            ORDER BY place
        )
        SELECT id FROM given ORDER BY place
        """,
        *columns([_columns_of(row) for row in rows], 9),
    )
    return [PostId(row["id"]) for row in added]


def _columns_of(row: NewRow) -> tuple[Any, ...]:
    new = row.new
    given = (new.comment_policy, _json(new.location), row.ip_region, new.ai_generated)
    return row.id, row.author_id, *given, row.state, row.holds, row.has_video


def _json(value: Any) -> Any:
    # As text: a column of documents is an array of texts.
    return None if value is None else msgspec.json.encode(value).decode()


async def find_visible(conn: Connection, post_ids: Sequence[int]) -> dict[int, int]:
    """The author of each visible post among `post_ids`, by post."""
    rows = await conn.fetch("SELECT id, author_id FROM visible_posts WHERE id = ANY ($1::bigint[])", post_ids)
    return {row["id"]: row["author_id"] for row in rows}


async def find_post(conn: Connection, post_id: int) -> Post | None:
    """The post in any state, or None."""
    row = await conn.fetchrow(
        """
        SELECT id, author_id, state, holds, revision, latest_revision, comment_policy, created_at, published_at, edited_at
        FROM posts WHERE id = $1
        """,
        post_id,
    )
    return one(row, Post)


async def lock_post(conn: Connection, post_id: int) -> Post:
    """The post, locked until the transaction ends. Raises PostNotFound."""
    row = await conn.fetchrow(
        """
        SELECT id, author_id, state, holds, revision, latest_revision, comment_policy, created_at, published_at, edited_at
        FROM posts WHERE id = $1 FOR UPDATE
        """,
        post_id,
    )
    if row is None:
        raise PostNotFound
    return msgspec.convert(row, Post)


async def lock_posts(conn: Connection, post_ids: Sequence[int]) -> list[Post]:
    """Locks posts in the order of their ids; unknown ones are absent."""
    rows = await conn.fetch(
        """
        SELECT id, author_id, state, holds, revision, latest_revision, comment_policy, created_at, published_at, edited_at
        FROM posts
        WHERE id = ANY ($1::bigint[])
        ORDER BY id
        FOR UPDATE
        """,
        post_ids,
    )
    return many(rows, Post)


async def list_authors(conn: Connection, post_ids: Sequence[int]) -> dict[int, int]:
    """The author of each post in any state, by post; unknown ones are absent."""
    rows = await conn.fetch("SELECT id, author_id FROM posts WHERE id = ANY ($1::bigint[])", post_ids)
    return {row["id"]: row["author_id"] for row in rows}


async def change_state(conn: Connection, post_id: int, state: State) -> None:
    """Sets the state of a locked post, and the time of its first publication or deletion by the database clock."""
    await conn.execute(
        """
        WITH before AS (
            SELECT id, state, holds FROM posts WHERE id = $1
        ), changed AS (
            UPDATE posts
            SET state = $2,
                published_at = CASE WHEN $2 = 'published' THEN coalesce(published_at, clock_timestamp()) ELSE published_at END,
                deleted_at = CASE WHEN $2 = 'deleted' THEN clock_timestamp() END
            WHERE id = $1
            RETURNING id, state, holds
        )
        INSERT INTO post_states (post_id, state_before, state, holds_before, holds)
        SELECT id, before.state, changed.state, before.holds, changed.holds
        FROM changed JOIN before USING (id)
        """,
        post_id,
        state,
    )


async def change_holds(conn: Connection, holds: Mapping[int, int]) -> None:
    """Sets the holds of locked posts, given by id."""
    await conn.execute(
        """
        WITH given AS (
            SELECT posts.id, posts.state, posts.holds AS before, given.holds
            FROM unnest($1::bigint[], $2::integer[]) AS given (id, holds) JOIN posts ON posts.id = given.id
        ), changed AS (
            UPDATE posts SET holds = given.holds
            FROM given
            WHERE posts.id = given.id
        )
        INSERT INTO post_states (post_id, state_before, state, holds_before, holds)
        SELECT id, state, state, before, holds FROM given
        """,
        list(holds),
        list(holds.values()),
    )


async def list_stages(conn: Connection, post_id: int) -> list[int]:
    """The stages that the topics of the shown revision require."""
    rows = await conn.fetch(
        """
        SELECT topic_stages.stages
        FROM posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        CROSS JOIN LATERAL unnest(revisions.topic_ids) AS topic (id)
        -- OFFSET 0: topic by topic, so that no plan begins with all topics.
        CROSS JOIN LATERAL (SELECT stages FROM topic_stages WHERE topic_id = topic.id OFFSET 0) AS topic_stages
        WHERE posts.id = $1
        """,
        post_id,
    )
    return [row["stages"] for row in rows]


async def change_comment_policy(conn: Connection, post_id: int, comment_policy: str) -> None:
    """Changes who may comment, without a new revision."""
    await conn.execute("UPDATE posts SET comment_policy = $2 WHERE id = $1", post_id, comment_policy)


async def declare_ai(conn: Connection, post_id: int, *, declared: bool) -> bool:
    """Records whether the author says that AI has made the post. False: others say so, and the author does not any more."""
    changed = await conn.fetchval(
        """
        UPDATE posts
        SET ai_generated = $2, ai_label_source = CASE WHEN ai_generated = $2 THEN ai_label_source ELSE 'declared' END
        WHERE id = $1 AND ($2 OR NOT ai_generated OR coalesce(ai_label_source, 'declared') = 'declared')
        RETURNING true
        """,
        post_id,
        declared,
    )
    return changed is not None


async def change_ai_label(conn: Connection, post_id: int, *, labelled: bool) -> bool:
    """Records that a reviewer labels a post as made by AI, or takes the label away. Returns whether anything changed."""
    changed = await conn.fetchval(
        """
        UPDATE posts SET ai_generated = $2, ai_label_source = 'reviewer'
        WHERE id = $1 AND (ai_generated <> $2 OR ($2 AND ai_label_source IS DISTINCT FROM 'reviewer'))
        RETURNING true
        """,
        post_id,
        labelled,
    )
    return changed is not None


async def list_topic_ids(conn: Connection, post_ids: Sequence[int]) -> dict[int, set[int]]:
    """The topics of all revisions, by post."""
    rows = await conn.fetch(
        """
        SELECT post_id, array_agg(DISTINCT topic_id) AS topic_ids
        FROM post_revisions, unnest(topic_ids) AS topic_id
        WHERE post_id = ANY ($1::bigint[])
        GROUP BY post_id
        """,
        post_ids,
    )
    return {row["post_id"]: set(row["topic_ids"]) for row in rows}


async def approve_revision(conn: Connection, post_id: int, revision: int) -> None:
    """Approves the revision. A repeated approval keeps the time of the first one."""
    await conn.execute(
        """
        UPDATE post_revisions SET approved_at = coalesce(approved_at, clock_timestamp()), refused_at = NULL
        WHERE post_id = $1 AND revision = $2
        """,
        post_id,
        revision,
    )


async def refuse_revision(conn: Connection, post_id: int, revision: int) -> None:
    """Refuses a revision that is not shown. A repeated refusal keeps the time of the first one."""
    await conn.execute(
        """
        UPDATE post_revisions SET refused_at = coalesce(refused_at, clock_timestamp()), approved_at = NULL
        WHERE post_id = $1 AND revision = $2
        """,
        post_id,
        revision,
    )


async def reopen_revision(conn: Connection, post_id: int, revision: int) -> None:
    """Makes a revision wait for its review again."""
    await conn.execute(
        "UPDATE post_revisions SET refused_at = NULL, approved_at = NULL WHERE post_id = $1 AND revision = $2",
        post_id,
        revision,
    )


async def get_revision_review(conn: Connection, post_id: int, revision: int) -> RevisionReview:
    """The hash of a revision's content, and the result of its review."""
    row = await conn.fetchrow(
        """
        SELECT content_sha256, approved_at IS NOT NULL AS approved, refused_at IS NOT NULL AS refused,
               signed_first, signed_first AND credits = '[]' AS unsigned
        FROM post_revisions
        WHERE post_id = $1 AND revision = $2
        """,
        post_id,
        revision,
    )
    return msgspec.convert(row, RevisionReview)


async def find_approved_before(conn: Connection, post_id: int, revision: int) -> int | None:
    """The newest approved revision before this one; None without one."""
    number: int | None = await conn.fetchval(
        "SELECT max(revision) FROM post_revisions WHERE post_id = $1 AND revision < $2 AND approved_at IS NOT NULL",
        post_id,
        revision,
    )
    return number


async def list_under_topics(conn: Connection, post_ids: Sequence[int]) -> None:
    """Lists each visible post under the topics of its shown revision, and removes the posts from all other topics."""
    await conn.execute(
        """
        WITH shown AS (
            SELECT posts.id, posts.published_at, revisions.topic_ids
            FROM visible_posts AS posts JOIN post_revisions AS revisions
              ON revisions.post_id = posts.id AND revisions.revision = posts.revision
            WHERE posts.id = ANY ($1::bigint[])
        ), gone AS (
            DELETE FROM topic_posts
            WHERE post_id = ANY ($1::bigint[]) AND NOT EXISTS (
                SELECT FROM shown WHERE shown.id = topic_posts.post_id AND topic_posts.topic_id = ANY (shown.topic_ids)
            )
        )
        INSERT INTO topic_posts (topic_id, published_at, post_id)
        SELECT topic_id, published_at, id FROM shown, unnest(topic_ids) AS topic_id
        ON CONFLICT DO NOTHING
        """,
        post_ids,
    )


async def change_credits(conn: Connection, post_id: int, revision: int, credits: list[dict[str, str]]) -> None:
    """Sets who has signed a revision of a post; empty: it is not signed."""
    await conn.execute(
        "UPDATE post_revisions SET credits = $3 WHERE post_id = $1 AND revision = $2", post_id, revision, credits
    )
