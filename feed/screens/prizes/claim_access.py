"""Who may read the details of a campaign's winners. For admins."""

from datetime import datetime

import msgspec

from feed.campaigns.errors import CampaignNotFound
from feed.postgres import Connection


class Reader(msgspec.Struct, frozen=True):
    """Somebody who was let in: until when, by whom and why."""

    user_id: str
    name: str
    until: datetime
    granted_by: str
    reason: str


async def list_readers(conn: Connection, campaign_id: int) -> list[Reader]:
    """Everybody whose time is not over, the soonest to end first. Raises CampaignNotFound."""
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM campaigns WHERE id = $1)", campaign_id):
        raise CampaignNotFound
    rows = await conn.fetch(
        """
        SELECT claim_access.account_id::text, accounts.name, until, granted_by::text, reason
        FROM claim_access JOIN accounts ON accounts.id = claim_access.account_id
        WHERE campaign_id = $1 AND until > clock_timestamp()
        ORDER BY until, claim_access.account_id
        """,
        campaign_id,
    )
    return [Reader(*row) for row in rows]
