"""The notification of a cancellation. Pure."""

from feed.campaigns.cancellation_store import Cancellation
from feed.campaigns.inputs import WRITTEN_REASON, contact_label
from feed.inbox.model import NewNotification
from feed.texts import quoted


def cancellation_notice(cancellation: Cancellation, author_id: int) -> NewNotification:
    """The notification of an author of an entry: the reason, and the contact for questions."""
    return NewNotification(
        account_id=author_id,
        kind="system",
        title=f"{quoted(cancellation.title)}活动已取消",
        body=(
            f"原因：{quoted(cancellation.reason.rstrip('。'), WRITTEN_REASON.longest)}。活动不再评选获奖者，您发布的内容仍可正常浏览。"
            f"如有疑问，请联系主办方：{contact_label(cancellation.contact)}。"
        ),
        once_key=f"campaign_cancelled:{cancellation.campaign_id}",
        deep_link=f"/campaigns/{cancellation.campaign_id}",
        subject={"kind": "campaign", "id": str(cancellation.campaign_id)},
    )
