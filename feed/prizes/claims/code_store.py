"""SQL of voucher codes. Callers that assign codes hold a lock on the campaign's row."""

from collections.abc import Sequence

import msgspec

from feed.postgres import Connection, columns, many


class AssignedCode(msgspec.Struct, frozen=True):
    """A code of a winner. `is_recent`: it was shown less than a day ago and may be shown again."""

    prize_number: int
    code_hash: bytes
    sealed: bytes
    is_recent: bool


async def add_codes(conn: Connection, campaign_id: int, prize_number: int, rows: Sequence[tuple[bytes, bytes]]) -> int:
    """Adds pairs of hash and encrypted code. Returns how many were new."""
    added = await conn.fetch(
        """
        INSERT INTO prize_codes (campaign_id, prize_number, code_hash, sealed)
        SELECT $1, $2, code_hash, sealed FROM unnest($3::bytea[], $4::bytea[]) AS given (code_hash, sealed)
        ON CONFLICT DO NOTHING
        RETURNING true
        """,
        campaign_id,
        prize_number,
        *columns(rows, 2),
    )
    return len(added)


async def count_codes(conn: Connection, campaign_id: int, prize_number: int) -> int:
    """The number of codes of a prize, assigned ones included."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM prize_codes WHERE campaign_id = $1 AND prize_number = $2", campaign_id, prize_number
    )
    return count


async def get_winner_state(conn: Connection, winner_id: int) -> str:
    """The state of a winner whose campaign is locked."""
    state: str = await conn.fetchval("SELECT state FROM winners WHERE id = $1", winner_id)
    return state


async def list_assigned(conn: Connection, winner_id: int) -> list[AssignedCode]:
    """The winner's codes that can still be decrypted, by prize."""
    rows = await conn.fetch(
        """
        SELECT prize_number, code_hash, sealed, shown_at > clock_timestamp() - interval '1 day' AS is_recent
        FROM prize_codes
        WHERE winner_id = $1 AND sealed IS NOT NULL
        ORDER BY prize_number, code_hash
        """,
        winner_id,
    )
    return many(rows, AssignedCode)


async def assign_codes(conn: Connection, campaign_id: int, prize_number: int, winner_id: int, count: int) -> int:
    """Assigns up to `count` free codes to the winner. Returns how many were assigned."""
    assigned_count = await conn.fetch(
        """
        -- A plan may scan a subquery twice and find other free codes; a materialized one is scanned once.
        WITH free AS MATERIALIZED (
            SELECT code_hash FROM prize_codes
            WHERE campaign_id = $1 AND prize_number = $2 AND winner_id IS NULL AND sealed IS NOT NULL
            ORDER BY added_at, code_hash
            LIMIT $4
            FOR UPDATE
        )
        UPDATE prize_codes SET winner_id = $3, shown_at = clock_timestamp()
        FROM free
        WHERE prize_codes.campaign_id = $1 AND prize_codes.prize_number = $2 AND prize_codes.code_hash = free.code_hash
        RETURNING true
        """,
        campaign_id,
        prize_number,
        winner_id,
        count,
    )
    return len(assigned_count)
