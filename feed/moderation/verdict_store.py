"""SQL of verdicts. A verdict never changes; `undone_at` is the time since which it is not in force."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from feed.cases.holds import State
from feed.cases.model import Case, CaseId
from feed.moderation.model import BatchId, Verdict, VerdictId, VerdictKind, VerdictResult
from feed.postgres import Connection, many, one


async def add_verdict(
    conn: Connection,
    case: Case,
    *,
    reviewer_id: int,
    verdict: VerdictKind,
    reason_code: str,
    note: str | None,
    content_sha256: bytes | None,
    batch_id: BatchId | None,
    state_before: State | None,
) -> VerdictId:
    """Adds a verdict on a locked case at its current stage; returns its id."""
    return VerdictId(
        await conn.fetchval(
            """
            INSERT INTO verdicts (case_id, stage, post_id, comment_id, revision, content_sha256, author_id,
                                  reviewer_id, verdict, reason_code, note, batch_id, state_before, author_person, reviewer_person)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                    -- An account without a verified phone is a person of its own.
                    (SELECT coalesce(person, int8send(id)) FROM accounts WHERE id = $7),
                    (SELECT coalesce(person, int8send(id)) FROM accounts WHERE id = $8))
            RETURNING id
            """,
            case.id,
            case.stage,
            case.post_id,
            case.comment_id,
            case.revision,
            content_sha256,
            case.author_id,
            reviewer_id,
            verdict,
            reason_code,
            note,
            batch_id,
            state_before,
        )
    )


async def list_in_force(conn: Connection, case_id: int) -> list[Verdict]:
    """The verdicts in force on a case, the latest last."""
    rows = await conn.fetch(
        """
        SELECT id, case_id, stage, reviewer_id, verdict, lifted_holds, state_before
        FROM verdicts
        WHERE case_id = $1 AND undone_at IS NULL
        ORDER BY id
        """,
        case_id,
    )
    return many(rows, Verdict)


async def list_of_batch(conn: Connection, batch_id: int, reviewer_id: int) -> list[Verdict]:
    """The verdicts in force of a reviewer's batch."""
    # Ids begin with milliseconds, so the ids of a batch's verdicts follow the id of the batch within ten minutes.
    rows = await conn.fetch(
        """
        SELECT id, case_id, stage, reviewer_id, verdict, lifted_holds, state_before
        FROM verdicts
        WHERE id BETWEEN $1 - (1::bigint << 20) AND $1 + LEAST(600000::bigint << 20, 9223372036854775807 - $1)
          AND batch_id = $1 AND reviewer_id = $2 AND undone_at IS NULL
        ORDER BY id
        """,
        batch_id,
        reviewer_id,
    )
    return many(rows, Verdict)


async def list_judged(
    conn: Connection, batch_id: int, reviewer_id: int, *, undone: bool = False
) -> dict[CaseId, VerdictResult]:
    """The verdicts in force of the reviewer's batch, by case; with `undone`, those that were undone."""
    rows = await conn.fetch(
        """
        SELECT case_id, id, post_id
        FROM verdicts
        WHERE id BETWEEN $1 - (1::bigint << 20) AND $1 + LEAST(600000::bigint << 20, 9223372036854775807 - $1)
          AND batch_id = $1 AND reviewer_id = $2 AND (undone_at IS NOT NULL) = $3
        ORDER BY id
        """,
        batch_id,
        reviewer_id,
        undone,
    )
    return {CaseId(row["case_id"]): VerdictResult(row["id"], row["post_id"]) for row in rows}


async def mark_lifted(conn: Connection, verdict_id: int, holds: int) -> None:
    """Records the holds that a verdict has lifted, which undoing it sets again."""
    await conn.execute("UPDATE verdicts SET lifted_holds = $2 WHERE id = $1", verdict_id, holds)


async def mark_undone(conn: Connection, verdict_ids: Sequence[int]) -> None:
    """Undoes verdicts that are in force."""
    await conn.execute(
        "UPDATE verdicts SET undone_at = now() WHERE id = ANY ($1::bigint[]) AND undone_at IS NULL", verdict_ids
    )


async def mark_hiding_in_force(conn: Connection, restoring_id: int) -> None:
    """Puts the verdict in force again that hid the subject and that its own reviewer's restoring one has replaced."""
    # Replaced in the transaction of the restoring verdict, and with its time.
    await conn.execute(
        """
        UPDATE verdicts AS hiding SET undone_at = NULL
        FROM verdicts AS restoring
        WHERE restoring.id = $1 AND hiding.case_id = restoring.case_id AND hiding.undone_at = restoring.made_at
            AND hiding.verdict IN ('remove', 'reject')
        """,
        restoring_id,
    )


async def find_hiding_reason(conn: Connection, case: Case) -> str | None:
    """The reason code of the latest verdict in force, of any case, that hides the subject of the case; None without one."""
    reason_code: str | None = await conn.fetchval(
        """
        SELECT verdicts.reason_code
        FROM cases
        JOIN verdicts ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL AND verdicts.verdict IN ('remove', 'reject')
        WHERE (cases.post_id = $1 AND cases.comment_id IS NOT DISTINCT FROM $2::bigint)
            -- A name, bio or picture has one case.
            OR ($1::bigint IS NULL AND cases.id = $3)
        ORDER BY verdicts.id DESC
        LIMIT 1
        """,
        case.post_id,
        case.comment_id,
        case.id,
    )
    return reason_code


async def next_batch_id(conn: Connection) -> BatchId:
    """A new id for a batch of verdicts."""
    return BatchId(await conn.fetchval("SELECT next_id()"))


class Chain(NamedTuple):
    """The approvals that the publication of a revision needs, and an account of each person who has given one.

    `elsewhere`: those of them who have given one in another case, or at another stage, than the present.
    """

    stages: int
    approvers: frozenset[int]
    elsewhere: frozenset[int]


async def get_chain(conn: Connection, case: Case, content_sha256: bytes | None) -> Chain:
    """The chain of the case's revision. Approvals count in whichever case they were given, and for this very content only."""
    row = await conn.fetchrow(
        """
        WITH related AS MATERIALIZED (
            SELECT id, stages FROM cases
            WHERE $2::bigint IS NULL AND post_id = $1 AND comment_id IS NULL
                AND (id = $5 OR revision IS NOT DISTINCT FROM $3::integer)
            UNION ALL
            SELECT id, stages FROM cases
            WHERE comment_id = $2 AND (id = $5 OR revision IS NOT DISTINCT FROM $3::integer)
        ), given AS (
            SELECT min(verdicts.reviewer_id) AS account_id, bool_or((verdicts.case_id, verdicts.stage) <> ($5, $6)) AS elsewhere
            FROM related
            JOIN verdicts ON verdicts.case_id = related.id AND verdicts.undone_at IS NULL
                AND verdicts.verdict IN ('approve', 'restore') AND verdicts.content_sha256 = $4
            GROUP BY coalesce(verdicts.reviewer_person, int8send(verdicts.reviewer_id))
        )
        SELECT (SELECT coalesce(max(stages), 0) FROM related) AS stages,
               (SELECT coalesce(array_agg(account_id), '{}') FROM given) AS approvers,
               (SELECT coalesce(array_agg(account_id) FILTER (WHERE elsewhere), '{}') FROM given) AS elsewhere
        """,
        case.post_id,
        case.comment_id,
        case.revision,
        content_sha256,
        case.id,
        case.stage,
    )
    assert row is not None
    return Chain(row["stages"], frozenset(row["approvers"]), frozenset(row["elsewhere"]))


async def list_engaged_entries(conn: Connection, account_id: int) -> list[int]:
    """The entries of unsettled campaigns that the person behind an account wrote, liked or commented; a sanction changes their score."""
    rows = await conn.fetch(
        """
        WITH same AS MATERIALIZED (
            SELECT same_id AS id FROM same_person_accounts WHERE account_id = $1
        ), touched AS MATERIALIZED (
            -- From the person to the posts, not from the entries to their engagement: there may be a hundred thousand entries.
            SELECT entries.post_id FROM same, campaigns JOIN entries ON entries.campaign_id = campaigns.id
            WHERE campaigns.state IN ('scheduled', 'judging') AND entries.author_id = same.id
            UNION
            SELECT likes.post_id FROM same JOIN likes ON likes.account_id = same.id
            UNION
            SELECT past_likes.post_id FROM same JOIN past_likes ON past_likes.account_id = same.id
            UNION
            SELECT comments.post_id FROM same JOIN comments ON comments.author_id = same.id
        )
        SELECT DISTINCT entries.post_id
        FROM touched
        JOIN entries ON entries.post_id = touched.post_id
        JOIN campaigns ON campaigns.id = entries.campaign_id
        WHERE campaigns.state IN ('scheduled', 'judging')
        ORDER BY entries.post_id
        """,
        account_id,
    )
    return [row["post_id"] for row in rows]


class Approval(msgspec.Struct, frozen=True):
    """An approval in force of what others see, whose case is closed."""

    verdict_id: VerdictId
    case_id: CaseId
    stage: int
    post_id: int | None
    reviewer_id: int


async def list_approvals(conn: Connection, reviewer_ids: Sequence[int], since: datetime, limit: int) -> list[Approval]:
    """The approvals of these accounts since then that `standing_approvals` has, the newest first."""
    rows = await conn.fetch(
        """
        SELECT verdict_id, case_id, stage, post_id, reviewer_id
        FROM standing_approvals
        WHERE reviewer_id = ANY ($1::bigint[]) AND made_at >= $2
        ORDER BY verdict_id DESC
        LIMIT $3
        """,
        reviewer_ids,
        since,
        limit,
    )
    return many(rows, Approval)


async def list_approvals_by_id(conn: Connection, verdict_ids: Sequence[int]) -> list[Approval]:
    """Those of the approvals that are still in force and whose case is still closed; the statistics of their posts are locked."""
    rows = await conn.fetch(
        """
        SELECT verdict_id, case_id, stage, post_id, reviewer_id
        FROM standing_approvals
        WHERE verdict_id = ANY ($1::bigint[])
        """,
        verdict_ids,
    )
    return many(rows, Approval)


class Decision(msgspec.Struct, frozen=True):
    """What has been decided about a case, and by whom."""

    verdict: VerdictKind
    stage: int
    reason_code: str
    user_id: str
    user_name: str
    made_at: datetime


async def get_decision(conn: Connection, case_id: int) -> Decision | None:
    """The latest decision in force about the case; None without one: then it is stale for another reason."""
    row = await conn.fetchrow(
        """
        SELECT verdicts.verdict, verdicts.stage, verdicts.reason_code, accounts.id::text AS user_id, accounts.name AS user_name,
               verdicts.made_at
        FROM verdicts
        JOIN accounts ON accounts.id = verdicts.reviewer_id
        WHERE verdicts.case_id = $1 AND verdicts.undone_at IS NULL
        ORDER BY verdicts.id DESC
        LIMIT 1
        """,
        case_id,
    )
    return one(row, Decision)
