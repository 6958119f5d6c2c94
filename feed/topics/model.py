"""Topics, which a post's text names between `#` marks."""

from typing import Annotated, Literal

import msgspec

from feed.errors import NotFound
from feed.texts import line

# A topic without marks.
TOPIC_NAME = line(40, required=False, shown_as="topic")
TopicName = Annotated[str, TOPIC_NAME.bound]

TopicState = Literal["allowed", "no_trend", "hidden", "closed"]


class TopicNotFound(NotFound):
    """No visible post has this topic, or it is hidden."""


class Topic(msgspec.Struct, frozen=True):
    """A topic: one per key, shown by the name under which it was first used.

    `no_trend`: not among the trending topics. `hidden`: not found. `closed`: accepts no more posts.
    With `alias_of` it is an alias of another topic, under which its posts are shown. `review_stages`: the approvals that it requires itself.
    """

    id: int
    key: str
    name: str
    state: TopicState
    alias_of: int | None
    review_stages: int


class NamedTopic(Topic, frozen=True):
    """A topic as a name finds it. `target_state` is the state of the topic that it is an alias of, or else its own.

    `is_taken_down`: a takedown of either is in force. `stages`: the approvals that publish a post with it, the strictest of its own, those
    of its target and of the running campaigns.
    """

    target_state: TopicState
    stages: int
    is_taken_down: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether it accepts no more posts, by itself or as an alias."""
        return "closed" in (self.state, self.target_state)

    @property
    def is_hidden(self) -> bool:
        """Whether it has no page, by itself or as an alias."""
        return self.is_taken_down or "hidden" in (self.state, self.target_state)


class ResolvedTopic(msgspec.Struct, frozen=True):
    """The topic that a name resolves to. `ids` are the topics whose posts are shown under it: itself and its aliases.

    `is_public`: a visible post or a published campaign has it, so it has a page.
    """

    id: int
    name: str
    state: TopicState
    ids: list[int]
    is_public: bool
