"""Rounds: base, line, base, line, … so that a machine that is slow for a while is so for both; medians of the ratios."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec

from bench import load, processes
from bench.lines import Line, base_load
from bench.load import Load

# Work that is left behind by the last load (authors told, boards followed, tables vacuumed) must not be counted here.
_QUIET_SHARE = 0.15
_QUIET_SECONDS = 10.0
_LOOK_SECONDS = 0.5


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a load. CPU in microseconds per request."""

    requests: int
    per_second: float
    p50_us: float
    p99_us: float
    served_us: float  # Of the API, or of the baseline where that served.
    postgres_us: float
    valkey_us: float
    worker_us: float
    failed: int


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A line or a base over all rounds: the median of each number, and of the ratios to the base of the same round."""

    key: str
    name: str
    base: str
    median: Sample
    failed: int
    cpu_ratio: float | None = None
    throughput_ratio: float | None = None


class Bench:
    """Where the loads go, and how long; it remembers how far each line has come, so that no like is given twice."""

    def __init__(
        self,
        base_url: str,
        baseline_url: str,
        directory: Path,
        *,
        seconds: int,
        rounds: int,
        connections: int,
        first: int,
        tell: Callable[[str], None],
    ) -> None:
        self.base_url = base_url
        self.baseline_url = baseline_url
        self.directory = directory
        self.seconds = seconds
        self.rounds = rounds
        self.connections = connections
        self._tell = tell
        # On installations that are kept, likes of an earlier run would be none: so each run begins somewhere else.
        self._first = first
        self._sent: dict[str, int] = {}

    def skip(self, key: str, count: int) -> int:
        """Takes `count` requests of a line for somebody else to send; the number of the first."""
        first = self._sent.get(key, self._first)
        self._sent[key] = first + count
        return first

    async def figures(self, lines: Sequence[Line]) -> list[Figure]:
        """The bases and the lines, warmed up, in `rounds` rounds."""
        bases: dict[str, list[Sample]] = {}
        samples: dict[str, list[tuple[Sample, Sample]]] = {}
        for line in lines:
            await self._run(line.base, base_load(line.base), self.baseline_url, seconds=1)
            await self._run(line.key, line.load, self.base_url, seconds=1)
        for number in range(self.rounds):
            for line in lines:
                self._tell(f"round {number + 1} of {self.rounds}: {line.name}")
                base = await self._sample(line.base, base_load(line.base), self.baseline_url, served="baseline")
                sample = await self._sample(line.key, line.load, self.base_url, served="api")
                bases.setdefault(line.base, []).append(base)
                samples.setdefault(line.key, []).append((base, sample))
        return [
            *(_figure(name, name, "", some) for name, some in bases.items()),
            *(_compared(line, samples[line.key]) for line in lines),
        ]

    async def warm(self, line: Line, *, seconds: int) -> None:
        """The load, unmeasured."""
        await self._run(line.key, line.load, self.base_url, seconds=seconds)

    async def _sample(self, key: str, what: Load, url: str, *, served: str) -> Sample:
        await until_quiet()
        before = processes.cpu_seconds()
        done = await self._run(key, what, url, seconds=self.seconds)
        after = processes.cpu_seconds()
        count = max(done.requests, 1)

        def each(kind: str) -> float:
            return (after.get(kind, 0.0) - before.get(kind, 0.0)) / count * 1e6

        return Sample(
            requests=done.requests,
            per_second=done.per_second,
            p50_us=done.p50,
            p99_us=done.p99,
            served_us=each(served),
            postgres_us=each("postgres"),
            valkey_us=each("valkey"),
            worker_us=each("worker"),
            failed=done.failed,
        )

    async def paced(
        self, key: str, what: Load, url: str, *, seconds: int, connections: int, pause_ms: float
    ) -> load.Run:
        """The load of people who pause between an answer and their next request."""
        start = self._sent.get(key, self._first)
        done = await load.run(
            url,
            what,
            seconds=seconds,
            connections=connections,
            directory=self.directory,
            start=start,
            pause_ms=pause_ms,
        )
        # What was sent and not answered when the time was over has been done perhaps.
        self._sent[key] = start + done.requests + 2 * connections
        return done

    async def _run(self, key: str, what: Load, url: str, *, seconds: int) -> load.Run:
        return await self.paced(key, what, url, seconds=seconds, connections=self.connections, pause_ms=0.0)


async def until_quiet() -> None:
    """Waits until the servers rest, for ten seconds at most."""
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        before = processes.cpu_seconds()
        await asyncio.sleep(_LOOK_SECONDS)
        after = processes.cpu_seconds()
        busy = sum(after.get(kind, 0.0) - before.get(kind, 0.0) for kind in ("api", "worker", "postgres", "valkey"))
        if busy < _QUIET_SHARE * _LOOK_SECONDS:
            return


def _figure(key: str, name: str, base: str, samples: Sequence[Sample]) -> Figure:
    fields = Sample.__struct_fields__
    middle = {name: median(getattr(sample, name) for sample in samples) for name in fields}
    whole = {name: round(middle[name]) for name in ("requests", "failed")}
    return Figure(
        key=key, name=name, base=base, median=Sample(**(middle | whole)), failed=sum(each.failed for each in samples)
    )


def _compared(line: Line, pairs: Sequence[tuple[Sample, Sample]]) -> Figure:
    figure = _figure(line.key, line.name, line.base, [sample for _, sample in pairs])
    return msgspec.structs.replace(
        figure,
        cpu_ratio=median(sample.served_us / base.served_us for base, sample in pairs),
        throughput_ratio=median(sample.per_second / base.per_second for base, sample in pairs),
    )
