"""Events as they are sent: the present state of a topic, and an id that names what the client knows. Pure.

An id is a set of tokens, one for each topic of the stream. A token is a digest of a topic and its state, so every process makes the same
one, and none has to remember what it has sent: a client that comes back with an id lacks the topics whose token is not in it.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from feed.live.topics import TOPICS_MOST, Topic

# 48 bits: a changed state with the same token would go unnoticed until the next change.
_TOKEN_BYTES = 6
_TOKEN_LENGTH = 8
_ID_LONGEST = TOPICS_MOST * (_TOKEN_LENGTH + 1)
# The state of a post or board that the public cannot see, whatever the reason.
GONE = {"gone": True}

HEARTBEAT = b":\n\n"

_encode = msgspec.json.Encoder().encode


class State(NamedTuple):
    """The present state of a topic: its token, and its event without an id."""

    token: str
    event: bytes


def state_of(topic: Topic, members: Any) -> State:
    """The state with these members: a type of `feed.screens.live`, or GONE."""
    name = topic.name
    content = _encode({"topic": name, **msgspec.to_builtins(members)})
    # Of one's inbox: another account with the same number has another state.
    digest = hashlib.sha256(b"%d %b" % (topic.key, content)).digest()[:_TOKEN_BYTES]
    token = base64.urlsafe_b64encode(digest).decode()
    return State(token, b"event: %b\ndata: %b\n" % (topic.kind.encode(), content))


def read_id(last_event_id: str | None) -> frozenset[str]:
    """The tokens in a Last-Event-ID; those of an unusable one match no state."""
    if not last_event_id or len(last_event_id) > _ID_LONGEST:
        return frozenset()
    return frozenset(last_event_id.split("."))


def encode_events(states: Sequence[State | None], known: Sequence[str]) -> bytes:
    """The events of all states that the client does not have yet, each with the id after it; `known` has the tokens of those that it
    has, in the order of the states, or is empty. A state that was not read yet is left out."""
    tokens = list(known) or [""] * len(states)
    events = []
    for place, state in enumerate(states):
        if state is not None and state.token != tokens[place]:
            tokens[place] = state.token
            events.append(b"id: %b\n%b\n" % (id_of(tokens).encode(), state.event))
    return b"".join(events)


def id_of(tokens: Iterable[str]) -> str:
    """The id of an event after which the client knows these states; a topic without one has the token ''."""
    return ".".join(filter(None, tokens))


def encode_retry(milliseconds: int) -> bytes:
    """How long a client waits before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def encode_end(reason: str) -> bytes:
    """The last event of a stream that is ended here. It has no id: what the client knows stays the same."""
    return b"event: end\ndata: %b\n\n" % _encode({"reason": reason})
