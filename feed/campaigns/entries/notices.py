"""Notifications of authors about disqualification and reinstatement."""

from feed.campaigns.entries.store import Entry
from feed.campaigns.inputs import Disqualifying, contact_label
from feed.campaigns.store import Campaign
from feed.inbox.model import NewNotification
from feed.reasons import reason_words
from feed.texts import quoted


def of_disqualification(campaign: Campaign, entry: Entry, reason: Disqualifying) -> NewNotification:
    """For the author: contains the reason code's label and the organiser's contact, but not the note."""
    return _about(
        campaign,
        entry,
        event="disqualified",
        title=f"您的作品已被取消{quoted(campaign.draft.get('title', ''))}活动的参评资格",
        body=(
            f"原因：{reason_words(reason.reason_code).zh}。作品仍可正常浏览，但不再参加评选。"
            f"如有疑问，请联系主办方：{contact_label(campaign.draft.get('contact'), campaign.draft.get('organiser'))}。"
        ),
    )


def of_reinstatement(campaign: Campaign, entry: Entry) -> NewNotification:
    """For the author of a reinstated entry."""
    return _about(
        campaign,
        entry,
        event="reinstated",
        title=f"您的作品已恢复{quoted(campaign.draft.get('title', ''))}活动的参评资格",
        body="经复核，您的作品恢复参评，原有点赞和评论照常计入。",
    )


def _about(campaign: Campaign, entry: Entry, *, event: str, title: str, body: str) -> NewNotification:
    return NewNotification(
        account_id=entry.author_id,
        kind="system",
        title=title,
        body=body,
        # An entry may be disqualified and reinstated several times: each time has its own notification.
        once_key=f"entry_{event}:{entry.campaign_id}:{entry.post_id}:{campaign.now.timestamp():.6f}",
        deep_link=f"/posts/{entry.post_id}",
        subject={"kind": "campaign", "id": str(entry.campaign_id), "post_id": str(entry.post_id)},
    )
