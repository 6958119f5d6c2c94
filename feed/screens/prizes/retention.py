"""The retention of claim details by campaign, for `feed retention`."""

from datetime import datetime

import msgspec

from feed.postgres import Connection, many


class RetainedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign with details: when its key is to be destroyed, the prizes that delay it, and the times of the shredding receipt."""

    campaign_id: int
    title: str
    claims: int
    under_way: int
    due_at: datetime
    shredded_at: datetime | None
    backups_until: datetime | None


async def list_retained(conn: Connection, *, days: int) -> list[RetainedCampaign]:
    """All final and archived campaigns, and cancelled ones with winners or codes, the earliest due first.

    `days`: how long claims are kept where the rules do not say it.
    """
    rows = await conn.fetch(
        """
        SELECT campaigns.id AS campaign_id, campaigns.draft ->> 'title' AS title,
               (SELECT count(*) FROM claims WHERE claims.campaign_id = campaigns.id AND sealed IS NOT NULL) AS claims,
               (SELECT count(*) FROM winners
                WHERE winners.campaign_id = campaigns.id AND state IN ('notified', 'viewed', 'claimed', 'verified')) AS under_way,
               coalesce(final_at + make_interval(days => coalesce(kept_days, $1)), cancelled_at) AS due_at, shredded_at, backups_until
        FROM campaigns
        JOIN claim_retention ON claim_retention.campaign_id = campaigns.id
        LEFT JOIN shreddings ON shreddings.campaign_id = campaigns.id
        WHERE campaigns.state IN ('final', 'archived') OR (
            campaigns.state = 'cancelled' AND (
                EXISTS (SELECT FROM winners WHERE winners.campaign_id = campaigns.id)
                OR EXISTS (SELECT FROM prize_codes WHERE prize_codes.campaign_id = campaigns.id)
            )
        )
        ORDER BY due_at
        """,
        days,
    )
    return many(rows, RetainedCampaign)
