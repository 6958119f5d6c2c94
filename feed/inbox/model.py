"""The inbox: notifications within the app, and errors of pushes."""

from typing import Any, Literal

import msgspec

from feed.errors import Conflict, NotFound

NotificationKind = Literal[
    "review_result", "comment", "reply", "like", "prize", "claim_deadline", "report_result", "system"
]


class PushNotFound(NotFound):
    """No such push."""


class PushNotDead(Conflict):
    """Only a push that was abandoned can be retried by hand."""


class NewNotification(msgspec.Struct, frozen=True):
    """A notification to add. `once_key` identifies the event: each account gets one notification of it.

    `template` and `params` are what it says: `feed.screens.notices` makes title and body of them, in the language of each reader.
    The values are raw: names and texts as they were written, times as datetimes, codes for what has words of its own.
    It is visible only while the post or comment in `about_*` is; leave them None for a notification that has to stay
    visible. `actor_id` is the single account that caused the event.
    """

    account_id: int
    kind: NotificationKind
    template: str
    params: dict[str, Any]
    once_key: str
    deep_link: str | None = None
    subject: dict[str, Any] = {}
    about_post_id: int | None = None
    about_comment_id: int | None = None
    actor_id: int | None = None


def stored_params(row: NewNotification) -> dict[str, Any]:
    """The parameters as JSON, times as texts in UTC."""
    encoded: dict[str, Any] = msgspec.to_builtins(row.params)
    return encoded


# The account and the `once_key` of a notification.
NotificationKey = tuple[int, str]


def notification_key(row: NewNotification) -> NotificationKey:
    """The sort key of writes: with one order, two transactions that write to the same accounts cannot deadlock."""
    return row.account_id, row.once_key
