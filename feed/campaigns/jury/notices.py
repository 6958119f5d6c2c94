"""TODO docstring."""

from feed.campaigns.jury.store import JurorReminder
from feed.campaigns.store import Campaign
from feed.inbox.model import NewInbox
from feed.sms.model import SHANGHAI


def of_membership(campaign: Campaign, account_id: int, *, added: bool) -> NewInbox:
    """Somebody is a juror from now on, or none any more. Why is not told: it is the organiser's to say."""
    title = campaign.draft.get("title", "")
    contact = campaign.draft.get("contact") or campaign.draft.get("organiser") or "活动主办方"
    named = (
        f"您已被指定为“{title}”活动的评委",
        f"活动开始后即可为作品打分，请在评选前完成。与作者有利害关系的作品请回避。如有疑问，请联系主办方：{contact}。",
    )
    gone = (
        f"您不再担任“{title}”活动的评委",
        f"您已打的分数不再计入评选。如有疑问，请联系主办方：{contact}。",
    )
    told = named if added else gone
    return NewInbox(
        account_id=account_id,
        kind="system",
        title=told[0],
        body=told[1],
        # A juror may leave and come back: each time is an event of its own.
        once_key=f"juror_{'named' if added else 'removed'}:{campaign.id}:{campaign.now.timestamp():.6f}",
        deep_link=f"/campaigns/{campaign.id}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_marking_reminder(called: JurorReminder) -> NewInbox:
    """Marks are awaited until the settlement."""
    until = called.settle_at.astimezone(SHANGHAI)
    when = f"{until.month}月{until.day}日{until:%H:%M}"
    if called.event == "marking_began":
        told = f"“{called.title}”活动可以打分了", f"请在 {when} 前为作品打分，可随时修改，直至打分锁定。"
    else:
        told = f"“{called.title}”活动的打分即将截止", f"您还有作品未打分，请在 {when} 前完成。"
    return NewInbox(
        account_id=called.account_id,
        kind="system",
        title=told[0],
        body=told[1],
        once_key=f"{called.event}:{called.campaign_id}",
        deep_link=f"/campaigns/{called.campaign_id}",
        subject={"kind": "campaign", "id": str(called.campaign_id)},
    )
