"""The reads of a verification of the audit log. Nothing here writes."""

from datetime import datetime
from typing import Any

import msgspec

from feed.audit.findings import ACKNOWLEDGED, MONTH_DROPPED
from feed.audit.model import AuditRow
from feed.audit.seal_store import StoredSeal
from feed.postgres import Connection, many, one


class NumberedRow(msgspec.Struct, frozen=True):
    """A number with the row that has it; None for a row that is not there."""

    seq: int
    audit_id: int
    row_sha256: bytes
    row: AuditRow | None


class Extent(msgspec.Struct, frozen=True):
    """How far the log goes: the last number of a row, the last batch, and from where on rows may be without a number."""

    last_seq: int
    last_number: int
    unsealed_from: int


async def read_extent(conn: Connection) -> Extent:
    extent = one(
        await conn.fetchrow(
            """
            SELECT coalesce((SELECT max(seq) FROM audit_sequence), 0) AS last_seq,
                coalesce((SELECT max(number) FROM audit_seals), 0) AS last_number,
                coalesce((SELECT unsealed_from FROM audit_seals ORDER BY number DESC LIMIT 1), 0) AS unsealed_from
            """
        ),
        Extent,
    )
    assert extent is not None
    return extent


async def list_statements(conn: Connection) -> list[dict[str, Any]]:
    """The details of the rows in which the log explains itself."""
    rows = await conn.fetch(
        "SELECT detail FROM audit WHERE action = ANY ($1::text[]) ORDER BY id", [ACKNOWLEDGED, MONTH_DROPPED]
    )
    return [row["detail"] for row in rows]


async def list_seals(conn: Connection, *, after: int, limit: int) -> list[StoredSeal]:
    """The seals after a number."""
    rows = await conn.fetch(
        """
        SELECT number, last_seq, unsealed_from, sealed_at, document FROM audit_seals
        WHERE number > $1 ORDER BY number LIMIT $2
        """,
        after,
        limit,
    )
    return many(rows, StoredSeal)


async def find_seal_before(conn: Connection, since: datetime) -> StoredSeal | None:
    """The last seal before an instant."""
    return one(
        await conn.fetchrow(
            """
            SELECT number, last_seq, unsealed_from, sealed_at, document FROM audit_seals
            WHERE sealed_at < $1 ORDER BY number DESC LIMIT 1
            """,
            since,
        ),
        StoredSeal,
    )


async def list_numbered(conn: Connection, *, after: int, until: int, limit: int) -> list[NumberedRow]:
    """Numbers after `after` up to `until` with their rows."""
    rows = await conn.fetch(
        """
        SELECT numbered.seq, numbered.audit_id, numbered.row_sha256 AS numbered_sha256, audit.id, audit.at, audit.actor_id,
            audit.action, audit.subject_kind, audit.subject_id, audit.detail, audit.row_sha256, audit.format
        FROM (
            SELECT seq, audit_id, row_sha256 FROM audit_sequence WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3
        ) AS numbered
        LEFT JOIN audit ON audit.id = numbered.audit_id
        ORDER BY numbered.seq
        """,
        after,
        until,
        limit,
    )
    return [
        NumberedRow(row["seq"], row["audit_id"], row["numbered_sha256"], None if row["id"] is None else _row(row))
        for row in rows
    ]


async def list_without_number(conn: Connection, *, after: int, limit: int) -> list[AuditRow]:
    """Rows without a number and with a larger id, by id."""
    rows = await conn.fetch(
        """
        SELECT id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256, format FROM audit
        WHERE id > $1 AND NOT EXISTS (SELECT FROM audit_sequence WHERE audit_id = audit.id)
        ORDER BY id
        LIMIT $2
        """,
        after,
        limit,
    )
    return [_row(row) for row in rows]


async def read_first_id(conn: Connection, at: datetime) -> int:
    """The first id of an instant; of the present one, if it is in the future."""
    first: int = await conn.fetchval("SELECT first_id_at(least($1, clock_timestamp()))", at)
    return first


def _row(row: Any) -> AuditRow:
    return AuditRow(
        row["id"],
        row["at"],
        row["actor_id"],
        row["action"],
        row["subject_kind"],
        row["subject_id"],
        row["detail"],
        row["row_sha256"],
        row["format"],
    )
