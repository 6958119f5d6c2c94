"""The reports that an account has made, with their outcomes."""

from datetime import datetime

import msgspec

from feed.postgres import Connection
from feed.reasons import ReportReason
from feed.reports.model import ReportId, ReportState, TargetKind
from feed.screens.posts.cards import Id


class ReportTarget(msgspec.Struct, frozen=True):
    """What was reported."""

    kind: TargetKind
    id: Id


class ReportCard(msgspec.Struct, frozen=True, kw_only=True):
    """A report as its reporter sees it."""

    id: Id
    target: ReportTarget
    reason_code: ReportReason
    note: str | None
    state: ReportState
    made_at: datetime
    decided_at: datetime | None


async def list_reports(conn: Connection, account_id: int, *, before_id: int, limit: int) -> list[ReportCard]:
    """The account's reports, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, target_kind, target_id, reason_code, note, state, made_at, decided_at
        FROM reports
        WHERE reporter_id = $1 AND id < $2
        ORDER BY id DESC
        LIMIT $3
        """,
        account_id,
        before_id,
        limit,
    )
    return [
        ReportCard(
            id=str(row["id"]),
            target=ReportTarget(row["target_kind"], str(row["target_id"])),
            reason_code=row["reason_code"],
            note=row["note"],
            state=row["state"],
            made_at=row["made_at"],
            decided_at=row["decided_at"],
        )
        for row in rows
    ]


async def get_report(conn: Connection, account_id: int, report_id: ReportId) -> ReportCard:
    """One report of the account, which has just made it."""
    return (await list_reports(conn, account_id, before_id=report_id + 1, limit=1))[0]
