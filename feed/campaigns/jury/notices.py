"""Notifications of jurors: assignment, removal, and reminders of marks."""

from feed.campaigns.inputs import by_method, contact_of
from feed.campaigns.jury.store import JurorReminder
from feed.campaigns.store import Campaign
from feed.inbox.model import NewNotification
from feed.links import campaign_page, jury_page


def of_membership(campaign: Campaign, account_id: int, *, added: bool) -> NewNotification:
    """For a new or a removed juror. Without the reason of a removal, for which it names the organiser's contact."""
    return NewNotification(
        account_id=account_id,
        kind="system",
        template=by_method(f"jury.{'assigned' if added else 'removed'}", campaign.draft.get("method")),
        params={"campaign": campaign.draft.get("title", ""), "contact": contact_of(campaign.draft)},
        # A juror may be removed and assigned again: each time has its own notification.
        once_key=f"juror_{'named' if added else 'removed'}:{campaign.id}:{campaign.now.timestamp():.6f}",
        deep_link=jury_page(campaign.id) if added else campaign_page(campaign.id),
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_declined_seat(campaign: Campaign, juror_id: int) -> NewNotification:
    """To the campaign's editor: a juror has given up the seat."""
    return NewNotification(
        account_id=campaign.created_by,
        kind="system",
        template=by_method("jury.declined", campaign.draft.get("method")),
        params={"campaign": campaign.draft.get("title", "")},
        once_key=f"juror_declined:{campaign.id}:{juror_id}:{campaign.now.timestamp():.6f}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_marking_reminder(reminder: JurorReminder) -> NewNotification:
    """Reminds a juror of marks, due before the settlement. Only a ranked campaign has such reminders."""
    return NewNotification(
        account_id=reminder.account_id,
        kind="system",
        template=f"jury.{reminder.event}",
        params={"campaign": reminder.title, "until": reminder.settle_at},
        once_key=f"{reminder.event}:{reminder.campaign_id}",
        deep_link=jury_page(reminder.campaign_id),
        subject={"kind": "campaign", "id": str(reminder.campaign_id)},
    )
