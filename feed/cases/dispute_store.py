"""The SQL of cases about reports and appeals."""

import msgspec

from feed.cases import urgency
from feed.cases.model import CaseId, Kind, Subject
from feed.cases.store import MACHINE_PASSED
from feed.postgres import Connection, many


async def add_report_case(conn: Connection, subject: Subject, *, due_minutes: int) -> CaseId:
    """Queues a subject that was reported, or joins the open case of its reports. Returns the case's id.

    A report of a newer revision than the ones before makes a new version of the case.
    """
    return CaseId(
        await conn.fetchval(
            """
            INSERT INTO cases (kind, author_id, post_id, comment_id, account_id, topic_id, revision, due_at, machine)
            VALUES ('report', $1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(mins => $7), $8)
            ON CONFLICT (coalesce(comment_id, post_id, account_id, topic_id)) WHERE kind = 'report' AND state = 'open'
            DO UPDATE
            SET due_at = least(cases.due_at, excluded.due_at), revision = greatest(cases.revision, excluded.revision),
                version = cases.version + (excluded.revision > coalesce(cases.revision, 1) IS TRUE)::integer
            RETURNING id
            """,
            subject.author_id,
            subject.post_id,
            subject.comment_id,
            subject.account_id,
            subject.topic_id,
            subject.revision,
            due_minutes,
            MACHINE_PASSED,
        )
    )


async def find_open_report(conn: Connection, subject: Subject) -> CaseId | None:
    """The open case of the subject's reports; None without one."""
    case_id: CaseId | None = await conn.fetchval(
        """
        SELECT id FROM cases
        WHERE coalesce(comment_id, post_id, account_id, topic_id) = $1 AND kind = 'report' AND state = 'open'
        """,
        subject.id,
    )
    return case_id


async def close_with(conn: Connection, case_id: CaseId, verdict_id: int) -> None:
    """Closes an open case with the verdict on another case of its subject."""
    await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = clock_timestamp(), version = version + 1, closed_with = $2,
            leased_by = NULL, leased_until = NULL
        WHERE id = $1 AND state = 'open'
        """,
        case_id,
        verdict_id,
    )


class ClosedCase(msgspec.Struct, frozen=True):
    """A case that was closed with a verdict on another one."""

    id: CaseId
    kind: Kind


async def list_closed_with(conn: Connection, verdict_id: int) -> list[ClosedCase]:
    """The cases that were closed with a verdict on another case of their subject."""
    rows = await conn.fetch("SELECT id, kind FROM cases WHERE closed_with = $1 ORDER BY id", verdict_id)
    return many(rows, ClosedCase)


async def open_again(conn: Connection, case_id: CaseId) -> None:
    """Opens a case again that was closed with a verdict on another one."""
    await conn.execute(
        """
        UPDATE cases SET state = 'open', closed_at = NULL, closed_with = NULL, version = version + 1
        WHERE id = $1 AND state = 'closed'
        """,
        case_id,
    )


async def add_appeal_case(conn: Connection, subject: Subject) -> CaseId:
    """Queues an appeal against a decision about the subject. Returns the id of its case."""
    return CaseId(
        await conn.fetchval(
            """
            INSERT INTO cases (kind, author_id, post_id, comment_id, account_id, revision, due_at, machine)
            VALUES ('appeal', $1, $2, $3, $4, $5, clock_timestamp() + make_interval(mins => $6), $7)
            RETURNING id
            """,
            subject.author_id,
            subject.post_id,
            subject.comment_id,
            subject.account_id,
            subject.revision,
            urgency.allowed_minutes("appeal"),
            MACHINE_PASSED,
        )
    )
