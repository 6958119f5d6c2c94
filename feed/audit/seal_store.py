"""The SQL of sealing: numbers of rows, seals, and which checkpoint was published."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.postgres import Connection, columns, many, one


class StoredSeal(msgspec.Struct, frozen=True):
    """A seal: its signed document, and the smallest id that a row without a number may have."""

    number: int
    last_seq: int
    unsealed_from: int
    sealed_at: datetime
    document: bytes


class UnsealedRow(msgspec.Struct, frozen=True):
    """A committed row without a number."""

    id: int
    row_sha256: bytes


async def try_sealer_lock(conn: Connection) -> bool:
    """Whether this transaction is the one that seals."""
    free: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('feed.audit_sealer', 0))")
    return free


async def find_last_seal(conn: Connection) -> StoredSeal | None:
    return one(
        await conn.fetchrow(
            """
            SELECT number, last_seq, unsealed_from, sealed_at, document FROM audit_seals ORDER BY number DESC LIMIT 1
            """
        ),
        StoredSeal,
    )


async def find_last_seq(conn: Connection) -> int:
    """The last number that a row or a seal has; 0 without any."""
    last: int = await conn.fetchval(
        """
        SELECT greatest(
            coalesce((SELECT max(seq) FROM audit_sequence), 0), coalesce((SELECT max(last_seq) FROM audit_seals), 0)
        )
        """
    )
    return last


async def list_unsealed(conn: Connection, *, unsealed_from: int, limit: int) -> list[UnsealedRow]:
    """Committed rows without a number, by id."""
    rows = await conn.fetch(
        """
        SELECT audit.id, audit.row_sha256 FROM audit
        WHERE audit.id >= $1 AND NOT EXISTS (SELECT FROM audit_sequence WHERE audit_id = audit.id)
        ORDER BY audit.id
        LIMIT $2
        """,
        unsealed_from,
        limit,
    )
    return many(rows, UnsealedRow)


async def read_clock(conn: Connection, *, back_seconds: float) -> tuple[datetime, int]:
    """The time, and the first id of the instant that is `back_seconds` before it."""
    row = await conn.fetchrow(
        "SELECT clock_timestamp() AS at, first_id_at(clock_timestamp() - make_interval(secs => $1)) AS id", back_seconds
    )
    assert row is not None
    return row["at"], row["id"]


async def add_seal(conn: Connection, seal: StoredSeal, rows: Sequence[UnsealedRow]) -> None:
    """Inserts a seal and the numbers of its rows."""
    ids, hashes = columns([(row.id, row.row_sha256) for row in rows], 2)
    await conn.execute(
        """
        WITH numbered AS (
            INSERT INTO audit_sequence (seq, audit_id, row_sha256)
            SELECT $1 + ordinality, audit_id, row_sha256
            FROM unnest($2::bigint[], $3::bytea[]) WITH ORDINALITY AS rows (audit_id, row_sha256, ordinality)
        )
        INSERT INTO audit_seals (number, last_seq, unsealed_from, sealed_at, document) VALUES ($4, $5, $6, $7, $8)
        """,
        seal.last_seq - len(rows),
        ids,
        hashes,
        seal.number,
        seal.last_seq,
        seal.unsealed_from,
        seal.sealed_at,
        seal.document,
    )


async def find_oldest_unsealed(conn: Connection) -> float:
    """The age of the oldest committed row that waits for a seal, in seconds; 0 without one."""
    seconds: float = await conn.fetchval(
        """
        SELECT coalesce(extract(epoch FROM clock_timestamp() - min(audit.at)), 0)::float8 FROM audit
        WHERE audit.id >= coalesce((SELECT unsealed_from FROM audit_seals ORDER BY number DESC LIMIT 1), 0)
            AND NOT EXISTS (SELECT FROM audit_sequence WHERE audit_id = audit.id)
        """
    )
    return seconds


async def find_seal(conn: Connection, number: int) -> StoredSeal | None:
    return one(
        await conn.fetchrow(
            "SELECT number, last_seq, unsealed_from, sealed_at, document FROM audit_seals WHERE number = $1", number
        ),
        StoredSeal,
    )


async def claim_publication(conn: Connection, *, number: int, seconds: float) -> bool:
    """Whether the caller is to send this checkpoint: it is newer than the one sent, and the last attempt is `seconds` old."""
    claimed = await conn.fetchval(
        """
        INSERT INTO audit_publications AS known (target, number, attempted_at) VALUES ('url', 0, clock_timestamp())
        ON CONFLICT (target) DO UPDATE SET attempted_at = clock_timestamp()
        WHERE known.number < $1 AND known.attempted_at < clock_timestamp() - make_interval(secs => $2)
        RETURNING true
        """,
        number,
        seconds,
    )
    return claimed is not None


async def mark_published(conn: Connection, *, number: int) -> None:
    """Records that a checkpoint was sent."""
    await conn.execute(
        """
        UPDATE audit_publications SET number = $1, published_at = clock_timestamp() WHERE target = 'url' AND number < $1
        """,
        number,
    )


async def find_publication_delay(conn: Connection) -> float:
    """The age of the oldest checkpoint that was made after the last one sent, in seconds; 0 without one."""
    seconds: float = await conn.fetchval(
        """
        SELECT coalesce(extract(epoch FROM clock_timestamp() - min(sealed_at)), 0)::float8 FROM audit_seals
        WHERE number > coalesce((SELECT number FROM audit_publications WHERE target = 'url'), 0)
        """
    )
    return seconds
