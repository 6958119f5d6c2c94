"""The reads of a verification of the audit log. Nothing here writes.

A superuser can remove each constraint and put anything into a column. What the application never writes, such as NULL or a time
without a year, is read as something that no hash and no signature fits, so that it is found and does not end the verification.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from feed.audit.findings import ACKNOWLEDGED, MONTH_DROPPED, VERIFIED, Place
from feed.audit.model import AuditRow
from feed.audit.seal_store import StoredSeal
from feed.postgres import Connection, many, one

# Of a statement that may read a whole table, as `feed audit verify` and the nightly verification do.
_WHOLE_TABLE_SECONDS = 600.0


class NumberedRow(msgspec.Struct, frozen=True):
    """A number with the row that has it; None for a row that is not there."""

    seq: int
    audit_id: int
    row_sha256: bytes
    row: AuditRow | None


class Stray(msgspec.Struct, frozen=True):
    """A row, number or seal whose key is NULL (0 here) or below 1."""

    place: Place
    at: int


class LastVerification(msgspec.Struct, frozen=True):
    """The detail of the row of the last nightly verification, its age, and whether the next one is due."""

    detail: Any
    seconds: float
    is_due: bool


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
                coalesce(
                    (SELECT unsealed_from FROM audit_seals WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1), 0
                ) AS unsealed_from
            """
        ),
        Extent,
    )
    assert extent is not None
    return extent


async def list_statements(conn: Connection) -> list[Any]:
    """The details of the rows in which the log explains itself."""
    rows = await conn.fetch(
        "SELECT detail::text AS detail FROM audit WHERE action = ANY ($1::text[]) ORDER BY id",
        [ACKNOWLEDGED, MONTH_DROPPED],
    )
    return [_detail(row["detail"]) for row in rows]


async def list_strays(conn: Connection, *, limit: int) -> list[Stray]:
    """Rows, numbers and seals that no walk from 1 upwards reads."""
    rows = await conn.fetch(
        """
        (SELECT 'row' AS place, coalesce(id, 0) AS at FROM audit WHERE id IS NULL OR id < 1 LIMIT $1)
        UNION ALL
        (SELECT 'number', coalesce(seq, 0) FROM audit_sequence WHERE seq IS NULL OR seq < 1 OR audit_id IS NULL LIMIT $1)
        UNION ALL
        (SELECT 'batch', coalesce(number, 0) FROM audit_seals WHERE number IS NULL OR number < 1 LIMIT $1)
        """,
        limit,
        timeout=_WHOLE_TABLE_SECONDS,
    )
    return many(rows, Stray)


async def find_last_verification(conn: Connection) -> LastVerification:
    """Days begin at three in the morning in Shanghai; the first verification is on the day after the installation."""
    row = await conn.fetchrow(
        """
        SELECT detail, extract(epoch FROM clock_timestamp() - at)::float8 AS seconds,
            date_trunc('day', at AT TIME ZONE 'Asia/Shanghai' - interval '3 hours')
                < date_trunc('day', clock_timestamp() AT TIME ZONE 'Asia/Shanghai' - interval '3 hours') AS is_due
        FROM (
            (SELECT detail::text AS detail, at FROM audit WHERE action = $1 ORDER BY id DESC LIMIT 1)
            UNION ALL
            (SELECT NULL, min(applied_at) FROM schema_migrations)
            ORDER BY detail NULLS LAST
            LIMIT 1
        ) AS last
        """,
        VERIFIED,
    )
    assert row is not None
    return LastVerification(_detail(row["detail"]), row["seconds"], row["is_due"])


async def allow_long_reads(conn: Connection) -> None:
    """Lets this transaction read whole tables, whose statements take longer than those of requests."""
    await conn.execute("SET LOCAL statement_timeout = '10min'; SET LOCAL idle_in_transaction_session_timeout = '10min'")


async def try_verifier_lock(conn: Connection) -> bool:
    """Whether this transaction is the one that verifies."""
    free: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('feed.audit_verifier', 0))")
    return free


async def lock_verifier(conn: Connection) -> None:
    """Waits until no other transaction verifies or records a verification."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.audit_verifier', 0))")


async def list_seals(conn: Connection, *, after: int, limit: int, offset: int = 0) -> list[StoredSeal]:
    """The seals after a number. Equal numbers stay apart by `offset`, which counts the seals after it that were read."""
    rows = await conn.fetch(
        """
        SELECT number, coalesce(last_seq, 0) AS last_seq, coalesce(unsealed_from, 0) AS unsealed_from,
            CASE WHEN sealed_at BETWEEN '1970-01-01 UTC' AND '9999-01-01 UTC' THEN sealed_at ELSE 'epoch' END AS sealed_at,
            coalesce(document, '') AS document
        FROM audit_seals
        WHERE number > $1
        ORDER BY number, ctid
        LIMIT $2 OFFSET $3
        """,
        after,
        limit,
        offset,
    )
    return many(rows, StoredSeal)


async def list_seals_back(conn: Connection, *, before: int | None, limit: int) -> list[StoredSeal]:
    """The seals before a number, or all, the last one first."""
    rows = await conn.fetch(
        """
        SELECT number, coalesce(last_seq, 0) AS last_seq, coalesce(unsealed_from, 0) AS unsealed_from,
            CASE WHEN sealed_at BETWEEN '1970-01-01 UTC' AND '9999-01-01 UTC' THEN sealed_at ELSE 'epoch' END AS sealed_at,
            coalesce(document, '') AS document
        FROM audit_seals
        WHERE number > 0 AND ($1::bigint IS NULL OR number < $1)
        ORDER BY number DESC
        LIMIT $2
        """,
        before,
        limit,
    )
    return many(rows, StoredSeal)


async def find_document(conn: Connection, number: int) -> bytes | None:
    """The document of a batch; None without a seal, or if it is NULL."""
    document: bytes | None = await conn.fetchval("SELECT document FROM audit_seals WHERE number = $1", number)
    return document


async def list_numbered(conn: Connection, *, after: tuple[int, int], until: int, limit: int) -> list[NumberedRow]:
    """Numbers after `after`, which is a number and the id of its row, up to `until` with their rows.

    A number may be there twice, so the id is a part of the place.
    """
    rows = await conn.fetch(
        """
        SELECT numbered.seq, numbered.audit_id, coalesce(numbered.row_sha256, '') AS numbered_sha256, audit.id,
            CASE WHEN audit.at BETWEEN '1970-01-01 UTC' AND '9999-01-01 UTC' THEN audit.at END AS at,
            audit.actor_id, audit.action, audit.subject_kind, audit.subject_id, audit.detail::text AS detail,
            audit.row_sha256, audit.format
        FROM (
            SELECT seq, coalesce(audit_id, 0) AS audit_id, row_sha256 FROM audit_sequence
            WHERE seq >= $1 AND (seq, coalesce(audit_id, 0)) > ($1, $2) AND seq <= $3
            ORDER BY seq, coalesce(audit_id, 0)
            LIMIT $4
        ) AS numbered
        LEFT JOIN audit ON audit.id = numbered.audit_id
        ORDER BY numbered.seq, numbered.audit_id
        """,
        *after,
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
        SELECT id, CASE WHEN at BETWEEN '1970-01-01 UTC' AND '9999-01-01 UTC' THEN at END AS at,
            actor_id, action, subject_kind, subject_id, detail::text AS detail, row_sha256, format
        FROM audit
        WHERE id > $1 AND NOT EXISTS (SELECT FROM audit_sequence WHERE audit_id = audit.id)
        ORDER BY id
        LIMIT $2
        """,
        after,
        limit,
        timeout=_WHOLE_TABLE_SECONDS,
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
        _detail(row["detail"]),
        row["row_sha256"],
        row["format"],
    )


def _detail(text: str | None) -> Any:
    """The decoded detail; the text itself if it cannot be decoded."""
    if text is not None:
        with suppress(msgspec.MsgspecError, RecursionError, ValueError):
            return msgspec.json.decode(text)
    return text
