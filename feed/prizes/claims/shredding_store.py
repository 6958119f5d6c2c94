"""SQL of shredding: campaigns that are due, removal of encrypted data, receipts."""

from datetime import datetime

from feed.postgres import Connection


async def list_due(conn: Connection, *, days: int, most_days: int) -> list[int]:
    """Ids of campaigns whose claims are to be shredded, in random order.

    These have been final for the days that their rules say without an unfulfilled prize, or for the days at most, or were
    cancelled when they had winners or codes. `days` and `most_days` are those of rules that name none.
    """
    rows = await conn.fetch(
        """
        SELECT id FROM campaigns JOIN claim_retention ON claim_retention.campaign_id = campaigns.id
        WHERE (
                state = 'final' AND final_at <= clock_timestamp() - make_interval(days => coalesce(kept_days, $1))
                AND (
                    final_at <= clock_timestamp() - make_interval(days => greatest(kept_days, coalesce(kept_at_most_days, $2)))
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
    """The current time of the database, and when the campaign became final or cancelled."""
    row = await conn.fetchrow(
        "SELECT clock_timestamp() AS now, coalesce(final_at, cancelled_at) AS ended_at FROM campaigns WHERE id = $1",
        campaign_id,
    )
    assert row is not None
    return row["now"], row["ended_at"]


async def remove_sealed(conn: Connection, campaign_id: int) -> tuple[int, int]:
    """Removes the encrypted data from claims and codes. Returns how many claims and how many codes had some."""
    row = await conn.fetchrow(
        """
        WITH claims_emptied AS (
            UPDATE claims SET sealed = NULL WHERE campaign_id = $1 AND sealed IS NOT NULL RETURNING 1
        ), codes_emptied AS (
            UPDATE prize_codes SET sealed = NULL WHERE campaign_id = $1 AND sealed IS NOT NULL RETURNING 1
        )
        SELECT (SELECT count(*) FROM claims_emptied) AS claims, (SELECT count(*) FROM codes_emptied) AS codes
        """,
        campaign_id,
    )
    assert row is not None
    return row["claims"], row["codes"]


async def find_with_delivery_data(conn: Connection) -> int | None:
    """A shredded campaign with a tracking number that is a month old; None if there is none."""
    campaign_id: int | None = await conn.fetchval(
        """
        SELECT winners.campaign_id
        FROM shipments
        JOIN winners ON winners.id = shipments.winner_id
        JOIN shreddings ON shreddings.campaign_id = winners.campaign_id
        WHERE shipments.tracking_no NOT LIKE '****%' AND shipments.shipped_at < clock_timestamp() - interval '30 days'
        LIMIT 1
        """
    )
    return campaign_id


async def mask_shipments(conn: Connection, campaign_id: int) -> list[int]:
    """Masks the tracking numbers of a campaign, except for the end of long ones. Returns the accounts of the winners."""
    rows = await conn.fetch(
        """
        UPDATE shipments
        SET tracking_no = '****' || CASE WHEN length(tracking_no) >= 8 THEN right(tracking_no, 4) ELSE '' END
        FROM winners
        WHERE winners.id = shipments.winner_id AND winners.campaign_id = $1 AND shipments.tracking_no NOT LIKE '****%'
        RETURNING winners.account_id
        """,
        campaign_id,
    )
    return [row["account_id"] for row in rows]


async def add_shredding(
    conn: Connection,
    campaign_id: int,
    *,
    shredded_at: datetime,
    backups_until: datetime,
    archive_until: datetime,
    receipt: bytes,
) -> None:
    """Stores the receipt."""
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
    """The signed receipt; None if the campaign was not shredded."""
    receipt: bytes | None = await conn.fetchval("SELECT receipt FROM shreddings WHERE campaign_id = $1", campaign_id)
    return receipt


async def remove_next_archive(conn: Connection) -> int | None:
    """Removes the masked records of one campaign that is due. Returns its id; None if none is due."""
    campaign_id: int | None = await conn.fetchval(
        """
        WITH due AS (
            SELECT campaign_id FROM shreddings
            WHERE archive_removed_at IS NULL AND archive_until <= clock_timestamp()
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        ), removed_claims AS (
            DELETE FROM claims USING due WHERE claims.campaign_id = due.campaign_id
        ), removed_shipments AS (
            DELETE FROM shipments USING due, winners
            WHERE winners.campaign_id = due.campaign_id AND shipments.winner_id = winners.id
        ), removed_codes AS (
            DELETE FROM prize_codes USING due WHERE prize_codes.campaign_id = due.campaign_id
        )
        UPDATE shreddings SET archive_removed_at = clock_timestamp()
        FROM due WHERE shreddings.campaign_id = due.campaign_id
        RETURNING due.campaign_id
        """
    )
    return campaign_id
