"""The SQL of the nightly proof that what became visible had its approvals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.postgres import Connection, many, one


class Interval(msgspec.Struct, frozen=True):
    """What the next proof is about."""

    since: datetime
    until: datetime


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A visible revision, or a visible comment, with what its cases say.

    `stages`: the approvals that it needed, None without a case. `approved_by`: how many different persons have approved this content;
    `by_author`: whether an author of it is among them, or among those who approved it later.
    """

    id: int
    revision: int
    text: str
    media_ids: list[int]
    content_sha256: bytes | None
    stages: int | None
    approved_by: int
    by_author: bool


async def find_interval(conn: Connection) -> Interval | None:
    """From the end of the last proof, or the day on which chains were introduced, to a minute ago; None if the last one is of today.

    Days begin at three in the morning in Shanghai. A minute: transactions that are running now have ended before the next proof.
    """
    return one(
        await conn.fetchrow(
            """
            SELECT since, until
            FROM (
                SELECT coalesce(
                           (SELECT max(until) FROM chain_attestations),
                           (SELECT min(applied_at) FROM schema_migrations WHERE name >= '0070')
                       ) AS since,
                       clock_timestamp() - interval '1 minute' AS until
            ) AS next
            WHERE date_trunc('day', since AT TIME ZONE 'Asia/Shanghai' - interval '3 hours')
                < date_trunc('day', until AT TIME ZONE 'Asia/Shanghai' - interval '3 hours')
            """
        ),
        Interval,
    )


async def list_posts(conn: Connection, interval: Interval, *, after: int, limit: int) -> list[Shown]:
    """The published posts whose shown revision was approved in the interval, by id."""
    rows = await conn.fetch(
        """
        SELECT posts.id, posts.revision, shown.text, shown.media_ids, shown.content_sha256, required.stages,
               given.approved_by, given.by_author
        FROM post_revisions AS shown
        JOIN posts ON posts.id = shown.post_id AND posts.revision = shown.revision AND shown_state(posts.state, 0) = 'published'
        CROSS JOIN LATERAL (
            SELECT max(cases.stages) AS stages FROM cases
            WHERE cases.post_id = posts.id AND cases.comment_id IS NULL AND cases.kind = 'post' AND cases.revision = posts.revision
        ) AS required
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT reviewers.person) AS approved_by,
                   coalesce(bool_or(own.same_id IS NOT NULL), false) AS by_author
            FROM cases
            JOIN verdicts ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL
                AND verdicts.verdict IN ('approve', 'restore') AND verdicts.content_sha256 = shown.content_sha256
            JOIN persons AS reviewers ON reviewers.account_id = verdicts.reviewer_id
            LEFT JOIN same_person_accounts AS own
                ON own.account_id = verdicts.reviewer_id AND own.same_id IN (posts.author_id, shown.author_id)
            WHERE cases.post_id = posts.id AND cases.comment_id IS NULL AND cases.revision = posts.revision
        ) AS given
        WHERE shown.approved_at >= $1 AND shown.approved_at < $2 AND posts.id > $3
        ORDER BY posts.id
        LIMIT $4
        """,
        interval.since,
        interval.until,
        after,
        limit,
    )
    return many(rows, Shown)


async def list_comments(conn: Connection, interval: Interval, *, after: int, limit: int) -> list[Shown]:
    """The published comments that were written in the interval, or whose shown revision was approved in it, by id. Ids begin with the time."""
    rows = await conn.fetch(
        """
        SELECT comments.id, comments.revision, comments.text, '{}'::bigint[] AS media_ids, shown.content_sha256,
               required.stages, given.approved_by, given.by_author
        FROM (
            SELECT id FROM comments
            WHERE id > greatest($3, (extract(epoch FROM $1::timestamptz - interval '1 minute') * 1000)::bigint << 20)
                AND id < (extract(epoch FROM $2::timestamptz) * 1000)::bigint << 20
            UNION
            SELECT comment_id FROM verdicts
            WHERE id >= (extract(epoch FROM $1::timestamptz - interval '1 minute') * 1000)::bigint << 20 AND comment_id > $3
                AND verdict IN ('approve', 'restore')
            UNION
            SELECT comment_id FROM comment_revisions WHERE approved_at >= $1 AND approved_at < $2 AND comment_id > $3
        ) AS found
        JOIN comments ON comments.id = found.id AND shown_state(comments.state, 0) = 'published'
        -- None of a comment that was never edited.
        LEFT JOIN comment_revisions AS shown
            ON shown.post_id = comments.post_id AND shown.comment_id = comments.id AND shown.revision = comments.revision
        CROSS JOIN LATERAL (
            SELECT max(cases.stages) AS stages FROM cases
            WHERE cases.comment_id = comments.id AND cases.kind = 'comment' AND coalesce(cases.revision, 1) = comments.revision
        ) AS required
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT reviewers.person) AS approved_by,
                   coalesce(bool_or(own.same_id IS NOT NULL), false) AS by_author
            FROM cases
            JOIN verdicts ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL AND verdicts.verdict IN ('approve', 'restore')
                AND verdicts.content_sha256 = coalesce(shown.content_sha256, verdicts.content_sha256)
            JOIN persons AS reviewers ON reviewers.account_id = verdicts.reviewer_id
            LEFT JOIN same_person_accounts AS own
                ON own.account_id = verdicts.reviewer_id AND own.same_id IN (comments.author_id, shown.author_id)
            WHERE cases.comment_id = comments.id AND coalesce(cases.revision, 1) = comments.revision
        ) AS given
        ORDER BY comments.id
        LIMIT $4
        """,
        interval.since,
        interval.until,
        after,
        limit,
    )
    return many(rows, Shown)


async def add_attestation(
    conn: Connection, interval: Interval, *, revisions: int, complete: int, violations: Sequence[dict[str, Any]]
) -> int | None:
    """Adds the result of a proof, with its first hundred violations. None: another worker has proved this interval."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.chain_attestations', 0))")
    added: int | None = await conn.fetchval(
        """
        INSERT INTO chain_attestations (since, until, revision_count, complete_count, violation_count, violations)
        SELECT $1, $2, $3, $4, $5, $6
        WHERE NOT EXISTS (SELECT FROM chain_attestations WHERE until > $1)
        RETURNING id
        """,
        interval.since,
        interval.until,
        revisions,
        complete,
        len(violations),
        list(violations[:100]),
    )
    return added


async def begin_now(conn: Connection) -> None:
    """Lets the next proof begin now: what was copied into the installation before has no cases."""
    await conn.execute(
        """
        INSERT INTO chain_attestations (since, until, revision_count, complete_count, violation_count, violations)
        VALUES (clock_timestamp() - interval '1 second', clock_timestamp(), 0, 0, 0, '[]')
        """
    )


async def count_violations(conn: Connection) -> int:
    """How many violations the last week's proofs have found."""
    return int(
        await conn.fetchval(
            "SELECT coalesce(sum(violation_count), 0) FROM chain_attestations WHERE until > now() - interval '7 days'"
        )
    )
