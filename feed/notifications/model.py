"""Notifications of likes and comments: what they say, and when likes of a post are news."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from feed.inbox.model import NewNotification, NotificationKind
from feed.links import comment_page, post_page

LIKES_NAMED = 3
# The minimum interval between pushes for the likes of one post; longer where no like is news.
PUSH_INTERVAL = timedelta(minutes=1)
OLD_LIKES_PUSH_INTERVAL = timedelta(hours=1)


class Pair(msgspec.Struct, frozen=True):
    """The recipient of a notification and the account that caused it."""

    recipient_id: int
    actor_id: int


class Group(msgspec.Struct, frozen=True):
    """The likes of a post by others, and the count and time up to which its author was notified."""

    post_id: int
    author_id: int
    like_count: int
    notified_count: int
    notified_until: datetime | None
    author_erased: bool


class Liker(msgspec.Struct, frozen=True):
    """An account that likes a post. `liked_before`: it had liked the post and removed the like, so it is no news."""

    post_id: int
    account_id: int
    name: str
    liked_at: datetime
    erased: bool
    liked_before: bool


class CommentEvent(msgspec.Struct, frozen=True):
    """A comment with the authors to notify; None where an account was erased."""

    post_id: int
    comment_id: int
    actor_id: int
    actor_name: str
    text: str
    post_author_id: int | None
    answered_author_id: int | None


def likes_key(group: Group) -> tuple[int, str]:
    """The key of the single notification about the likes of a post."""
    return group.author_id, f"likes:{group.post_id}"


def is_news(group: Group, likers: Sequence[Liker]) -> bool:
    """Whether the post has a like that its author was not notified of."""
    until = group.notified_until
    fresh = any((until is None or liker.liked_at > until) and not liker.liked_before for liker in likers)
    return fresh or group.like_count > group.notified_count


def likes_notification(group: Group, likers: Sequence[Liker], count: int) -> NewNotification:
    """The notification about the likes of a post. `likers` are the newest ones, the newest first."""
    named = likers[:LIKES_NAMED]
    account_id, once_key = likes_key(group)
    names = [liker.name for liker in named]
    return NewNotification(
        account_id=account_id,
        kind="like",
        template=likes_template(len(names), count),
        params={"names": names, "count": count},
        once_key=once_key,
        deep_link=post_page(group.post_id),
        subject={
            "kind": "post",
            "id": str(group.post_id),
            "post_id": str(group.post_id),
            "count": count,
            "user_ids": [str(liker.account_id) for liker in named],
            "names": names,
        },
        about_post_id=group.post_id,
        actor_id=named[0].account_id if named and count == 1 else None,
    )


def likes_template(named: int, count: int) -> str:
    """The template of the notification of `count` likes that names so many likers."""
    if named == 0:
        return "likes.unnamed"
    if count == 1:
        return "likes.one"
    return "likes.named" if count <= named else "likes.more"


def comment_notifications(event: CommentEvent) -> list[NewNotification]:
    """The notifications of a comment: to the author of the comment it replies to and to the post's author.

    Each account gets one at most, and none for its own comment.
    """
    kinds: dict[int, NotificationKind] = {}
    if event.post_author_id is not None:
        kinds[event.post_author_id] = "comment"
    if event.answered_author_id is not None:
        kinds[event.answered_author_id] = "reply"
    kinds.pop(event.actor_id, None)
    return [_comment_notification(event, account_id, kind) for account_id, kind in sorted(kinds.items())]


def _comment_notification(event: CommentEvent, account_id: int, kind: NotificationKind) -> NewNotification:
    subject: dict[str, Any] = {
        "kind": "comment",
        "id": str(event.comment_id),
        "post_id": str(event.post_id),
        "user_id": str(event.actor_id),
        "name": event.actor_name,
    }
    return NewNotification(
        account_id=account_id,
        kind=kind,
        template="reply" if kind == "reply" else "comment",
        params={"name": event.actor_name, "text": event.text},
        once_key=f"comment:{event.comment_id}",
        deep_link=comment_page(event.post_id, event.comment_id),
        subject=subject,
        about_post_id=event.post_id,
        about_comment_id=event.comment_id,
        actor_id=event.actor_id,
    )
