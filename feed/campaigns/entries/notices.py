"""TODO docstring."""

from feed.campaigns.entries.store import Entry
from feed.campaigns.inputs import Reason, reason_label
from feed.campaigns.store import Campaign
from feed.inbox.model import NewInbox


def of_disqualification(campaign: Campaign, entry: Entry, reason: Reason) -> NewInbox:
    """The code is told, the note is not; and whom to ask."""
    return _about(
        campaign,
        entry,
        event="disqualified",
        title=f"您的作品已被取消“{campaign.draft.get('title', '')}”活动的参评资格",
        body=(
            f"原因：{reason_label(reason.reason_code)}。作品仍可正常浏览，但不再参加评选。"
            f"如有疑问，请联系主办方：{campaign.draft.get('contact') or campaign.draft.get('organiser') or '活动主办方'}。"
        ),
    )


def of_reinstatement(campaign: Campaign, entry: Entry) -> NewInbox:
    """It counts again, with all that it had."""
    return _about(
        campaign,
        entry,
        event="reinstated",
        title=f"您的作品已恢复“{campaign.draft.get('title', '')}”活动的参评资格",
        body="经复核，您的作品恢复参评，原有点赞和评论照常计入。",
    )


def _about(campaign: Campaign, entry: Entry, *, event: str, title: str, body: str) -> NewInbox:
    return NewInbox(
        account_id=entry.author_id,
        kind="system",
        title=title,
        body=body,
        # An entry may go out and come back more than once: each time is an event of its own.
        once_key=f"entry_{event}:{entry.campaign_id}:{entry.post_id}:{campaign.now.timestamp():.6f}",
        deep_link=f"/posts/{entry.post_id}",
        subject={"kind": "campaign", "id": str(entry.campaign_id), "post_id": str(entry.post_id)},
    )
