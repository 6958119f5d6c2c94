"""The SQL of cases. Leases expire by the database clock."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from feed.cases import urgency
from feed.cases.model import LEASE_SECONDS, Bar, Case, CaseId, CaseNotFound, Kind
from feed.postgres import Connection, columns, one
from feed.screening.model import MachineResult

# The result of the machine check for content that passes it.
MACHINE_PASSED: dict[str, Any] = {"verdict": "pass", "labels": []}


class NewCase(NamedTuple):
    """A new subject to queue. `stages`: the approvals that publish it; 0 if it is visible."""

    author_id: int
    post_id: int
    comment_id: int | None
    revision: int | None
    stages: int
    machine: MachineResult


async def add_case(
    conn: Connection,
    *,
    kind: Kind,
    author_id: int,
    post_id: int | None = None,
    comment_id: int | None = None,
    revision: int | None = None,
    account_id: int | None = None,
    due_minutes: int | None = None,
    machine: dict[str, Any] | None = None,
    stages: int = 0,
    keep_revision: int | None = None,
) -> CaseId:
    """Queues a subject for review. Returns the id of the new case, or of the one that is open already.

    It is due as `urgency` says, or after `due_minutes` if a campaign does not need it earlier. `stages`: the approvals that publish it;
    0 if it is visible. A newer revision of a post or comment closes the open cases of older ones, which are not shown any more, but for the case of
    `keep_revision`, which others see while the newer one waits.
    """
    risk = 0 if machine is None else int(machine.get("risk", 0))
    return CaseId(
        await conn.fetchval(
            """
            WITH superseded AS (
                UPDATE cases
                SET state = 'closed', closed_at = clock_timestamp(), version = version + 1,
                    leased_by = NULL, leased_until = NULL
                WHERE state = 'open' AND kind = $1 AND post_id = $3 AND coalesce(revision, 1) < $5
                  AND coalesce(revision, 1) IS DISTINCT FROM $10
                  AND (($1 = 'post' AND comment_id IS NULL) OR ($1 = 'comment' AND comment_id = $4))
            ), added AS (
                INSERT INTO cases (kind, author_id, post_id, comment_id, revision, account_id, due_at, machine, stages, risk)
                VALUES ($1, $2, $3, $4, $5, $6, LEAST(
                    clock_timestamp() + make_interval(mins => $7),
                    (SELECT min(ends_at) FROM review_deadlines WHERE post_id = $3) - make_interval(hours => $9)
                ), $8, $11, $12)
                ON CONFLICT DO NOTHING
                RETURNING id
            )
            SELECT id FROM added
            UNION ALL
            SELECT id FROM cases
            WHERE state = 'open' AND kind = $1
              AND ((kind = 'post' AND post_id = $3 AND revision = $5) OR (kind = 'comment' AND comment_id = $4 AND coalesce(revision, 1) = coalesce($5, 1)))
            LIMIT 1
            """,
            kind,
            author_id,
            post_id,
            comment_id,
            revision,
            account_id,
            urgency.allowed_minutes(kind, risk=risk) if due_minutes is None else due_minutes,
            MACHINE_PASSED if machine is None else machine,
            urgency.DEADLINE_LEAD_HOURS,
            keep_revision,
            stages,
            risk,
        )
    )


async def add_first_cases(
    conn: Connection,
    kind: Kind,
    subjects: Sequence[NewCase],
) -> None:
    """Queues new subjects, which cannot have open cases. A subject that the machine check has blocked gets a closed case."""
    await conn.execute(
        """
        INSERT INTO cases (kind, author_id, post_id, comment_id, revision, stages, machine, risk, state, due_at, closed_at)
        SELECT $1, author_id, post_id, comment_id, revision, stages, machine::jsonb, risk,
               CASE WHEN blocked THEN 'closed' ELSE 'open' END,
               LEAST(now.at + make_interval(mins => minutes), deadlines.ends_at - make_interval(hours => $2)),
               CASE WHEN blocked THEN now.at END
        FROM unnest(
            $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::smallint[], $8::text[], $9::smallint[], $10::boolean[],
            $11::integer[]
        ) AS given (author_id, post_id, comment_id, revision, stages, machine, risk, blocked, minutes)
        -- Once for each post: most comments of a batch are on few.
        JOIN (
            SELECT post_id, (SELECT min(ends_at) FROM review_deadlines WHERE review_deadlines.post_id = each.post_id) AS ends_at
            FROM (SELECT DISTINCT unnest($4::bigint[]) AS post_id) AS each
            OFFSET 0
        ) AS deadlines USING (post_id)
        CROSS JOIN (SELECT clock_timestamp() AS at) AS now
        """,
        kind,
        urgency.DEADLINE_LEAD_HOURS,
        *columns(
            [
                (
                    each.author_id,
                    each.post_id,
                    each.comment_id,
                    each.revision,
                    each.stages,
                    msgspec.json.encode(each.machine.stored()).decode(),
                    each.machine.risk,
                    each.machine.verdict == "block",
                    urgency.allowed_minutes(kind, risk=each.machine.risk),
                )
                for each in subjects
            ],
            9,
        ),
    )


async def close_cases(conn: Connection, *, post_id: int | None = None, comment_id: int | None = None) -> int:
    """Closes the open cases of a deleted subject, for a post also those of its comments. Returns their number.

    Reports and appeals stay: what was said can be judged although its author has deleted it.
    """
    tag = await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = clock_timestamp(), version = version + 1,
            leased_by = NULL, leased_until = NULL
        WHERE state = 'open' AND kind NOT IN ('report', 'appeal') AND (post_id = $1 OR (kind = 'comment' AND comment_id = $2))
        """,
        post_id,
        comment_id,
    )
    return int(tag.split()[-1])


async def is_disputed(conn: Connection, post_id: int) -> bool:
    """Whether a report or an appeal about a post is open, or a case that the machine check has sent to review."""
    disputed: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM cases
            WHERE post_id = $1 AND comment_id IS NULL AND state = 'open'
                AND (kind <> 'post' OR coalesce(machine ->> 'verdict', 'pass') <> 'pass')
        )
        """,
        post_id,
    )
    return disputed


async def find_case(conn: Connection, case_id: int) -> Case | None:
    """The case, or None if there is none."""
    row = await conn.fetchrow(
        """
        SELECT id, kind, stage, state, version, stages, risk, post_id, comment_id, account_id, topic_id, revision, author_id, machine,
               lease_holder(leased_by, leased_until) AS held_by, due_at, created_at, closed_at
        FROM cases WHERE id = $1
        """,
        case_id,
    )
    return one(row, Case)


async def find_chain_case(conn: Connection, case: Case) -> Case | None:
    """The latest case in which the text that a dispute is about is reviewed; None without one. The post's statistics are locked."""
    row = await conn.fetchrow(
        """
        SELECT id, kind, stage, state, version, stages, risk, post_id, comment_id, account_id, topic_id, revision, author_id, machine,
               lease_holder(leased_by, leased_until) AS held_by, due_at, created_at, closed_at
        FROM cases
        WHERE (kind = 'post' AND $2::bigint IS NULL AND post_id = $1 AND revision IS NOT DISTINCT FROM $3::integer)
            OR (kind = 'comment' AND comment_id = $2 AND coalesce(revision, 1) = coalesce($3, 1))
        ORDER BY id DESC
        LIMIT 1
        FOR UPDATE
        """,
        case.post_id,
        case.comment_id,
        case.revision,
    )
    return one(row, Case)


async def find_open_review(conn: Connection, post_id: int, revision: int) -> CaseId | None:
    """The open case in which a revision of a post is reviewed."""
    case_id: CaseId | None = await conn.fetchval(
        "SELECT id FROM cases WHERE kind = 'post' AND post_id = $1 AND revision = $2 AND state = 'open'",
        post_id,
        revision,
    )
    return case_id


async def lock_case(conn: Connection, case_id: int) -> Case:
    """The case, locked until the transaction ends. Raises CaseNotFound.

    A caller that also changes the subject must have locked the post's statistics before, as every writer of the post does.
    """
    row = await conn.fetchrow(
        """
        SELECT id, kind, stage, state, version, stages, risk, post_id, comment_id, account_id, topic_id, revision, author_id, machine,
               lease_holder(leased_by, leased_until) AS held_by, due_at, created_at, closed_at
        FROM cases WHERE id = $1 FOR UPDATE
        """,
        case_id,
    )
    case = one(row, Case)
    if case is None:
        raise CaseNotFound
    return case


async def lease_free(conn: Connection, reviewer_id: int, case_ids: Sequence[CaseId], *, count: int) -> list[CaseId]:
    """Leases up to `count` of the cases to the reviewer, the earliest due first, and returns them. No two reviewers get the same case.

    Skips those that are closed or leased meanwhile, and those that the reviewer's person must not judge.
    """
    rows = await conn.fetch(
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM cases
            WHERE id = ANY ($2::bigint[]) AND state = 'open'
              AND lease_holder(leased_by, leased_until) IS NULL
              -- OFFSET 0: case by case, instead of a join with the bars of all cases.
              AND NOT EXISTS (
                  SELECT FROM barred_from_cases AS barred
                  WHERE barred.case_id = cases.id AND barred.account_id = $1
                  OFFSET 0
              )
            ORDER BY due_at, id
            LIMIT $3
            FOR UPDATE SKIP LOCKED
        ), leased AS (
            UPDATE cases
            SET leased_by = $1, leased_until = clock_timestamp() + make_interval(secs => $4)
            FROM free
            WHERE cases.id = free.id
            RETURNING cases.id, cases.due_at
        ), recorded AS (
            INSERT INTO case_leases (case_id, account_id) SELECT id, $1 FROM leased
        )
        SELECT id, due_at FROM leased ORDER BY due_at, id
        """,
        reviewer_id,
        case_ids,
        count,
        LEASE_SECONDS,
    )
    return [row["id"] for row in rows]


async def count_leased(conn: Connection, account_ids: Sequence[int]) -> int:
    """On how many open cases these accounts have a lease that is in force."""
    return int(
        await conn.fetchval(
            """
            SELECT count(*) FROM cases
            WHERE state = 'open' AND leased_by = ANY ($1::bigint[]) AND lease_holder(leased_by, leased_until) IS NOT NULL
            """,
            account_ids,
        )
    )


async def renew_leases(conn: Connection, reviewer_id: int) -> None:
    """Renews the reviewer's leases that are in force: who works on some of them is going to work on the others.

    Without waiting for a case that another transaction has locked, which has its turn with the next act.
    """
    await conn.execute(
        """
        WITH held AS MATERIALIZED (
            SELECT id FROM cases
            WHERE state = 'open' AND leased_by = $1 AND leased_until > clock_timestamp()
            ORDER BY id
            FOR UPDATE SKIP LOCKED
        )
        UPDATE cases SET leased_until = clock_timestamp() + make_interval(secs => $2)
        FROM held
        WHERE cases.id = held.id
        """,
        reviewer_id,
        LEASE_SECONDS,
    )


async def list_bars(conn: Connection, case_id: int, reviewer_id: int) -> set[Bar]:
    """Why the reviewer's person must not judge the case; empty if it may."""
    rows = await conn.fetch(
        "SELECT DISTINCT reason FROM barred_from_cases WHERE case_id = $1 AND account_id = $2", case_id, reviewer_id
    )
    return {row["reason"] for row in rows}


async def list_leased(conn: Connection, reviewer_id: int) -> list[CaseId]:
    """The open cases on which the reviewer has an unexpired lease, most urgent first."""
    rows = await conn.fetch(
        """
        SELECT id FROM cases
        WHERE state = 'open' AND leased_by = $1 AND lease_holder(leased_by, leased_until) IS NOT NULL
        ORDER BY due_at, id
        """,
        reviewer_id,
    )
    return [row["id"] for row in rows]


async def extend_lease(conn: Connection, case_id: int, reviewer_id: int) -> bool:
    """Renews the reviewer's lease on an open case. False if there is none or it has expired."""
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
    """Ends the reviewer's lease. False if there is none."""
    removed = await conn.fetchval(
        """
        WITH released AS (
            UPDATE cases SET leased_by = NULL, leased_until = NULL
            WHERE id = $1 AND leased_by = $2
            RETURNING id
        ), recorded AS (
            UPDATE case_leases SET ended_at = clock_timestamp()
            FROM released
            WHERE case_leases.case_id = released.id AND case_leases.account_id = $2 AND case_leases.ended_at IS NULL
        )
        SELECT true FROM released
        """,
        case_id,
        reviewer_id,
    )
    return removed is not None


async def mark_closed(conn: Connection, case_id: int) -> None:
    """Closes a locked case, or records a further verdict on a closed one; increments its version in both cases."""
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
    """Puts a locked case into the queue of a stage, without a lease."""
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
