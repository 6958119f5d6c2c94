"""What participants are told about their entries, and jurors about their seat. Pure."""

from feed.campaigns.cancellation_store import Untold
from feed.inbox.model import NewInbox


def of_cancellation(untold: Untold, author_id: int) -> NewInbox:
    """Why, and whom to ask: nobody wins anything."""
    return NewInbox(
        account_id=author_id,
        kind="system",
        title=f"“{untold.title}”活动已取消",
        body=(
            f"原因：{untold.reason.strip().rstrip('。')}。活动不再评选获奖者，您发布的内容仍可正常浏览。"
            f"如有疑问，请联系主办方：{untold.contact or '活动主办方'}。"
        ),
        once_key=f"campaign_cancelled:{untold.campaign_id}",
        deep_link=f"/campaigns/{untold.campaign_id}",
        subject={"kind": "campaign", "id": str(untold.campaign_id)},
    )
