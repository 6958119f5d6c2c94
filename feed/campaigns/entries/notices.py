"""Notifications of authors about disqualification and reinstatement."""

from typing import Any

from feed.campaigns.entries.store import Entry
from feed.campaigns.inputs import Disqualifying, by_method, contact_of
from feed.campaigns.store import Campaign
from feed.inbox.model import NewNotification
from feed.links import post_page


def of_disqualification(campaign: Campaign, entry: Entry, reason: Disqualifying) -> NewNotification:
    """For the author: contains the reason code and the organiser's contact, but not the note."""
    said = {"reason": reason.reason_code, "contact": contact_of(campaign.draft)}
    return _about(campaign, entry, "disqualified", said)


def of_reinstatement(campaign: Campaign, entry: Entry) -> NewNotification:
    """For the author of a reinstated entry."""
    return _about(campaign, entry, "reinstated", {})


def _about(campaign: Campaign, entry: Entry, event: str, said: dict[str, Any]) -> NewNotification:
    return NewNotification(
        account_id=entry.author_id,
        kind="system",
        template=by_method(f"entry.{event}", campaign.draft.get("method")),
        params={"campaign": campaign.draft.get("title", ""), "entry": "post", **said},
        # An entry may be disqualified and reinstated several times: each time has its own notification.
        once_key=f"entry_{event}:{entry.campaign_id}:{entry.post_id}:{campaign.now.timestamp():.6f}",
        deep_link=post_page(entry.post_id),
        subject={"kind": "campaign", "id": str(entry.campaign_id), "post_id": str(entry.post_id)},
    )
