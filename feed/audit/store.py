"""The SQL of the audit log. Rows are inserted in the transaction of the action that they record, and never updated."""

from collections.abc import Mapping
from typing import Any

from feed.audit.detail import read_detail
from feed.audit.model import hashed_text
from feed.postgres import Connection


async def add(
    conn: Connection,
    actor_id: int | None,
    action: str,
    subject_kind: str,
    subject_id: int | None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Inserts a row and returns its id. `detail` holds strings, integers, and lists and mappings of them; ids as strings.

    Raises ValueError if `detail` contains personal data.
    """
    stored = read_detail(detail)
    text = hashed_text(actor_id, action, subject_kind, subject_id, stored)
    # Id and time are those of the database, so it computes the hash too: one round trip.
    audit_id: int = await conn.fetchval(
        """
        INSERT INTO audit (id, at, actor_id, action, subject_kind, subject_id, detail, format, row_sha256)
        SELECT id, at, $1::bigint, $2::text, $3::text, $4::bigint, $5::jsonb, 2,
            sha256(convert_to(
                $6::text || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || $7::text || id || $8::text, 'UTF8'
            ))
        FROM (SELECT next_id() AS id, clock_timestamp() AS at OFFSET 0) AS stamp
        RETURNING id
        """,
        actor_id,
        action,
        subject_kind,
        subject_id,
        stored,
        *text,
    )
    return audit_id


async def count_unsealed(conn: Connection, month: str) -> int:
    """How many rows of a month (`2026_11`) have no number."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM audit
        WHERE tableoid = to_regclass('audit_' || $1) AND NOT EXISTS (SELECT FROM audit_sequence WHERE audit_id = audit.id)
        """,
        month,
    )
    return count


async def find_month(conn: Connection, month: str) -> tuple[int, int, int] | None:
    """The first id of a month (`2026_11`), the first id after its last one, and how many rows it has; None without rows."""
    row = await conn.fetchrow(
        "SELECT min(id) AS first, max(id) + 1 AS after, count(*) AS rows FROM audit WHERE tableoid = to_regclass('audit_' || $1)",
        month,
    )
    return None if row is None or row["rows"] == 0 else (row["first"], row["after"], row["rows"])


async def drop_month(conn: Connection, month: str) -> None:
    """Drops a month (`2026_11`), as the owner of the schema."""
    await conn.execute("SELECT drop_audit_month($1)", month)


async def add_months(conn: Connection, *, ahead: int) -> int:
    """Adds the missing partitions of this month and the `ahead` months after it. Returns how many."""
    added: int = await conn.fetchval("SELECT add_audit_months($1)", ahead)
    return added
