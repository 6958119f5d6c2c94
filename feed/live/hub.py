"""The open streams of a process, and the reading of what they show.

About once a second the present state of every topic that a stream is about is read, all posts in one statement, and streams get what has
changed. So the cost depends on the number of topics, not of streams, and nothing is missed between two connections: a stream begins with
the present state.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import islice

import structlog

from feed.live.events import GONE, HEARTBEAT, encode_end, encode_retry, state_of
from feed.live.model import Access, TooManyStreams
from feed.live.readers import Reader
from feed.live.stream import Group, Send, Stream, Subject
from feed.live.topics import Topic, TopicKind
from feed.observability import metrics
from feed.postgres import UNAVAILABLE
from feed.tasks import stop_tasks

log = structlog.get_logger("feed.live")

# A browser shares one stream among its tabs; one that cannot needs one for each.
MAX_PER_ACCOUNT = 24
# Many phones share an address of a mobile network.
MAX_PER_ADDRESS = 256
MAX_STREAMS = 6_000
_BUSY_SECONDS = 30

_PERIOD_SECONDS = 1.0
# Reading takes at most a tenth of the time of one connection.
_LOAD = 10
# New topics of many streams that open at once are read together.
_GATHER_SECONDS = 0.02
_HEARTBEAT_SECONDS = 15.0
# How soon a stream ends after its token, session or right has ended.
_CHECK_SECONDS = 3.0
# A client that has not taken a piece for so long comes back when it can.
_STALLED_SECONDS = 20.0
_LAST_SECONDS = 1.0
# Streams that break together come back apart.
_RETRY_MS = (2_000, 6_000)
_RESTART_MS = (1_000, 11_000)

Check = Callable[[Sequence[Access]], Awaitable[set[Access]]]


class Hub:
    """The streams of a process. It reads while there are any."""

    def __init__(
        self, readers: Mapping[TopicKind, Reader], check: Check, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`check` returns those accesses that hold no longer."""
        self._readers = readers
        self._check = check
        self._clock = clock
        self._streams: set[Stream] = set()
        self._by_owner: Counter[str | int] = Counter()
        self._subjects: dict[TopicKind, dict[int, Subject]] = {kind: {} for kind in readers}
        self._groups: dict[tuple[Topic, ...], Group] = {}
        self._arrived = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._ending = False

    @property
    def size(self) -> int:
        """The number of open streams."""
        return len(self._streams)

    def join(self, topics: tuple[Topic, ...], access: Access, address: str | None, *, known: frozenset[str]) -> Stream:
        """Adds a stream of the running task, which is cancelled when the stream is ended here. Raises TooManyStreams.

        `address` is what a stream without an account counts for; None: it is not counted. Call `begin` with the first piece, and `leave`.
        """
        owner = access.account_id if access.account_id is not None else address
        most = MAX_PER_ACCOUNT if access.account_id is not None else MAX_PER_ADDRESS
        if len(self._streams) >= MAX_STREAMS or (owner is not None and self._by_owner[owner] >= most):
            raise TooManyStreams(retry_after=_between(_BUSY_SECONDS, 2 * _BUSY_SECONDS))
        group = self._groups.get(topics) or self._add_group(topics)
        stream = Stream(group, access, owner, known=known, handler=asyncio.current_task(), now=self._clock())
        group.streams.add(stream)
        self._streams.add(stream)
        metrics.STREAMS.inc()
        if owner is not None:
            self._by_owner[owner] += 1
        if self._running is None:
            self._start()
        return stream

    def begin(self, stream: Stream, send: Send) -> bytes:
        """The first piece, after which further ones are sent with `send`."""
        stream.send = send
        if self._ending:
            self._end(stream, "restarting", _RESTART_MS)
        return encode_retry(_between(*_RETRY_MS)) + stream.take()

    def leave(self, stream: Stream) -> None:
        """Forgets a stream, whose client is gone or which was ended."""
        if stream not in self._streams:
            return
        self._streams.discard(stream)
        metrics.STREAMS.dec()
        if stream.owner is not None:
            self._by_owner[stream.owner] -= 1
            if not self._by_owner[stream.owner]:
                del self._by_owner[stream.owner]
        stream.group.streams.discard(stream)
        if not stream.group.streams:
            self._remove_group(stream.group)

    def _add_group(self, topics: tuple[Topic, ...]) -> Group:
        subjects = [self._subjects[topic.kind].setdefault(topic.key, Subject(topic)) for topic in topics]
        group = self._groups[topics] = Group(topics, subjects)
        for subject in subjects:
            subject.groups.add(group)
            if subject.state is None:
                self._arrived.set()
        return group

    def _remove_group(self, group: Group) -> None:
        del self._groups[group.topics]
        for subject in group.subjects:
            subject.groups.discard(group)
            if not subject.groups:
                del self._subjects[subject.topic.kind][subject.topic.key]

    def end_all(self) -> None:
        """Ends all streams, and each that is opened afterwards at once: the process stops. Clients come back one after another."""
        self._ending = True
        for stream in list(self._streams):
            self._end(stream, "restarting", _RESTART_MS)

    async def close(self) -> None:
        """Stops reading."""
        self.end_all()
        if self._running is not None:
            await stop_tasks(self._running)

    def _start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="read the states of streams")
        self._running.add_done_callback(self._stopped)

    def _stopped(self, task: "asyncio.Task[None]") -> None:
        self._running = None
        if not task.cancelled() and (error := task.exception()) is not None:
            # Streams that stay open would say nothing any more; their clients come back, which starts another task.
            log.error("states of streams not read", exc_info=error)
            for stream in list(self._streams):
                self._end(stream, "restarting", _RESTART_MS)
        elif self._streams and not self._ending:
            # Joined after the last pass, which had found no stream left, and before this call.
            self._start()

    async def _run(self) -> None:
        checked_at = self._clock()
        while self._streams:
            began = self._clock()
            await self._read_due()
            now = self._clock()
            if now - checked_at >= _CHECK_SECONDS:
                checked_at = now
                await self._end_unentitled()
            self._keep_alive(self._clock())
            pause = max(_PERIOD_SECONDS, _LOAD * (self._clock() - began))
            await self._serve_arrivals(until=self._clock() + pause)

    async def _serve_arrivals(self, *, until: float) -> None:
        """Waits, and reads topics that are new meanwhile."""
        while (left := until - self._clock()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._arrived.wait()
            except TimeoutError:
                return
            await asyncio.sleep(_GATHER_SECONDS)
            self._arrived.clear()
            for kind, subjects in self._subjects.items():
                await self._read(kind, [each for each in subjects.values() if each.state is None])

    async def _read_due(self) -> None:
        """Reads the subjects of each kind, of very many those that have waited longest."""
        for kind, subjects in self._subjects.items():
            chosen = list(islice(subjects.values(), self._readers[kind].most))
            if len(chosen) < len(subjects):
                for subject in chosen:
                    subjects[subject.topic.key] = subjects.pop(subject.topic.key)
            await self._read(kind, chosen)

    async def _read(self, kind: TopicKind, subjects: Sequence[Subject]) -> None:
        most = self._readers[kind].most
        for start in range(0, len(subjects), most):
            await self._read_some(kind, subjects[start : start + most])

    async def _read_some(self, kind: TopicKind, subjects: Sequence[Subject]) -> None:
        try:
            found = await self._readers[kind].read([subject.topic.key for subject in subjects])
        except UNAVAILABLE as error:
            # Streams stay open: what they show is what was read last.
            log.warning("states of streams not read", kind=kind, error=type(error).__name__)
            return
        changed: set[Group] = set()
        for subject in subjects:
            state = state_of(subject.topic, found.get(subject.topic.key, GONE))
            if subject.state != state:
                subject.state = state
                changed |= subject.groups
        for group in changed:
            group.update()
            for stream in group.streams:
                self._push(stream)

    async def _end_unentitled(self) -> None:
        given = list({stream.access for stream in self._streams if stream.access.account_id is not None})
        if not given:
            return
        try:
            ended = await self._check(given)
        except UNAVAILABLE as error:
            log.warning("access of streams not checked", error=type(error).__name__)
            return
        for stream in [each for each in self._streams if each.access in ended]:
            self._end(stream, "access_ended", _RETRY_MS)

    def _keep_alive(self, now: float) -> None:
        for stream in list(self._streams):
            quiet = now - stream.sent_at
            if stream.sending is not None:
                if quiet > _STALLED_SECONDS:
                    self._drop(stream)
            elif quiet > _HEARTBEAT_SECONDS:
                self._push(stream, HEARTBEAT)

    def _push(self, stream: Stream, content: bytes = b"") -> None:
        """Sends what the client does not know, unless a piece is on its way: then that is followed by what is new by then."""
        if stream.send is None or stream.sending is not None or stream.ended:
            return
        content = stream.take() or content
        if content:
            stream.sent_at = self._clock()
            stream.sending = asyncio.create_task(stream.deliver(content, stream.send, self._clock))

    def _end(self, stream: Stream, reason: str, retry: tuple[int, int]) -> None:
        self.leave(stream)
        if not stream.ended:
            stream.ended = True
            last = encode_retry(_between(*retry)) + encode_end(reason)
            stream.sending = asyncio.create_task(_finish(stream, stream.sending, last))

    def _drop(self, stream: Stream) -> None:
        """Ends a stream whose client takes nothing."""
        self.leave(stream)
        stream.ended = True
        for task in (stream.sending, stream.handler):
            if task is not None:
                task.cancel()


async def _finish(stream: Stream, sending: "asyncio.Task[None] | None", last: bytes) -> None:
    """Sends the last piece after the one that is on its way, and ends the handler. A client that takes nothing is not waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_SECONDS):
            if sending is not None:
                await asyncio.wait([sending])
            if stream.send is not None:
                await stream.send(last, False)
    if stream.handler is not None:
        stream.handler.cancel()


def _between(least: int, most: int) -> int:
    return least + secrets.randbelow(most - least + 1)
