"""The SQL of reports and of what was reported."""

from collections.abc import Sequence
from datetime import datetime

from feed.postgres import Connection, many, one
from feed.reports.model import RECORD_DAYS, DecidedReport, Reported, Reporter, ReportId, ReportState, TargetKind


async def get_reporter(conn: Connection, account_id: int) -> Reporter:
    """The person behind an account, as a reporter."""
    row = await conn.fetchrow(
        """
        SELECT persons.person, accounts.person IS NOT NULL AS verified, standing.banned, standing.muted,
               standing.leaving,
               record.upheld, record.dismissed
        FROM accounts
        JOIN persons ON persons.account_id = accounts.id
        JOIN standings_now AS standing ON standing.account_id = accounts.id
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE reports.state = 'upheld') AS upheld,
                   count(*) FILTER (WHERE reports.state = 'dismissed') AS dismissed
            FROM reports
            WHERE reports.reporter_id IN (
                SELECT same_id FROM same_person_accounts WHERE same_person_accounts.account_id = accounts.id
            ) AND reports.made_at > now() - make_interval(days => $2)
        ) AS record
        WHERE accounts.id = $1
        """,
        account_id,
        RECORD_DAYS,
    )
    reporter = one(row, Reporter)
    assert reporter is not None
    return reporter


async def add_report(
    conn: Connection,
    id_: int | None,
    *,
    case_id: int,
    kind: TargetKind,
    target_id: int,
    revision: int,
    reporter_id: int,
    person: bytes,
    reason_code: str,
    note: str | None,
    counts: bool,
) -> ReportId | None:
    """Adds a report and returns its id; None if the person or the account has reported this revision already. `id_` None: a new id."""
    added: ReportId | None = await conn.fetchval(
        """
        INSERT INTO reports (id, case_id, target_kind, target_id, revision, reporter_id, reporter_person, reason_code, note, counts)
        VALUES (coalesce($1, next_id()), $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        id_,
        case_id,
        kind,
        target_id,
        revision,
        reporter_id,
        person,
        reason_code,
        note,
        counts,
    )
    return added


async def add_evidence(conn: Connection, case_id: int, reported: Reported) -> None:
    """Keeps what was reported; a revision that is kept already stays as it was captured first."""
    await conn.execute(
        """
        INSERT INTO report_evidence (case_id, revision, content, author_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT (case_id, revision) DO NOTHING
        """,
        case_id,
        reported.revision,
        reported.content,
        reported.subject.author_id,
    )


async def count_persons(conn: Connection, target_id: int, *, since: datetime | None) -> int:
    """How many persons' open reports count toward hiding the target, of those made after `since`."""
    count: int = await conn.fetchval(
        """
        SELECT count(DISTINCT reporter_person)
        FROM reports
        WHERE target_id = $1 AND state = 'open' AND counts AND made_at > coalesce($2, '-infinity'::timestamptz)
        """,
        target_id,
        since,
    )
    return count


async def find_post_approval(conn: Connection, post_id: int, revision: int) -> datetime | None:
    """When a reviewer last approved this revision of the post; None: never."""
    approved_at: datetime | None = await conn.fetchval(
        """
        SELECT max(made_at) FROM human_approvals
        WHERE post_id = $1 AND comment_id IS NULL AND (revision IS NULL OR revision = $2)
        """,
        post_id,
        revision,
    )
    return approved_at


async def find_comment_approval(conn: Connection, comment_id: int, revision: int) -> datetime | None:
    """When a reviewer last approved this revision of the comment; None: never."""
    approved_at: datetime | None = await conn.fetchval(
        # A case from before the first edit names no revision: it is about the first one.
        "SELECT max(made_at) FROM human_approvals WHERE comment_id = $1 AND coalesce(revision, 1) = $2",
        comment_id,
        revision,
    )
    return approved_at


async def mark_decided(conn: Connection, case_id: int, state: ReportState, verdict_id: int) -> None:
    """Decides the reports of a case, also those that a former verdict has decided otherwise."""
    await conn.execute(
        """
        UPDATE reports SET state = $2, verdict_id = $3, decided_at = clock_timestamp()
        WHERE case_id = $1 AND state <> $2
        """,
        case_id,
        state,
        verdict_id,
    )


async def mark_open(conn: Connection, case_id: int) -> None:
    """Opens the decided reports of a case again. One of a person who has reported the same target anew stays decided."""
    await conn.execute(
        """
        UPDATE reports SET state = 'open', decided_at = NULL
        WHERE case_id = $1 AND state <> 'open' AND NOT EXISTS (
            SELECT FROM reports AS newer
            WHERE newer.target_id = reports.target_id AND newer.revision = reports.revision
                AND (newer.reporter_person = reports.reporter_person OR newer.reporter_id = reports.reporter_id)
                AND newer.state = 'open'
        )
        """,
        case_id,
    )


async def move_open(conn: Connection, *, from_case: int, to_case: int) -> None:
    """Moves the open reports of a case that stays closed to the open case of the same subject, with what was reported."""
    await conn.execute(
        """
        WITH moved AS (
            UPDATE reports SET case_id = $2 WHERE case_id = $1 AND state = 'open'
        )
        INSERT INTO report_evidence (case_id, revision, content, author_id, captured_at)
        SELECT $2, revision, content, author_id, captured_at FROM report_evidence WHERE case_id = $1
        ON CONFLICT (case_id, revision) DO NOTHING
        """,
        from_case,
        to_case,
    )


async def take_to_notify(conn: Connection, *, limit: int) -> list[DecidedReport]:
    """Marks reports as notified of their present state, the oldest first, and returns them as they were. Skips what is locked."""
    rows = await conn.fetch(
        """
        WITH due AS MATERIALIZED (
            SELECT id, notified FROM reports
            WHERE state <> notified
            ORDER BY id
            LIMIT $1
            FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE reports SET notified = reports.state
        FROM due, cases
        WHERE reports.id = due.id AND cases.id = reports.case_id
        RETURNING reports.id, reports.reporter_id, reports.target_kind, reports.target_id, cases.post_id, reports.state,
                  due.notified, reports.reason_code, reports.verdict_id
        """,
        limit,
    )
    return many(rows, DecidedReport)


async def list_notifiable(conn: Connection, account_ids: Sequence[int]) -> set[int]:
    """Those of the accounts that are not erased."""
    rows = await conn.fetch(
        "SELECT id FROM accounts WHERE id = ANY ($1::bigint[]) AND erased_at IS NULL", list(account_ids)
    )
    return {row["id"] for row in rows}


async def remove_old_evidence(conn: Connection, *, days: int) -> int:
    """Removes what was reported from cases that have been closed for so many days. Returns the number of rows."""
    tag = await conn.execute(
        """
        DELETE FROM report_evidence
        USING cases
        WHERE cases.id = report_evidence.case_id AND cases.state = 'closed'
            AND cases.closed_at < now() - make_interval(days => $1)
        """,
        days,
    )
    return int(tag.split()[-1])
