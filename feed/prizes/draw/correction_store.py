"""SQL of corrections of public numbers. Callers of writing functions hold the lock of the campaign's row."""

from datetime import datetime

import msgspec

from feed.postgres import Connection, many, one
from feed.prizes.draw.agreement import NumberEntry
from feed.prizes.draw.beacon import PublicNumber
from feed.prizes.draw.model import AgreedNumber, CorrectionReason


class UndoneDraw(msgspec.Struct, frozen=True):
    """The first decided draw of a campaign without a settlement in force. The next settlement takes over its list and value."""

    settlement_id: int
    rules_version: int
    source: str
    list_published_at: datetime


async def find_undone_draw(conn: Connection, campaign_id: int) -> UndoneDraw | None:
    """The campaign's undone draw; None if no draw has a value, or a settlement is in force."""
    row = await conn.fetchrow(
        """
        SELECT draws.settlement_id, settlements.rules_version, draws.source, draws.list_published_at
        FROM draws JOIN settlements ON settlements.id = draws.settlement_id
        WHERE settlements.campaign_id = $1 AND draws.source IS NOT NULL AND settlements.undone_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM settlements WHERE campaign_id = $1 AND undone_at IS NULL)
        ORDER BY settlements.id
        LIMIT 1
        """,
        campaign_id,
    )
    return one(row, UndoneDraw)


async def list_numbers(conn: Connection, settlement_id: int) -> list[AgreedNumber]:
    """The public number of this draw, then its corrections in order. The last one counts."""
    rows = await conn.fetch(
        """
        SELECT round, value, appeared_at, entered_by, reason_code, entered_at
        FROM (
            SELECT 0 AS number, round, value, appeared_at, entered_by, NULL AS reason_code, beacon_at AS entered_at
            FROM draws WHERE settlement_id = $1 AND source = 'public_number'
            UNION ALL
            SELECT number, round, value, appeared_at, entered_by, reason_code, corrected_at
            FROM corrected_numbers WHERE settlement_id = $1
        ) AS numbers
        ORDER BY number
        """,
        settlement_id,
    )
    return many(rows, AgreedNumber)


async def add_correction(
    conn: Connection,
    settlement_id: int,
    number: int,
    editor_id: int,
    public_number: PublicNumber,
    *,
    reason_code: CorrectionReason,
    reason: str,
) -> NumberEntry:
    """Records the nth correction as this editor enters it; replaces an earlier entry of the same account."""
    row = await conn.fetchrow(
        """
        INSERT INTO number_corrections
            (settlement_id, number, editor_id, round, value, appeared_at, reason_code, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (settlement_id, number, editor_id)
        DO UPDATE SET round = excluded.round, value = excluded.value, appeared_at = excluded.appeared_at,
            reason_code = excluded.reason_code, reason = excluded.reason, entered_at = excluded.entered_at
        RETURNING editor_id, (SELECT person FROM persons WHERE account_id = editor_id) AS person, round, value, appeared_at,
            reason_code
        """,
        settlement_id,
        number,
        editor_id,
        public_number.round,
        public_number.value,
        public_number.appeared_at,
        reason_code,
        reason,
    )
    return msgspec.convert(row, NumberEntry)


async def list_corrections(conn: Connection, settlement_id: int, number: int) -> list[NumberEntry]:
    """The latest entry for the nth correction of each account whose approval is in force, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT editor_id, persons.person, round, value, appeared_at, reason_code
        FROM number_corrections
        JOIN persons ON persons.account_id = editor_id
        JOIN approvals_in_force AS approvals
            ON approvals.act = 'correct_number' AND approvals.subject_id = settlement_id AND approvals.account_id = editor_id
        WHERE settlement_id = $1 AND number = $2
        ORDER BY entered_at, editor_id
        """,
        settlement_id,
        number,
    )
    return many(rows, NumberEntry)


async def add_number(
    conn: Connection,
    settlement_id: int,
    number: int,
    public_number: PublicNumber,
    *,
    reason_code: CorrectionReason,
    entered_by: list[int],
) -> None:
    """Adds the agreed nth correction, which counts from now on."""
    await conn.execute(
        """
        INSERT INTO corrected_numbers (settlement_id, number, round, value, appeared_at, reason_code, entered_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        settlement_id,
        number,
        public_number.round,
        public_number.value,
        public_number.appeared_at,
        reason_code,
        entered_by,
    )
