"""The response to publishing and editing: the post, and the topics in its text that it was not listed under."""

from typing import Literal

import msgspec

from feed.posts.model import TOPICS_MOST
from feed.screens.posts.cards import PostCard, TopicPlace
from feed.topics.parse import MARKS, find_topics

DropReason = Literal["too_many", "closed"]


class DroppedTopic(msgspec.Struct, frozen=True):
    """A topic in the text that stays plain text: it comes after as many others as a post may have, or accepts no posts."""

    name: str
    reason: DropReason


class WrittenPost(PostCard, frozen=True, kw_only=True):
    """A post as it was written. `topics_dropped` is absent if the post has every topic that its text names."""

    topics_dropped: list[DroppedTopic] | msgspec.UnsetType = msgspec.UNSET


class _Written(msgspec.Struct):
    text: str
    topics: list[TopicPlace]


_decode = msgspec.json.Decoder(_Written).decode
_encode = msgspec.json.Encoder().encode


def written_post(card: bytes) -> bytes:
    """The JSON of a WrittenPost, from that of the post's card."""
    written = _decode(card)
    if not any(mark in written.text for mark in MARKS):
        return card
    dropped = dropped_topics(written.text, {topic.start for topic in written.topics})
    return card[:-1] + b',"topics_dropped":' + _encode(dropped) + b"}" if dropped else card


def dropped_topics(text: str, kept: set[int]) -> list[DroppedTopic]:
    """The topics in a text that a post does not have, in order; `kept` are the positions of those that it has."""
    mentions = find_topics(text)
    first = {mention.key: mention for mention in reversed(mentions)}
    in_order = sorted(first.values(), key=lambda mention: mention.start)
    return [
        DroppedTopic(mention.name, "closed" if place < TOPICS_MOST else "too_many")
        for place, mention in enumerate(in_order)
        if mention.start not in kept
    ]
