"""The SQL of cases. The database clock decides leases."""

from collections.abc import Sequence
from typing import Any

from feed.cases.model import LEASE_SECONDS, Case, CaseFilter, CaseId, CaseNotFound, Kind
from feed.postgres import Connection, columns, one

# What the machine check has to say of what it lets through.
MACHINE_PASSED: dict[str, Any] = {"verdict": "pass", "labels": []}


async def add_case(
    conn: Connection,
    *,
    kind: Kind,
    author_id: int,
    post_id: int | None = None,
    comment_id: int | None = None,
    revision: int | None = None,
    account_id: int | None = None,
    due_minutes: int = 30,
    machine: dict[str, Any] | None = None,
) -> CaseId:
    """Queues a subject for a look; the case that is open already, if there is one.

    A post's newer revision closes the open cases of the older ones: they show a text that nobody sees any more.
    """
    return CaseId(
        await conn.fetchval(
            """
            WITH superseded AS (
                UPDATE cases
                SET state = 'closed', closed_at = clock_timestamp(), version = version + 1,
                    leased_by = NULL, leased_until = NULL
                WHERE $1 = 'post' AND kind = 'post' AND post_id = $3 AND revision < $5 AND state = 'open'
            ), added AS (
                INSERT INTO cases (kind, author_id, post_id, comment_id, revision, account_id, due_at, machine)
                VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(mins => $7), $8)
                ON CONFLICT DO NOTHING
                RETURNING id
            )
            SELECT id FROM added
            UNION ALL
            SELECT id FROM cases
            WHERE state = 'open' AND kind = $1
              AND ((kind = 'post' AND post_id = $3 AND revision = $5) OR (kind = 'comment' AND comment_id = $4))
            LIMIT 1
            """,
            kind,
            author_id,
            post_id,
            comment_id,
            revision,
            account_id,
            due_minutes,
            MACHINE_PASSED if machine is None else machine,
        )
    )


async def add_first_cases(
    conn: Connection,
    kind: Kind,
    subjects: Sequence[tuple[int, int, int | None, int | None]],
    *,
    due_minutes: int = 30,
) -> None:
    """Queues subjects that are new, so that no case of theirs can be open: each as author, post, comment and revision."""
    await conn.execute(
        """
        INSERT INTO cases (kind, author_id, post_id, comment_id, revision, due_at, machine)
        SELECT $1, author_id, post_id, comment_id, revision, clock_timestamp() + make_interval(mins => $2), $3
        FROM unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::integer[])
            AS given (author_id, post_id, comment_id, revision)
        """,
        kind,
        due_minutes,
        MACHINE_PASSED,
        *columns(subjects, 4),
    )


async def close_cases(conn: Connection, *, post_id: int | None = None, comment_id: int | None = None) -> int:
    """Closes the open cases of a deleted subject, a post's with those of its comments. How many there were."""
    tag = await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = clock_timestamp(), version = version + 1,
            leased_by = NULL, leased_until = NULL
        WHERE state = 'open' AND (post_id = $1 OR (kind = 'comment' AND comment_id = $2))
        """,
        post_id,
        comment_id,
    )
    return int(tag.split()[-1])


async def find_case(conn: Connection, case_id: int) -> Case | None:
    row = await conn.fetchrow(
        """
        SELECT id, kind, stage, state, version, post_id, comment_id, account_id, revision, author_id, machine,
               CASE WHEN leased_until > clock_timestamp() THEN leased_by END AS held_by, due_at, created_at, closed_at
        FROM cases WHERE id = $1
        """,
        case_id,
    )
    return one(row, Case)


async def lock_case(conn: Connection, case_id: int) -> Case:
    """The case, held until the transaction ends. Raises CaseNotFound.

    Whoever moves its subject too has locked the post's statistics before, as every writer of the post has.
    """
    row = await conn.fetchrow(
        """
        SELECT id, kind, stage, state, version, post_id, comment_id, account_id, revision, author_id, machine,
               CASE WHEN leased_until > clock_timestamp() THEN leased_by END AS held_by, due_at, created_at, closed_at
        FROM cases WHERE id = $1 FOR UPDATE
        """,
        case_id,
    )
    case = one(row, Case)
    if case is None:
        raise CaseNotFound
    return case


async def lease_cases(
    conn: Connection, reviewer_id: int, case_filter: CaseFilter, *, count: int, excluded: Sequence[int] = ()
) -> list[CaseId]:
    """Gives up to `count` free cases to the reviewer, the most urgent first; no two reviewers get the same one.

    None of those in `but`, and none of the reviewer's own words.
    """
    rows = await conn.fetch(
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM cases
            WHERE state = 'open' AND author_id <> $1 AND id <> ALL ($2::bigint[])
              AND (leased_until IS NULL OR leased_until <= clock_timestamp())
              AND ($3::smallint IS NULL OR stage = $3)
              AND ($4::text IS NULL OR kind = $4)
              AND ($5::bigint IS NULL OR EXISTS (
                  SELECT FROM entries WHERE entries.post_id = cases.post_id AND entries.campaign_id = $5
              ))
            ORDER BY due_at, id
            LIMIT $6
            FOR UPDATE SKIP LOCKED
        )
        UPDATE cases
        SET leased_by = $1, leased_until = clock_timestamp() + make_interval(secs => $7)
        FROM free
        WHERE cases.id = free.id
        RETURNING cases.id, cases.due_at
        """,
        reviewer_id,
        excluded,
        case_filter.stage,
        case_filter.kind,
        case_filter.campaign_id,
        count,
        LEASE_SECONDS,
    )
    return [row["id"] for row in sorted(rows, key=lambda row: (row["due_at"], row["id"]))]


async def list_leased(conn: Connection, reviewer_id: int) -> list[CaseId]:
    """The open cases that the reviewer holds at this moment, the most urgent first."""
    rows = await conn.fetch(
        """
        SELECT id FROM cases
        WHERE state = 'open' AND leased_by = $1 AND leased_until > clock_timestamp()
        ORDER BY due_at, id
        """,
        reviewer_id,
    )
    return [row["id"] for row in rows]


async def extend_lease(conn: Connection, case_id: int, reviewer_id: int) -> bool:
    """Whether the reviewer held the open case and now holds it for a whole lease more."""
    extended = await conn.fetchval(
        """
        UPDATE cases SET leased_until = clock_timestamp() + make_interval(secs => $3)
        WHERE id = $1 AND leased_by = $2 AND leased_until > clock_timestamp() AND state = 'open'
        RETURNING true
        """,
        case_id,
        reviewer_id,
        LEASE_SECONDS,
    )
    return extended is not None


async def remove_lease(conn: Connection, case_id: int, reviewer_id: int) -> bool:
    """Whether there was a lease of this reviewer to end."""
    removed = await conn.fetchval(
        """
        UPDATE cases SET leased_by = NULL, leased_until = NULL
        WHERE id = $1 AND leased_by = $2
        RETURNING true
        """,
        case_id,
        reviewer_id,
    )
    return removed is not None


async def mark_closed(conn: Connection, case_id: int) -> None:
    """Closes a locked case, or notes one more verdict on a closed one: its version rises either way."""
    await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = coalesce(closed_at, clock_timestamp()), version = version + 1,
            leased_by = NULL, leased_until = NULL
        WHERE id = $1
        """,
        case_id,
    )


async def mark_open(conn: Connection, case_id: int, *, stage: int) -> None:
    """Puts a locked case (back) into the queue of a stage, free for anybody who may judge it there."""
    await conn.execute(
        """
        UPDATE cases
        SET state = 'open', closed_at = NULL, stage = $2, version = version + 1,
            leased_by = NULL, leased_until = NULL
        WHERE id = $1
        """,
        case_id,
        stage,
    )
