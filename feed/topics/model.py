"""Topics: what a post is about, named in its own words between `#` marks."""

from typing import Literal, get_args

import msgspec

from feed.errors import NotFound

TopicState = Literal["allowed", "no_trend", "hidden", "closed"]
STATES: tuple[TopicState, ...] = get_args(TopicState)


class TopicNotFound(NotFound):
    """No post has borne this topic, or it is hidden."""


class Topic(msgspec.Struct, frozen=True):
    """A topic: one per key, shown by the name under which it was first used.

    `no_trend`: stands in no list of what people write about now. `hidden`: nobody finds it. `closed`: takes no more posts.
    With `alias_of` it stands for another topic, under which its posts are shown.
    """

    id: int
    key: str
    name: str
    state: TopicState
    alias_of: int | None


class ResolvedTopic(msgspec.Struct, frozen=True):
    """What somebody finds who asks for a topic by a name: the topic that it stands for, and all whose posts are shown under it."""

    id: int
    name: str
    state: TopicState
    ids: list[int]
