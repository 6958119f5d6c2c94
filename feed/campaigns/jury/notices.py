"""Notifications of jurors: assignment, removal, and reminders of marks."""

from feed.campaigns.inputs import contact_label
from feed.campaigns.jury.store import JurorReminder
from feed.campaigns.store import Campaign
from feed.inbox.model import NewNotification
from feed.sms.model import SHANGHAI
from feed.texts import quoted


def of_membership(campaign: Campaign, account_id: int, *, added: bool) -> NewNotification:
    """For a new or a removed juror. Without the reason of a removal, for which it names the organiser's contact."""
    title = campaign.draft.get("title", "")
    contact = contact_label(campaign.draft.get("contact"), campaign.draft.get("organiser"))
    assigned = (
        f"您已被指定为{quoted(title)}活动的评委",
        f"活动开始后即可为作品打分，请在评选前完成；评委不能获奖，点赞和评论不计入。不愿担任的，打分前可在“我的评委”中退出。与作者有利害关系的作品请回避。如有疑问，请联系主办方：{contact}。",
    )
    removed = (
        f"您不再担任{quoted(title)}活动的评委",
        f"您已打的分数不再计入评选。如有疑问，请联系主办方：{contact}。",
    )
    heading, body = assigned if added else removed
    return NewNotification(
        account_id=account_id,
        kind="system",
        title=heading,
        body=body,
        # A juror may be removed and assigned again: each time has its own notification.
        once_key=f"juror_{'named' if added else 'removed'}:{campaign.id}:{campaign.now.timestamp():.6f}",
        deep_link=f"/campaigns/{campaign.id}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_declined_seat(campaign: Campaign, juror_id: int) -> NewNotification:
    """To the campaign's editor: a juror has given up the seat."""
    return NewNotification(
        account_id=campaign.created_by,
        kind="system",
        title=f"{quoted(campaign.draft.get('title', ''))}活动有评委退出",
        body="该评委尚未打分。请查看评委名单，必要时另行指定。",
        once_key=f"juror_declined:{campaign.id}:{juror_id}:{campaign.now.timestamp():.6f}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_marking_reminder(reminder: JurorReminder) -> NewNotification:
    """Reminds a juror of marks, due before the settlement."""
    until = reminder.settle_at.astimezone(SHANGHAI)
    when = f"{until.month}月{until.day}日{until:%H:%M}"
    if reminder.event == "marking_began":
        heading, body = (
            f"{quoted(reminder.title)}活动可以打分了",
            f"请在 {when} 前为作品打分，可随时修改，直至打分锁定。",
        )
    else:
        heading, body = f"{quoted(reminder.title)}活动的打分即将截止", f"您还有作品未打分，请在 {when} 前完成。"
    return NewNotification(
        account_id=reminder.account_id,
        kind="system",
        title=heading,
        body=body,
        once_key=f"{reminder.event}:{reminder.campaign_id}",
        deep_link=f"/campaigns/{reminder.campaign_id}",
        subject={"kind": "campaign", "id": str(reminder.campaign_id)},
    )
