"""What a stream of events may be about. Pure."""

from typing import Literal, NamedTuple, get_args

from feed.errors import FieldError, Invalid
from feed.ids import parse_id

TopicKind = Literal["post", "board", "latest", "inbox", "queue", "campaign"]

TOPICS_MOST = 30
_WITH_ID = ("post", "board", "campaign")
_FIELD = "topics"
_ALLOWED = ["post:ID", "board:ID", "latest", "inbox", "queue", "campaign:ID"]


class Topic(NamedTuple):
    """A subject whose state is sent. `key` is the post, the campaign or, of an inbox, the account; 0 for a topic without one."""

    kind: TopicKind
    key: int = 0

    @property
    def name(self) -> str:
        """As a request names it: an inbox is always that of the viewer."""
        return f"{self.kind}:{self.key}" if self.kind in _WITH_ID else self.kind


def parse_topics(raw: str | None, account_id: int | None) -> tuple[Topic, ...]:
    """The topics of a comma-separated list, each once, in an order of their own: what a page is about does not depend on its order.
    Raises Invalid.

    `account_id` is the viewer's; the key of an inbox is 0 without one.
    """
    if not raw:
        raise Invalid(FieldError(_FIELD, "required"))
    parts = list(dict.fromkeys(part.strip() for part in raw.split(",")))
    if len(parts) > TOPICS_MOST:
        raise Invalid(FieldError(_FIELD, "too_many", {"most": TOPICS_MOST}))
    return tuple(sorted({_parse(part, account_id) for part in parts}))


def _parse(part: str, account_id: int | None) -> Topic:
    name, colon, id_ = part.partition(":")
    kind: TopicKind | None = next((each for each in get_args(TopicKind) if each == name), None)
    if kind is None or bool(colon) != (kind in _WITH_ID):
        raise Invalid(FieldError(_FIELD, "unknown_value", {"allowed": _ALLOWED}))
    if kind == "inbox":
        return Topic(kind, account_id or 0)
    if kind not in _WITH_ID:
        return Topic(kind)
    key = parse_id(id_)
    if key is None:
        raise Invalid(FieldError(_FIELD, "not_found"))
    return Topic(kind, key)
