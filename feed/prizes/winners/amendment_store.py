"""SQL of amendments: their chain and documents. Callers that write hold a lock on the campaign's row."""

from datetime import datetime

import msgspec

from feed.campaigns.model import parse_time
from feed.keys.signatures import sha256_of
from feed.postgres import Connection
from feed.prizes.model import Winner, WinnerId
from feed.prizes.result.amendment import ChainHead, Change


async def get_chain_head(conn: Connection, settlement_id: int) -> ChainHead:
    """What the settlement's next amendment is chained to."""
    row = await conn.fetchrow(
        """
        SELECT format, result_sha256, coalesce(last.number, 0) AS number, coalesce(last.document_sha256, result_sha256) AS sha256
        FROM settlements
        LEFT JOIN LATERAL (
            SELECT number, document_sha256
            FROM amendments
            WHERE amendments.settlement_id = settlements.id
            ORDER BY number DESC
            LIMIT 1
        ) AS last ON true
        WHERE settlements.id = $1
        """,
        settlement_id,
    )
    return msgspec.convert(row, ChainHead)


async def get_clock(conn: Connection) -> datetime:
    """The current time of the database."""
    now: datetime = await conn.fetchval("SELECT clock_timestamp()")
    return now


async def add_amendment(
    conn: Connection, change: Change, document: bytes, *, former: Winner, successor_id: WinnerId | None
) -> None:
    """Stores the signed document. The table is unique by number, and by winner. `former` is the winner who lost the place."""
    await conn.execute(
        """
        INSERT INTO amendments (settlement_id, number, winner_id, successor_id, document, document_sha256, made_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        former.settlement_id,
        change.number,
        former.id,
        successor_id,
        document,
        sha256_of(document),
        parse_time(change.made_at),
    )


async def remove_unpublished(conn: Connection, settlement_id: int) -> None:
    """Removes the amendments of a settlement that is undone before its announcement."""
    await conn.execute("DELETE FROM amendments WHERE settlement_id = $1", settlement_id)
