"""What every verb of a campaign begins with: hold the campaign, and refuse by the state that was found."""

from collections.abc import Iterable

from feed.campaigns import store
from feed.campaigns.errors import CampaignCancelled, CampaignNotFound, CampaignNotOpen, CampaignSettled
from feed.campaigns.store import Campaign
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.postgres import Connection


async def lock_campaign(conn: Connection, campaign_id: int) -> Campaign:
    """The campaign, held until the transaction ends. Raises CampaignNotFound."""
    if not await store.lock_row(conn, campaign_id):
        raise CampaignNotFound
    # A statement of its own: it sees what the last holder committed, and its clock is younger than that commit.
    campaign = await store.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    return campaign


async def lock_judgeable_campaign(conn: Connection, campaign_id: int) -> Campaign:
    """The campaign while verdicts are accepted: from the opening until the freeze.

    Raises CampaignNotFound, CampaignNotOpen, CampaignSettled, CampaignCancelled.
    """
    campaign = await lock_campaign(conn, campaign_id)
    require_unsettled(campaign)
    if not campaign.has_opened:
        raise CampaignNotOpen
    return campaign


def require_unsettled(campaign: Campaign) -> None:
    """Raises CampaignCancelled or CampaignSettled."""
    if campaign.state == "cancelled":
        raise CampaignCancelled
    if campaign.frozen_at is not None or campaign.state not in ("draft", "scheduled", "judging"):
        raise CampaignSettled


async def increment_versions(conn: Connection, post_ids: Iterable[int]) -> None:
    """Says that an input to these posts' scores has moved, so that the boards read them again."""
    ordered = sorted(set(post_ids))
    if ordered:
        await changes.lock_stats(conn, ordered)
        await changes.change_stats(conn, [Delta(post_id) for post_id in ordered])
