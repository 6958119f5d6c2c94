"""The SQL of takedowns and of what they are of."""

from collections.abc import Sequence

import msgspec

from feed.moderation.takedowns.model import Takedown, TakedownId, TargetKind
from feed.postgres import Connection, one


async def lock_takedowns(conn: Connection) -> None:
    """Serializes takedowns, their ends and their chunks until the transaction ends. Taken before any row is locked."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.takedowns', 0))")


async def add_takedown(
    conn: Connection,
    *,
    kind: TargetKind,
    target: str,
    author_id: int | None,
    post_id: int | None,
    revision: int | None,
    reason_code: str,
    actor_id: int,
) -> Takedown:
    """Adds a takedown that is in force. One of a single item is complete with its hold."""
    row = await conn.fetchrow(
        """
        INSERT INTO takedowns (kind, target, author_id, post_id, revision, reason_code, actor_id, spread_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $1 IN ('user', 'topic', 'image_hash') THEN NULL ELSE clock_timestamp() END)
        RETURNING id, kind, target, author_id, post_id, revision, reason_code, actor_id, created_at, lifted_at
        """,
        kind,
        target,
        author_id,
        post_id,
        revision,
        reason_code,
        actor_id,
    )
    return msgspec.convert(row, Takedown)


async def find_takedown(conn: Connection, takedown_id: int) -> Takedown | None:
    """The takedown, in force or not."""
    row = await conn.fetchrow(
        """
        SELECT id, kind, target, author_id, post_id, revision, reason_code, actor_id, created_at, lifted_at
        FROM takedowns
        WHERE id = $1
        """,
        takedown_id,
    )
    return one(row, Takedown)


async def find_newest(conn: Connection, kind: TargetKind, target: str) -> Takedown | None:
    """The takedown of this target that is in force, or else the one that ended last; None if there was none."""
    row = await conn.fetchrow(
        """
        SELECT id, kind, target, author_id, post_id, revision, reason_code, actor_id, created_at, lifted_at
        FROM takedowns
        WHERE kind = $1 AND target = $2
        ORDER BY lifted_at DESC NULLS FIRST, id DESC
        LIMIT 1
        """,
        kind,
        target,
    )
    return one(row, Takedown)


async def find_of_person(conn: Connection, account_id: int) -> Takedown | None:
    """The takedown that the account's person is in, or else the one that ended last; None if there was none."""
    row = await conn.fetchrow(
        """
        SELECT takedowns.id, kind, target, author_id, post_id, revision, reason_code, actor_id, created_at, takedowns.lifted_at
        FROM same_person_accounts AS same
        JOIN takedown_scopes AS scopes ON scopes.account_id = same.same_id
        JOIN takedowns ON takedowns.id = scopes.takedown_id
        WHERE same.account_id = $1
        ORDER BY takedowns.lifted_at DESC NULLS FIRST, takedowns.id DESC
        LIMIT 1
        """,
        account_id,
    )
    return one(row, Takedown)


async def find_of_topic(conn: Connection, topic_id: int) -> Takedown | None:
    """The takedown that the topic is in, or else the one that ended last; None if there was none."""
    row = await conn.fetchrow(
        """
        SELECT takedowns.id, kind, target, author_id, post_id, revision, reason_code, actor_id, created_at, takedowns.lifted_at
        FROM takedown_scopes AS scopes JOIN takedowns ON takedowns.id = scopes.takedown_id
        WHERE scopes.topic_id = $1
        ORDER BY takedowns.lifted_at DESC NULLS FIRST, takedowns.id DESC
        LIMIT 1
        """,
        topic_id,
    )
    return one(row, Takedown)


async def list_scoped_accounts(conn: Connection, takedown_id: TakedownId) -> list[int]:
    """The accounts of a takedown that are not erased."""
    rows = await conn.fetch(
        """
        SELECT accounts.id
        FROM takedown_scopes AS scopes JOIN accounts ON accounts.id = scopes.account_id
        WHERE scopes.takedown_id = $1 AND accounts.erased_at IS NULL
        """,
        takedown_id,
    )
    return [row["id"] for row in rows]


async def lift_takedown(conn: Connection, takedown_id: TakedownId, *, actor_id: int, reason: str) -> None:
    """Ends a takedown and its scopes. Of many items, the holds are removed in chunks."""
    await conn.execute(
        """
        UPDATE takedowns
        SET lifted_at = clock_timestamp(), lifted_by = $2, lift_reason = $3, checked_at = '-infinity',
            spread_at = CASE WHEN kind IN ('user', 'topic', 'image_hash') THEN NULL ELSE clock_timestamp() END
        WHERE id = $1
        """,
        takedown_id,
        actor_id,
        reason,
    )
    await conn.execute(
        "UPDATE takedown_scopes SET lifted_at = clock_timestamp() WHERE takedown_id = $1 AND lifted_at IS NULL",
        takedown_id,
    )


async def add_account_scopes(conn: Connection, takedown_id: TakedownId) -> list[int]:
    """Takes in each account of the person that is in no takedown yet, also accounts that have become the person's since. Returns these."""
    rows = await conn.fetch(
        """
        INSERT INTO takedown_scopes (takedown_id, account_id)
        SELECT DISTINCT takedowns.id, same.same_id
        FROM takedowns JOIN same_person_accounts AS same ON same.account_id = takedowns.target::bigint
        WHERE takedowns.id = $1 AND takedowns.kind = 'user' AND takedowns.lifted_at IS NULL
        ORDER BY same.same_id
        ON CONFLICT DO NOTHING
        RETURNING account_id
        """,
        takedown_id,
    )
    return [row["account_id"] for row in rows]


async def add_topic_scopes(conn: Connection, takedown_id: TakedownId) -> None:
    """Takes in the topic and each alias of it that is in no takedown yet."""
    await conn.execute(
        """
        INSERT INTO takedown_scopes (takedown_id, topic_id)
        SELECT takedowns.id, topics.id
        FROM takedowns JOIN topics ON topics.id = takedowns.target::bigint OR topics.alias_of = takedowns.target::bigint
        WHERE takedowns.id = $1 AND takedowns.kind = 'topic' AND takedowns.lifted_at IS NULL
        ORDER BY topics.id
        ON CONFLICT DO NOTHING
        """,
        takedown_id,
    )


async def take_next_due(conn: Connection, *, young_seconds: float, old_seconds: float) -> Takedown | None:
    """The takedown of a person, topic or image that was looked through longest ago; None if each was lately.

    While chunks are written that is `young_seconds`, afterwards `old_seconds`: what is written or approved since.
    """
    row = await conn.fetchrow(
        """
        WITH due AS (
            (
                SELECT id, checked_at FROM takedowns
                WHERE spread_at IS NULL AND checked_at < clock_timestamp() - make_interval(secs => $1)
                ORDER BY checked_at, id LIMIT 1
            ) UNION ALL (
                SELECT id, checked_at FROM takedowns
                WHERE lifted_at IS NULL AND kind IN ('user', 'topic')
                    AND checked_at < clock_timestamp() - make_interval(secs => $2)
                ORDER BY checked_at, id LIMIT 1
            )
            LIMIT 1
        )
        SELECT takedowns.id, kind, target, author_id, post_id, revision, reason_code, actor_id, created_at, lifted_at
        FROM due JOIN takedowns ON takedowns.id = due.id
        """,
        young_seconds,
        old_seconds,
    )
    return one(row, Takedown)


async def mark_checked(conn: Connection, takedown_id: TakedownId, *, settled_seconds: float) -> None:
    """Records that no item is left to change; for good once every transaction from before the change of the takedown has ended."""
    await conn.execute(
        """
        UPDATE takedowns
        SET checked_at = clock_timestamp(),
            spread_at = CASE
                WHEN spread_at IS NOT NULL THEN spread_at
                WHEN coalesce(lifted_at, created_at) < clock_timestamp() - make_interval(secs => $2) THEN clock_timestamp()
            END
        WHERE id = $1
        """,
        takedown_id,
        settled_seconds,
    )


async def list_posts_to_hold(conn: Connection, takedown_id: TakedownId, *, hold: int, limit: int) -> list[int]:
    """Posts of a takedown's accounts without the hold: visible ones first, then those in any other state but deleted."""
    rows = await conn.fetch(
        """
        (
            SELECT posts.id
            FROM takedown_scopes AS scopes JOIN visible_posts AS posts ON posts.author_id = scopes.account_id
            WHERE scopes.takedown_id = $1 AND scopes.lifted_at IS NULL
            LIMIT $3
        ) UNION ALL (
            SELECT posts.id
            FROM takedown_scopes AS scopes JOIN posts ON posts.author_id = scopes.account_id
            WHERE scopes.takedown_id = $1 AND scopes.lifted_at IS NULL
                AND posts.state <> 'deleted' AND posts.holds & $2 = 0 AND NOT (posts.state = 'published' AND posts.holds = 0)
            LIMIT $3
        )
        LIMIT $3
        """,
        takedown_id,
        hold,
        limit,
    )
    return [row["id"] for row in rows]


async def list_comments_to_hold(conn: Connection, takedown_id: TakedownId, *, hold: int, limit: int) -> list[int]:
    """Comments of a takedown's accounts without the hold, in any state but deleted."""
    rows = await conn.fetch(
        """
        SELECT comments.id
        FROM takedown_scopes AS scopes JOIN comments ON comments.author_id = scopes.account_id
        WHERE scopes.takedown_id = $1 AND scopes.lifted_at IS NULL
            AND comments.state <> 'deleted' AND comments.holds & $2 = 0
        LIMIT $3
        """,
        takedown_id,
        hold,
        limit,
    )
    return [row["id"] for row in rows]


async def list_posts_to_show(conn: Connection, takedown_id: TakedownId, *, hold: int, limit: int) -> list[int]:
    """Posts with the hold by accounts of an ended takedown, unless another one has the account now."""
    rows = await conn.fetch(
        """
        SELECT posts.id
        FROM takedown_scopes AS scopes JOIN posts ON posts.author_id = scopes.account_id
        WHERE scopes.takedown_id = $1 AND posts.holds & $2 <> 0
            AND NOT EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = scopes.account_id)
        LIMIT $3
        """,
        takedown_id,
        hold,
        limit,
    )
    return [row["id"] for row in rows]


async def list_comments_to_show(conn: Connection, takedown_id: TakedownId, *, hold: int, limit: int) -> list[int]:
    """Comments with the hold by accounts of an ended takedown, unless another one has the account now."""
    rows = await conn.fetch(
        """
        SELECT comments.id
        FROM takedown_scopes AS scopes JOIN comments ON comments.author_id = scopes.account_id
        WHERE scopes.takedown_id = $1 AND comments.holds & $2 <> 0
            AND NOT EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = scopes.account_id)
        LIMIT $3
        """,
        takedown_id,
        hold,
        limit,
    )
    return [row["id"] for row in rows]


async def list_posts_under(conn: Connection, takedown_id: TakedownId, *, limit: int) -> list[int]:
    """Visible posts under a takedown's topics."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT posts.id
        FROM takedown_scopes AS scopes
        JOIN topic_posts ON topic_posts.topic_id = scopes.topic_id
        JOIN visible_posts AS posts ON posts.id = topic_posts.post_id
        WHERE scopes.takedown_id = $1 AND scopes.lifted_at IS NULL
        LIMIT $2
        """,
        takedown_id,
        limit,
    )
    return [row["id"] for row in rows]


async def add_posts(conn: Connection, takedown_id: TakedownId, post_ids: Sequence[int]) -> None:
    """Records the posts that a takedown of a topic or an image hides."""
    await conn.execute(
        """
        INSERT INTO takedown_posts (takedown_id, post_id)
        SELECT $1, post_id FROM unnest($2::bigint[]) AS given (post_id)
        ON CONFLICT DO NOTHING
        """,
        takedown_id,
        post_ids,
    )


async def take_posts(conn: Connection, takedown_id: TakedownId, *, limit: int) -> list[int]:
    """Takes posts from the record of an ended takedown, until it is empty."""
    rows = await conn.fetch(
        """
        DELETE FROM takedown_posts
        WHERE (takedown_id, post_id) IN (
            SELECT takedown_id, post_id FROM takedown_posts WHERE takedown_id = $1 ORDER BY post_id LIMIT $2
        )
        RETURNING post_id
        """,
        takedown_id,
        limit,
    )
    return [row["post_id"] for row in rows]


async def hand_over_posts(conn: Connection, post_ids: Sequence[int]) -> set[int]:
    """Records the posts under the takedowns of other topics that their shown revisions have. Returns those that stay hidden by one."""
    await conn.execute(
        """
        INSERT INTO takedown_posts (takedown_id, post_id)
        SELECT DISTINCT scopes.takedown_id, posts.id
        FROM posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        JOIN takedown_scopes AS scopes ON scopes.topic_id = ANY (revisions.topic_ids) AND scopes.lifted_at IS NULL
        WHERE posts.id = ANY ($1::bigint[])
        ON CONFLICT DO NOTHING
        """,
        post_ids,
    )
    rows = await conn.fetch(
        """
        SELECT DISTINCT held.post_id
        FROM takedown_posts AS held JOIN takedowns ON takedowns.id = held.takedown_id AND takedowns.lifted_at IS NULL
        WHERE held.post_id = ANY ($1::bigint[]) AND takedowns.kind = 'topic'
        """,
        post_ids,
    )
    return {row["post_id"] for row in rows}


async def list_authors(conn: Connection, post_ids: Sequence[int]) -> list[int]:
    """The authors of the posts, without erased accounts."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT accounts.id
        FROM posts JOIN accounts ON accounts.id = posts.author_id
        WHERE posts.id = ANY ($1::bigint[]) AND accounts.erased_at IS NULL
        """,
        post_ids,
    )
    return [row["id"] for row in rows]
