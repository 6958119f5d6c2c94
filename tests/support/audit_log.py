"""A sealed audit log to tamper with, as a superuser of the database can, and what a verification says of it."""

from datetime import UTC, datetime

import msgspec

from feed.audit import store as audit
from feed.audit.checkpoint import Checkpoint, read_checkpoint
from feed.audit.findings import Finding
from feed.audit.model import AuditRow, sha256_of
from feed.audit.sealing import seal_audit
from feed.audit.verification import Report, verify_audit
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, transaction

BATCHES, ROWS = 4, 9
# The number of the first row that 0.4.0 has written.
OLD_ROWS = 4


class SealedLog(msgspec.Struct, frozen=True):
    """`BATCHES` batches of `ROWS` rows, the first ones in format 1, and two rows that wait."""

    ids: list[int]
    waiting: list[int]
    checkpoint: Checkpoint

    def batch_of(self, audit_id: int) -> int:
        return self.ids.index(audit_id) // ROWS + 1

    def seq_of(self, audit_id: int) -> int:
        return self.ids.index(audit_id) + 1


async def add_old_row(conn: Connection, number: int) -> int:
    """A row as 0.4.0 has written it."""
    stamp = await conn.fetchrow("SELECT next_id() AS id, clock_timestamp() AS at")
    assert stamp is not None
    detail = {"reason": f"第 {number} 次", "n": number}
    row = AuditRow(stamp["id"], stamp["at"], number, "campaign_changed", "campaign", 42, detail, format=1)
    await conn.execute(
        """
        INSERT INTO audit (id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *msgspec.structs.astuple(row)[:7],
        sha256_of(row),
    )
    return row.id


async def add_row(conn: Connection, number: int) -> int:
    detail = {
        "reason": f"改判 {number} 😀",
        "big": 2**60 + number,
        "inner": {"yes": True, "list": [1, None, ""]},
        "id": "1",
    }
    actor, subject = (None, None) if number % 4 == 0 else (7, 42)
    return await audit.add(conn, actor, "verdict", "post", subject, detail)


async def make_log(pool: Pool, keys: Keys) -> SealedLog:
    ids = []
    for number in range(BATCHES * ROWS):
        async with transaction(pool) as conn:
            ids.append(await (add_old_row if number < OLD_ROWS else add_row)(conn, number))
        if number % ROWS == ROWS - 1:
            await seal_audit(pool, keys)
    async with transaction(pool) as conn:
        waiting = [await add_row(conn, number) for number in (1, 2)]
    return SealedLog(ids, waiting, await newest(pool))


async def newest(pool: Pool) -> Checkpoint:
    """The newest checkpoint, as a copy outside of the database."""
    return read_checkpoint(await pool.fetchval("SELECT document FROM audit_seals ORDER BY number DESC LIMIT 1"))


async def verify(pool: Pool, keys: Keys, *checkpoints: Checkpoint, since: datetime | None = None) -> Report:
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        return await verify_audit(conn, keys.public_keys().keys, checkpoints=checkpoints, since=since)


async def read_row(conn: Connection, audit_id: int) -> AuditRow:
    row = await conn.fetchrow(
        """
        SELECT id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256, format FROM audit WHERE id = $1
        """,
        audit_id,
    )
    return msgspec.convert(row, AuditRow)


async def forge_hash(conn: Connection, audit_id: int, *, number_too: bool) -> None:
    """Computes the hash of a changed row again, as who has changed it can; `number_too`: also that of its number."""
    sha256 = sha256_of(await read_row(conn, audit_id))
    await conn.execute("UPDATE audit SET row_sha256 = $2 WHERE id = $1", audit_id, sha256)
    if number_too:
        await conn.execute("UPDATE audit_sequence SET row_sha256 = $2 WHERE audit_id = $1", audit_id, sha256)


def places(findings: list[Finding]) -> set[tuple[str, str, int, int]]:
    return {(each.code, each.place, each.first, each.last) for each in findings}


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
