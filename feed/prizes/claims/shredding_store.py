"""The SQL of the end of winners' details."""

from datetime import datetime

from feed.postgres import Connection


async def list_due(conn: Connection, *, days: int, most_days: int) -> list[int]:
    """Campaigns whose details end now, in no order.

    They have been final for `days` and no prize waits for anybody, or for `most_days` whatever waits; or they were cancelled after
    somebody could have claimed.
    """
    rows = await conn.fetch(
        """
        SELECT id FROM campaigns
        WHERE (
                state = 'final' AND final_at <= clock_timestamp() - make_interval(days => $1)
                AND (
                    final_at <= clock_timestamp() - make_interval(days => $2)
                    OR NOT EXISTS (
                        SELECT FROM winners
                        WHERE winners.campaign_id = campaigns.id AND state IN ('notified', 'viewed', 'claimed', 'verified')
                    )
                )
            )
            OR (
                state = 'cancelled'
                AND NOT EXISTS (SELECT FROM shreddings WHERE shreddings.campaign_id = campaigns.id)
                AND (
                    EXISTS (SELECT FROM winners WHERE winners.campaign_id = campaigns.id)
                    OR EXISTS (SELECT FROM prize_codes WHERE prize_codes.campaign_id = campaigns.id)
                )
            )
        ORDER BY random()
        """,
        days,
        most_days,
    )
    return [row["id"] for row in rows]


async def get_times(conn: Connection, campaign_id: int) -> tuple[datetime, datetime]:
    """The database's clock, and since when the campaign is final or cancelled."""
    row = await conn.fetchrow(
        "SELECT clock_timestamp() AS now, coalesce(final_at, cancelled_at) AS ended_at FROM campaigns WHERE id = $1",
        campaign_id,
    )
    assert row is not None
    return row["now"], row["ended_at"]


async def remove_sealed(conn: Connection, campaign_id: int) -> tuple[int, int]:
    """How many claims and codes had something sealed, which is gone from the rows now too."""
    row = await conn.fetchrow(
        """
        WITH emptied AS (
            UPDATE claims SET sealed = NULL WHERE campaign_id = $1 AND sealed IS NOT NULL RETURNING 1
        ), codes AS (
            UPDATE prize_codes SET sealed = NULL WHERE campaign_id = $1 AND sealed IS NOT NULL RETURNING 1
        )
        SELECT (SELECT count(*) FROM emptied) AS claims, (SELECT count(*) FROM codes) AS codes
        """,
        campaign_id,
    )
    assert row is not None
    return row["claims"], row["codes"]


async def add_shredding(
    conn: Connection,
    campaign_id: int,
    *,
    shredded_at: datetime,
    backups_until: datetime,
    archive_until: datetime,
    receipt: bytes,
) -> None:
    """Keeps the receipt."""
    await conn.execute(
        """
        INSERT INTO shreddings (campaign_id, shredded_at, backups_until, archive_until, receipt)
        VALUES ($1, $2, $3, $4, $5)
        """,
        campaign_id,
        shredded_at,
        backups_until,
        archive_until,
        receipt,
    )


async def find_receipt(conn: Connection, campaign_id: int) -> bytes | None:
    """As it was signed."""
    receipt: bytes | None = await conn.fetchval("SELECT receipt FROM shreddings WHERE campaign_id = $1", campaign_id)
    return receipt


async def remove_next_archive(conn: Connection) -> int | None:
    """The campaign whose masked records were removed now; None when there is none."""
    campaign_id: int | None = await conn.fetchval(
        """
        WITH due AS (
            SELECT campaign_id FROM shreddings
            WHERE archive_removed_at IS NULL AND archive_until <= clock_timestamp()
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        ), forgotten AS (
            DELETE FROM claims USING due WHERE claims.campaign_id = due.campaign_id
        ), parcels AS (
            DELETE FROM shipments USING due, winners
            WHERE winners.campaign_id = due.campaign_id AND shipments.winner_id = winners.id
        ), spent AS (
            DELETE FROM prize_codes USING due WHERE prize_codes.campaign_id = due.campaign_id
        )
        UPDATE shreddings SET archive_removed_at = clock_timestamp()
        FROM due WHERE shreddings.campaign_id = due.campaign_id
        RETURNING due.campaign_id
        """
    )
    return campaign_id
