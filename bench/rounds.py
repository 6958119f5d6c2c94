"""Sampling in rounds: base, case, base, case, … so that a slow phase of the machine affects both. Medians of the ratios."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec

from bench import load, processes
from bench.lines import Case, base_load
from bench.load import Load
from bench.presence import Presence, require_answers

# Background work after the previous load (notifications, boards, vacuum) must not be counted in the next sample.
_QUIET_SHARE = 0.15
_QUIET_SECONDS = 10.0
_INTERVAL_SECONDS = 0.5


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a load. CPU in microseconds per request."""

    requests: int
    per_second: float
    p50_us: float
    p99_us: float
    served_us: float  # Of the API, or of the baseline.
    postgres_us: float
    valkey_us: float
    worker_us: float
    failed: int


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A case or a base over all rounds: medians of the samples, and of the ratios to the base of the same round."""

    key: str
    name: str
    base: str
    median: Sample
    failed: int
    cpu_ratio: float | None = None
    throughput_ratio: float | None = None


class Bench:
    """Runs loads against both servers. Keeps the position of each case, so that no like is sent twice."""

    def __init__(
        self,
        base_url: str,
        baseline_url: str,
        presence: Presence,
        directory: Path,
        *,
        seconds: int,
        rounds: int,
        connections: int,
        first: int,
        log: Callable[[str], None],
    ) -> None:
        self.base_url = base_url
        self.baseline_url = baseline_url
        self.presence = presence
        self.directory = directory
        self.seconds = seconds
        self.rounds = rounds
        self.connections = connections
        self._log = log
        # On a kept installation likes of an earlier run already exist, so each run starts at another position.
        self._first = first
        self._sent: dict[str, int] = {}

    def skip(self, key: str, count: int) -> int:
        """Advances the position of a case by `count` requests. Returns the position before."""
        first = self._sent.get(key, self._first)
        self._sent[key] = first + count
        return first

    async def figures(self, lines: Sequence[Case], *, url: str = "", served: str = "api") -> list[Figure]:
        """Measures bases and cases in `rounds` rounds after a warm-up, those of another server at `url`. Raises NothingToMeasure."""
        url = url or self.base_url
        bases: dict[str, list[Sample]] = {}
        samples: dict[str, list[tuple[Sample, Sample]]] = {}
        for line in lines:
            await self._run(line.base, base_load(line.base), self.baseline_url, seconds=1)
            await self._run(line.key, line.load, url, seconds=1)
        for number in range(self.rounds):
            for line in lines:
                self._log(f"round {number + 1} of {self.rounds}: {line.name}")
                base = await self._sample(line.base, base_load(line.base), self.baseline_url, served="baseline")
                sample = await self._sample(line.key, line.load, url, served=served)
                bases.setdefault(line.base, []).append(base)
                samples.setdefault(line.key, []).append((base, sample))
        return [
            *(_figure(name, name, "", some) for name, some in bases.items()),
            *(_compared(line, samples[line.key]) for line in lines),
        ]

    async def warm(self, line: Case, *, seconds: int) -> None:
        """Runs the load without measuring."""
        await self._run(line.key, line.load, self.base_url, seconds=seconds)

    async def _sample(self, key: str, what: Load, url: str, *, served: str) -> Sample:
        # Outside of what is measured: these are requests and statements too.
        present = await self.presence.before(key) if served == "api" else 0
        await until_quiet()
        before = processes.cpu_seconds()
        done = await self._run(key, what, url, seconds=self.seconds)
        after = processes.cpu_seconds()
        if served == "api":
            await self.presence.after(key, present, requests=done.requests, failed=done.failed)
        else:
            require_answers(key, requests=done.requests, failed=done.failed)
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
        """Runs a load whose connections pause between a response and the next request."""
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
        # Requests without a response at the end may have been processed.
        self._sent[key] = start + done.requests + 2 * connections
        return done

    async def _run(self, key: str, what: Load, url: str, *, seconds: int) -> load.Run:
        return await self.paced(key, what, url, seconds=seconds, connections=self.connections, pause_ms=0.0)


async def until_quiet() -> None:
    """Waits until the servers are idle, ten seconds at most."""
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        before = processes.cpu_seconds()
        await asyncio.sleep(_INTERVAL_SECONDS)
        after = processes.cpu_seconds()
        busy = sum(after.get(kind, 0.0) - before.get(kind, 0.0) for kind in ("api", "worker", "postgres", "valkey"))
        if busy < _QUIET_SHARE * _INTERVAL_SECONDS:
            return


def _figure(key: str, name: str, base: str, samples: Sequence[Sample]) -> Figure:
    fields = Sample.__struct_fields__
    middle = {name: median(getattr(sample, name) for sample in samples) for name in fields}
    whole = {name: round(middle[name]) for name in ("requests", "failed")}
    return Figure(
        key=key, name=name, base=base, median=Sample(**(middle | whole)), failed=sum(each.failed for each in samples)
    )


def _compared(line: Case, pairs: Sequence[tuple[Sample, Sample]]) -> Figure:
    figure = _figure(line.key, line.name, line.base, [sample for _, sample in pairs])
    return msgspec.structs.replace(
        figure,
        cpu_ratio=median(sample.served_us / base.served_us for base, sample in pairs),
        throughput_ratio=median(sample.per_second / base.per_second for base, sample in pairs),
    )
