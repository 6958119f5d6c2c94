"""The subjects that streams are about, the streams that are about the same ones, and one open stream.

Thousands of streams are open, most of them about the subjects of a few pages. So what streams of a group share is kept once: their
subjects, the tokens of the states that their clients have, and the piece that all of them are sent next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from feed.live.events import State, encode_events
from feed.live.model import Access
from feed.live.topics import Topic

# Sends a piece of the response; the second argument says whether more follow.
Send = Callable[[bytes, bool], Awaitable[None]]
# The token of each subject's state in their order; '' of one that was not read yet.
Tokens = tuple[str, ...]


class Subject:
    """A topic, the groups of streams that are about it, and its state as it was read last; None: not yet."""

    __slots__ = ("groups", "state", "topic")

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.groups: set[Group] = set()
        self.state: State | None = None


class Group:
    """The streams about the same subjects."""

    __slots__ = ("_piece", "_piece_of", "streams", "subjects", "tokens", "topics")

    def __init__(self, topics: tuple[Topic, ...], subjects: Sequence[Subject]) -> None:
        self.topics = topics
        self.subjects = tuple(subjects)
        self.streams: set[Stream] = set()
        self.tokens: Tokens = ()
        self._piece = b""
        self._piece_of: Tokens = ()
        self.update()

    def update(self) -> None:
        """Takes over the states of the subjects, of which one has changed."""
        self.tokens = tuple("" if each.state is None else each.state.token for each in self.subjects)
        self._piece, self._piece_of = b"", ()

    def piece(self, known: Tokens) -> bytes:
        """The events for a client that has these states."""
        if self._piece_of is not known:
            self._piece = encode_events([each.state for each in self.subjects], known)
            self._piece_of = known
        return self._piece


class Stream:
    """A subscription. It holds little, and no task while nothing is sent."""

    __slots__ = ("_known", "_resumed", "access", "ended", "group", "handler", "owner", "send", "sending", "sent_at")

    def __init__(
        self,
        group: Group,
        access: Access,
        owner: str | int | None,
        *,
        known: frozenset[str],
        handler: "asyncio.Task[object] | None",
        now: float,
    ) -> None:
        """`owner` is what it counts for: an account, an address, or None. `known` has the tokens of the last event that the client got."""
        self.group = group
        self.access = access
        self.owner = owner
        self.handler = handler
        self._known: Tokens = ()
        self._resumed = known
        # None until the response has begun: nothing is sent before.
        self.send: Send | None = None
        self.sending: asyncio.Task[None] | None = None
        self.sent_at = now
        # By this process, not by the client.
        self.ended = False

    def take(self) -> bytes:
        """The events of those states that the client does not know; they count as sent."""
        tokens = self.group.tokens
        if self._resumed:
            before = self._known or ("",) * len(tokens)
            self._known = tuple(
                token if not old and token in self._resumed else old for token, old in zip(tokens, before, strict=True)
            )
            if all(tokens):
                self._resumed = frozenset()
        content = b"" if self._known == tokens else self.group.piece(self._known)
        self._known = tokens
        return content

    async def deliver(self, content: bytes, send: Send, now: Callable[[], float]) -> None:
        """Sends a piece, and after it what the client does not know by then, until there is nothing."""
        try:
            while content and not self.ended:
                await send(content, True)
                self.sent_at = now()
                content = self.take()
        finally:
            self.sending = None
