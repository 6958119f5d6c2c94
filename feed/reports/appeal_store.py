"""The SQL of appeals, and of the decisions that they are against."""

from feed.postgres import Connection, many, one
from feed.reports.appeal_model import Appeal, AppealId, AppealTarget, Decision


async def list_in_force(conn: Connection, account_id: int, target: AppealTarget, *, days: int) -> list[Decision]:
    """The decisions in force about this against the account; those about a user against its person. `days`: the time to appeal."""
    rows = await conn.fetch(
        """
        SELECT decisions.id, decisions.kind, decisions.account_id, decisions.target_kind, decisions.target_id, decisions.post_id,
               decisions.comment_id, decisions.revision, decisions.effect, decisions.reason_code, decisions.made_at, decisions.until,
               appeals.id IS NOT NULL AS appealed,
               decisions.made_at > clock_timestamp() - make_interval(days => $4) AS in_time
        FROM same_person_accounts AS same
        JOIN decisions ON decisions.account_id = same.same_id
        LEFT JOIN appeals ON appeals.decision_id = decisions.id
        WHERE same.account_id = $1 AND decisions.in_force
            AND (decisions.account_id = $1 OR decisions.target_kind = 'user')
            AND CASE $2::text
                WHEN 'decision' THEN decisions.id = $3
                -- Of a user: the own account, whichever account of the person the decision names.
                WHEN 'user' THEN decisions.target_kind = 'user' AND $3 = $1
                ELSE decisions.target_kind = $2 AND decisions.target_id = $3
            END
        """,
        account_id,
        target.kind,
        target.id,
        days,
    )
    return many(rows, Decision)


async def add_appeal(
    conn: Connection, id_: int | None, decision: Decision, *, case_id: int, account_id: int, text: str
) -> AppealId | None:
    """Adds an appeal and returns its id; None if there is one against the decision. `id_` None: a new id."""
    added: AppealId | None = await conn.fetchval(
        """
        INSERT INTO appeals (id, case_id, decision_kind, decision_id, account_id, text)
        VALUES (coalesce($1, next_id()), $2, $3, $4, $5, $6)
        ON CONFLICT (decision_id) DO NOTHING
        RETURNING id
        """,
        id_,
        case_id,
        decision.kind,
        decision.id,
        account_id,
        text,
    )
    return added


async def find_of_case(conn: Connection, case_id: int) -> Appeal | None:
    """The appeal that a case is about."""
    row = await conn.fetchrow(
        """
        SELECT appeals.id, appeals.case_id, appeals.decision_kind, appeals.decision_id, appeals.account_id, appeals.state,
               decisions.target_kind, decisions.target_id, decisions.post_id, decisions.effect,
               decisions.reason_code AS decision_reason, appeals.reason_code, appeals.verdict_id,
               decisions.in_force, decisions.case_id AS decision_case_id
        FROM appeals
        JOIN decisions ON decisions.id = appeals.decision_id
        WHERE appeals.case_id = $1
        """,
        case_id,
    )
    return one(row, Appeal)


async def list_moot(conn: Connection, target_id: int) -> list[Appeal]:
    """The open appeals against verdicts on a post or comment that were undone, or followed by one that restored it."""
    rows = await conn.fetch(
        """
        SELECT appeals.id, appeals.case_id, appeals.decision_kind, appeals.decision_id, appeals.account_id, appeals.state,
               decisions.target_kind, decisions.target_id, decisions.post_id, decisions.effect,
               decisions.reason_code AS decision_reason, appeals.reason_code, appeals.verdict_id,
               decisions.in_force, decisions.case_id AS decision_case_id
        FROM cases
        JOIN appeals ON appeals.case_id = cases.id AND appeals.state = 'open'
        JOIN decisions ON decisions.id = appeals.decision_id
        JOIN verdicts ON verdicts.id = appeals.decision_id
        WHERE coalesce(cases.comment_id, cases.post_id) = $1 AND cases.kind = 'appeal' AND cases.state = 'open'
            AND (verdicts.undone_at IS NOT NULL OR EXISTS (
                SELECT FROM cases AS others JOIN verdicts AS later ON later.case_id = others.id
                WHERE others.post_id = cases.post_id AND others.comment_id IS NOT DISTINCT FROM cases.comment_id
                    AND later.id > verdicts.id AND later.undone_at IS NULL AND later.verdict = 'restore'
                    AND others.kind <> 'appeal'
            ))
        ORDER BY appeals.id
        """,
        target_id,
    )
    return many(rows, Appeal)


async def mark_decided(conn: Connection, appeal_id: int, verdict_id: int, *, reason_code: str | None) -> None:
    """Decides an appeal: it is rejected for the reason, or upheld without one."""
    await conn.execute(
        """
        UPDATE appeals
        SET state = CASE WHEN $3::text IS NULL THEN 'upheld' ELSE 'rejected' END, reason_code = $3, verdict_id = $2,
            decided_at = clock_timestamp()
        WHERE id = $1
        """,
        appeal_id,
        verdict_id,
        reason_code,
    )


async def mark_open(conn: Connection, appeal_id: int) -> None:
    """Opens a decided appeal again."""
    await conn.execute(
        "UPDATE appeals SET state = 'open', reason_code = NULL, decided_at = NULL WHERE id = $1", appeal_id
    )
