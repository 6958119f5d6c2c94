"""SQL of fulfilment: states of winners, and shipments."""

from datetime import datetime

from feed.campaigns.prize_kinds import shipped_kinds
from feed.postgres import Connection, one
from feed.prizes.model import Winner, WinnerId


async def mark_declined(conn: Connection, winner_id: WinnerId) -> Winner | None:
    """Marks the prize as declined. None if it was verified, or a code was shown, or the winner is in another state."""
    row = await conn.fetchrow(
        """
        UPDATE winners SET state = 'declined', state_reason = 'declined', ended_at = clock_timestamp()
        WHERE id = $1 AND state IN ('notified', 'viewed', 'claimed')
            AND NOT EXISTS (SELECT FROM prize_codes WHERE prize_codes.winner_id = winners.id)
        RETURNING id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at,
            state_reason
        """,
        winner_id,
    )
    return one(row, Winner)


async def mark_verified(conn: Connection, winner_id: WinnerId) -> bool:
    """Whether there was a claim to verify."""
    return bool(
        await conn.fetchval(
            "UPDATE winners SET state = 'verified' WHERE id = $1 AND state = 'claimed' RETURNING true", winner_id
        )
    )


async def mark_shipped(conn: Connection, winner_id: WinnerId) -> Winner | None:
    """Marks the prize as shipped, also again. None if nothing is to be shipped, or the claim is not verified."""
    row = await conn.fetchrow(
        """
        UPDATE winners SET state = 'shipped'
        WHERE id = $1 AND state IN ('verified', 'shipped') AND has_prize_of(prizes, $2)
        RETURNING id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at,
            state_reason
        """,
        winner_id,
        shipped_kinds(),
    )
    return one(row, Winner)


async def change_shipment(
    conn: Connection, winner_id: WinnerId, *, by: int, carrier: str, tracking_no: str
) -> datetime | None:
    """Stores the shipment. Returns when it was stored; None if exactly this one is stored already."""
    stored_at: datetime | None = await conn.fetchval(
        """
        INSERT INTO shipments (winner_id, carrier, tracking_no, shipped_by)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (winner_id) DO UPDATE
        SET carrier = excluded.carrier, tracking_no = excluded.tracking_no, shipped_by = excluded.shipped_by,
            changed_at = clock_timestamp()
        WHERE (shipments.carrier, shipments.tracking_no) <> (excluded.carrier, excluded.tracking_no)
        RETURNING coalesce(changed_at, shipped_at)
        """,
        winner_id,
        carrier,
        tracking_no,
        by,
    )
    return stored_at


async def mark_received_by_codes(conn: Connection, winner_id: WinnerId) -> None:
    """Marks a prize that consists of codes only as received, because the codes were shown."""
    await conn.execute(
        "UPDATE winners SET state = 'received' WHERE id = $1 AND state IN ('claimed', 'verified')", winner_id
    )


async def mark_received(conn: Connection, winner_id: WinnerId) -> bool:
    """Marks a prize as received if it was shipped, or verified with nothing to be shipped. Whether it changed."""
    return bool(
        await conn.fetchval(
            """
            UPDATE winners SET state = 'received'
            WHERE id = $1
                AND (state = 'shipped' OR (state = 'verified' AND NOT has_prize_of(prizes, $2)))
            RETURNING true
            """,
            winner_id,
            shipped_kinds(),
        )
    )


async def mark_handed_over(conn: Connection, winner_id: WinnerId) -> bool:
    """Marks a claimed prize as received on behalf of an editor. Whether it changed."""
    return bool(
        await conn.fetchval(
            """
            UPDATE winners SET state = 'received'
            WHERE id = $1 AND state IN ('claimed', 'verified', 'shipped')
            RETURNING true
            """,
            winner_id,
        )
    )
