"""What authors are told of likes and comments: words, and when a group of likes is news."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from feed.inbox.model import InboxKind, NewInbox

LIKES_NAMED = 3
# A phone rings for one post's likes at most so often; for somebody who was told of before, hardly.
LIKES_APART = timedelta(minutes=1)
OLD_LIKES_APART = timedelta(hours=1)


class Pair(msgspec.Struct, frozen=True):
    """Somebody who may be told, and of whose doing."""

    recipient_id: int
    actor_id: int


class Group(msgspec.Struct, frozen=True):
    """A post's likes by others now, and what its author was told of them: up to how many, and until when."""

    post_id: int
    author_id: int
    like_count: int
    told_count: int
    told_until: datetime | None
    author_erased: bool


class Liker(msgspec.Struct, frozen=True):
    """Who likes a post. `before`: had liked it and taken that back, so it is no news."""

    post_id: int
    account_id: int
    name: str
    liked_at: datetime
    erased: bool
    before: bool


class Told(msgspec.Struct, frozen=True):
    """A comment with those whom it concerns; nobody where an account was erased."""

    post_id: int
    comment_id: int
    actor_id: int
    actor_name: str
    text: str
    post_author_id: int | None
    answered_author_id: int | None


def key_of_likes(group: Group) -> tuple[int, str]:
    """The one message about a post's likes."""
    return group.author_id, f"likes:{group.post_id}"


def is_news(group: Group, likers: Sequence[Liker]) -> bool:
    """Whether somebody likes the post of whom its author has not been told."""
    until = group.told_until
    fresh = any((until is None or liker.liked_at > until) and not liker.before for liker in likers)
    return fresh or group.like_count > group.told_count


def likes_message(group: Group, likers: Sequence[Liker], count: int) -> NewInbox:
    """The message about the likes of a post. `likers` are the newest, the newest first."""
    named = likers[:LIKES_NAMED]
    account_id, once_key = key_of_likes(group)
    if not named:
        title = f"{count} 人赞了你的动态"
    elif count == 1:
        title = f"{named[0].name}赞了你的动态"
    else:
        title = f"{named[0].name}等 {count} 人赞了你的动态"
    names = "、".join(liker.name for liker in named)
    return NewInbox(
        account_id=account_id,
        kind="like",
        title=title,
        body=names if count <= len(named) else f"{names} 等 {count} 人" if names else "",
        once_key=once_key,
        deep_link=f"/posts/{group.post_id}",
        subject={
            "kind": "post",
            "id": str(group.post_id),
            "post_id": str(group.post_id),
            "count": count,
            "user_ids": [str(liker.account_id) for liker in named],
            "names": [liker.name for liker in named],
        },
        about_post_id=group.post_id,
        actor_id=named[0].account_id if named and count == 1 else None,
    )


def comment_messages(told: Told) -> list[NewInbox]:
    """To whom a comment is news: the author of what it answers, and the post's; nobody twice, and nobody of his own."""
    kinds: dict[int, InboxKind] = {}
    if told.post_author_id is not None:
        kinds[told.post_author_id] = "comment"
    if told.answered_author_id is not None:
        kinds[told.answered_author_id] = "reply"
    kinds.pop(told.actor_id, None)
    return [_comment_message(told, account_id, kind) for account_id, kind in sorted(kinds.items())]


def _comment_message(told: Told, account_id: int, kind: InboxKind) -> NewInbox:
    subject: dict[str, Any] = {
        "kind": "comment",
        "id": str(told.comment_id),
        "post_id": str(told.post_id),
        "user_id": str(told.actor_id),
        "name": told.actor_name,
    }
    return NewInbox(
        account_id=account_id,
        kind=kind,
        title=f"{told.actor_name}{'回复了你的评论' if kind == 'reply' else '评论了你的动态'}",
        body=told.text,
        once_key=f"comment:{told.comment_id}",
        deep_link=f"/posts/{told.post_id}?comment_id={told.comment_id}",
        subject=subject,
        about_post_id=told.post_id,
        about_comment_id=told.comment_id,
        actor_id=told.actor_id,
    )
