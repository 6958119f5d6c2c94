"""Locks a campaign for an action and checks its state."""

from collections.abc import Iterable

from feed.campaigns import store
from feed.campaigns.errors import CampaignCancelled, CampaignNotFound, CampaignNotOpen, CampaignSettled
from feed.campaigns.store import Campaign
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.postgres import Connection


async def lock_campaign(conn: Connection, campaign_id: int) -> Campaign:
    """The campaign, locked until the transaction ends. Raises CampaignNotFound."""
    if not await store.lock_row(conn, campaign_id):
        raise CampaignNotFound
    # A separate statement: it sees the commit of the last transaction with the lock, and its clock is later than that commit.
    campaign = await store.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    return campaign


async def lock_judgeable_campaign(conn: Connection, campaign_id: int) -> Campaign:
    """The locked campaign, if entries can be judged: from the opening until the freeze.

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
    """Increments the versions of posts whose score has a changed input, so that the boards read them again."""
    ordered = sorted(set(post_ids))
    if ordered:
        await changes.lock_stats(conn, ordered)
        await changes.change_stats(conn, [Delta(post_id) for post_id in ordered])
