"""Notifications about posts and their media."""

from feed.inbox.model import NewNotification
from feed.links import post_page
from feed.posts.media_store import FailedMedium


def failed_notice(failed: FailedMedium) -> NewNotification:
    """To the author: which photo or video of a post cannot be shown, and why."""
    return NewNotification(
        account_id=failed.author_id,
        kind="system",
        template="media.failed_one" if failed.count == 1 else "media.failed",
        params={"place": failed.place, "count": failed.count, "reason": failed.error_code},
        once_key=f"media_failed:{failed.media_id}",
        deep_link=post_page(failed.post_id),
        subject={"post_id": str(failed.post_id), "media_id": str(failed.media_id)},
    )
