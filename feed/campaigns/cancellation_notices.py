"""The notification of a cancellation. Pure."""

from feed.campaigns.cancellation_store import Cancellation
from feed.campaigns.inputs import by_method
from feed.inbox.model import NewNotification
from feed.links import campaign_page


def cancellation_notice(cancellation: Cancellation, author_id: int) -> NewNotification:
    """The notification of an author of an entry: the reason, and the contact for questions."""
    return NewNotification(
        account_id=author_id,
        kind="system",
        template=by_method("campaign.cancelled", cancellation.method),
        params={"campaign": cancellation.title, "reason": cancellation.reason, "contact": cancellation.contact},
        once_key=f"campaign_cancelled:{cancellation.campaign_id}",
        deep_link=campaign_page(cancellation.campaign_id),
        subject={"kind": "campaign", "id": str(cancellation.campaign_id)},
    )
