"""SQL of claims and of access to them."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.prize_kinds import shipped_kinds
from feed.postgres import Connection, many
from feed.prizes.model import ClaimNotFound, WinnerId


class Parcel(msgspec.Struct, frozen=True):
    """A claim with prizes to be shipped; `sealed` are the encrypted details."""

    winner_id: WinnerId
    place: int
    prizes: list[dict[str, Any]]
    state: str
    sealed: bytes


async def mark_claimed(conn: Connection, winner_id: WinnerId) -> bool:
    """Marks the prize as claimed. False if it cannot be claimed, or its claim not be changed, at the time of the database."""
    return bool(
        await conn.fetchval(
            """
            UPDATE winners SET state = 'claimed'
            WHERE id = $1 AND state IN ('notified', 'viewed', 'claimed') AND clock_timestamp() < claim_ends_at
            RETURNING true
            """,
            winner_id,
        )
    )


async def change_claim(
    conn: Connection,
    *,
    winner_id: WinnerId,
    campaign_id: int,
    sealed: bytes,
    masked: dict[str, str],
    privacy_version: str,
) -> bool:
    """Stores the details in place of earlier ones. Whether they are the first."""
    return bool(
        await conn.fetchval(
            """
            INSERT INTO claims (winner_id, campaign_id, sealed, masked, privacy_version)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (winner_id) DO UPDATE
            SET sealed = excluded.sealed, masked = excluded.masked, privacy_version = excluded.privacy_version,
                changed_at = clock_timestamp()
            RETURNING changed_at IS NULL
            """,
            winner_id,
            campaign_id,
            sealed,
            masked,
            privacy_version,
        )
    )


async def add_access(
    conn: Connection, campaign_id: int, account_id: int, *, by: int, reason: str, lasts: timedelta
) -> datetime:
    """Grants access to the campaign's claims. Returns when it expires. Raises CampaignNotFound."""
    until: datetime | None = await conn.fetchval(
        """
        INSERT INTO claim_access (campaign_id, account_id, granted_by, reason, until)
        SELECT id, $2, $3, $4, clock_timestamp() + $5::interval FROM campaigns WHERE id = $1 AND published_at IS NOT NULL
        ON CONFLICT (campaign_id, account_id) DO UPDATE
        SET granted_by = excluded.granted_by, reason = excluded.reason, granted_at = excluded.granted_at,
            until = excluded.until
        RETURNING until
        """,
        campaign_id,
        account_id,
        by,
        reason,
        lasts,
    )
    if until is None:
        raise CampaignNotFound
    return until


async def end_access(conn: Connection, campaign_id: int, account_id: int) -> bool:
    """Ends the account's access. Whether it had some."""
    return bool(
        await conn.fetchval(
            """
            UPDATE claim_access SET until = clock_timestamp()
            WHERE campaign_id = $1 AND account_id = $2 AND until > clock_timestamp()
            RETURNING true
            """,
            campaign_id,
            account_id,
        )
    )


async def has_access(conn: Connection, campaign_id: int, account_id: int) -> bool:
    """Whether the account has access that may be used now."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM claim_access_now WHERE campaign_id = $1 AND account_id = $2
            )
            """,
            campaign_id,
            account_id,
        )
    )


async def list_to_ship(conn: Connection, campaign_id: int) -> list[Parcel]:
    """Claims, verified or not, with a prize that is shipped and was not yet; by place."""
    rows = await conn.fetch(
        """
        SELECT winners.id AS winner_id, winners.place, winners.prizes, winners.state, claims.sealed
        FROM winners
        JOIN claims ON claims.winner_id = winners.id AND claims.sealed IS NOT NULL
        WHERE winners.campaign_id = $1 AND winners.state IN ('claimed', 'verified')
            AND has_prize_of(winners.prizes, $2)
        ORDER BY winners.place, winners.id
        """,
        campaign_id,
        shipped_kinds(),
    )
    return many(rows, Parcel)


async def get_claim(conn: Connection, campaign_id: int, winner_id: int) -> bytes:
    """The encrypted details of a present winner of this campaign. Raises ClaimNotFound."""
    sealed: bytes | None = await conn.fetchval(
        """
        SELECT claims.sealed
        FROM claims JOIN winners ON winners.id = claims.winner_id
        WHERE claims.winner_id = $1 AND claims.campaign_id = $2 AND winners.state IN ('claimed', 'verified', 'shipped', 'received')
        """,
        winner_id,
        campaign_id,
    )
    if sealed is None:
        raise ClaimNotFound
    return sealed
