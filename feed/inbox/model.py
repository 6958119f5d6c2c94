"""The inbox: what a person is told inside of the app."""

from typing import Any, Literal

import msgspec

InboxKind = Literal["review_result", "comment", "reply", "like", "prize", "claim_deadline", "report_result", "system"]


class NewInbox(msgspec.Struct, frozen=True):
    """A message to be put in. `once_key` names the event: the same one tells a person once."""

    account_id: int
    kind: InboxKind
    title: str
    body: str
    once_key: str
    deep_link: str | None = None
    subject: dict[str, Any] = {}
