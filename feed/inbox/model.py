"""The inbox: what a person is told inside of the app."""

from typing import Any, Literal

import msgspec

from feed.errors import Conflict, NotFound

InboxKind = Literal["review_result", "comment", "reply", "like", "prize", "claim_deadline", "report_result", "system"]


class PushNotFound(NotFound):
    """No such push."""


class PushNotDead(Conflict):
    """Only a push that was given up is tried again by hand."""


class NewInbox(msgspec.Struct, frozen=True):
    """A message to be put in. `once_key` names the event: the same one tells a person once.

    It shows only while what it is about does: leave `about_*` out of what must be told also of a subject that is gone.
    `actor_id` is the one person whose doing it is.
    """

    account_id: int
    kind: InboxKind
    title: str
    body: str
    once_key: str
    deep_link: str | None = None
    subject: dict[str, Any] = {}
    about_post_id: int | None = None
    about_comment_id: int | None = None
    actor_id: int | None = None


# Whose message, and of which event.
Key = tuple[int, str]


def key_of(row: NewInbox) -> Key:
    """One order for everybody: two transactions that write to the same people cannot deadlock."""
    return row.account_id, row.once_key
