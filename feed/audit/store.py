"""The SQL of the audit log. Rows are inserted in the transaction of the action that they record, and never updated."""

from collections.abc import Mapping
from typing import Any

import msgspec

from feed.audit.model import AuditRow, check_no_personal_data, sha256_of
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
    check_no_personal_data(detail)
    stamp = await conn.fetchrow("SELECT next_id() AS id, clock_timestamp() AS at")
    assert stamp is not None
    row = AuditRow(stamp["id"], stamp["at"], actor_id, action, subject_kind, subject_id, dict(detail or {}))
    await conn.execute(
        """
        INSERT INTO audit (id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *msgspec.structs.astuple(row)[:-1],
        sha256_of(row),
    )
    return row.id
