"""The SQL of cases. The database clock decides leases."""

from typing import Any

import msgspec

from feed.cases.model import LEASE_SECONDS, Case, CaseId, CaseNotFound, Kind
from feed.postgres import Connection, many, one


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
    """Queues a subject for a look; the one that is open already, if there is one.

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
            WHERE state = 'open' AND kind = $1 AND ((kind = 'post' AND post_id = $3 AND revision = $5)
                OR (kind = 'comment' AND comment_id = $4))
            LIMIT 1
            """,
            kind,
            author_id,
            post_id,
            comment_id,
            revision,
            account_id,
            due_minutes,
            {"verdict": "pass", "labels": []} if machine is None else machine,
        )
    )


async def close_cases(conn: Connection, *, post_id: int | None = None, comment_id: int | None = None) -> int:
    """Closes the open cases of a deleted subject, a post's with those of its comments. How many there were."""
    tag = await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = clock_timestamp(), version = version + 1,
            leased_by = NULL, leased_until = NULL
        WHERE state = 'open' AND (post_id = $1 OR comment_id = $2)
        """,
        post_id,
        comment_id,
    )
    return int(tag.split()[-1])
