"""The notification that a signed text was returned. Pure."""

from feed.accounts.model import AccountId
from feed.editorial.store import NewsroomText
from feed.inbox.model import NewNotification
from feed.links import campaign_page, post_page


def returned_notice(signer_id: AccountId, text: NewsroomText, reason: str, returned_id: int) -> NewNotification:
    """The notification of an account that has signed the text; `returned_id` is the id of the audit row."""
    is_post = text.kind == "post"
    return NewNotification(
        account_id=signer_id,
        kind="system",
        template="editorial.returned_post" if is_post else "editorial.returned_campaign",
        params={"reason": reason} if is_post else {"campaign": text.title, "reason": reason},
        once_key=f"signoff_returned:{returned_id}",
        deep_link=post_page(text.subject_id) if is_post else campaign_page(text.subject_id),
        subject={"kind": text.kind, "id": str(text.subject_id)},
    )
