"""Extra measurements: tail latency, memory, two workers, a single like, a large installation."""

from collections.abc import Sequence

from bench import processes
from bench.idle_latency import measure_idle
from bench.installation import Scene
from bench.lines import Case, base_load
from bench.load import Load, Run
from bench.report import Verdict
from bench.rounds import Bench, Figure, until_quiet

# Adjusted for CPU, twice the throughput of one worker would be perfect scaling.
_WORKERS = 2
# Connections of a steady load: enough for nearly random arrivals.
_CONNECTIONS = 256


async def tail(bench: Bench, lines: Sequence[Case], figures: Sequence[Figure]) -> tuple[list[Verdict], list[str]]:
    """p99 relative to p50 at half of the maximum throughput of each case, with the base as a control."""
    reached = {figure.key: figure.median.per_second for figure in figures}
    verdicts: list[Verdict] = []
    remarks: list[str] = []
    for line in lines:
        rate = reached[line.key] / 2
        seen = await _at(bench, line.key, line.load, bench.base_url, rate)
        control = await _at(bench, "hello", base_load("hello"), bench.baseline_url, rate)
        verdicts.append(
            Verdict(
                name=line.name,
                what=f"p99 at {seen.per_second:,.0f}/s, half of the maximum",
                measured=seen.p99 / max(seen.p50, 1),
                unit="× p50",
                wanted=10,
            )
        )
        remarks.append(
            f"{line.name} at {seen.per_second:,.0f}/s: p50 {seen.p50 / 1000:.2f} ms, p99 {seen.p99 / 1000:.2f} ms, "
            f"{seen.failed} failed; hello at {control.per_second:,.0f}/s: "
            f"p50 {control.p50 / 1000:.2f} ms, p99 {control.p99 / 1000:.2f} ms"
        )
    return verdicts, remarks


async def _at(bench: Bench, key: str, what: Load, url: str, rate: float) -> Run:
    """Runs the load at `rate` requests per second: each connection waits for the response, then pauses.

    The period of a connection is response time plus pause, so a first run determines the pause.
    """
    turn_ms = _CONNECTIONS / rate * 1000
    own = url == bench.base_url
    present = await bench.presence.before(key) if own else 0
    await until_quiet()
    first = await bench.paced(key, what, url, seconds=2, connections=_CONNECTIONS, pause_ms=turn_ms)
    answered_ms = _CONNECTIONS / first.per_second * 1000 - turn_ms
    # Long enough for a meaningful p99.
    seconds = max(6, 2 * bench.seconds)
    pause_ms = max(turn_ms - answered_ms, 0.1)
    run = await bench.paced(key, what, url, seconds=seconds, connections=_CONNECTIONS, pause_ms=pause_ms)
    if own:
        await bench.presence.after(
            key, present, requests=first.requests + run.requests, failed=first.failed + run.failed
        )
    return run


async def memory(bench: Bench, scene: Scene, line: Case) -> tuple[list[Verdict], list[str]]:
    """Peak memory of the API worker after requests with all tokens."""
    await bench.presence.before(line.key)
    before = processes.peak_bytes("api")
    seconds, start = 0, bench.skip(line.key, 0)
    # Until every token was used, so that all rate-limit and token caches are filled.
    while bench.skip(line.key, 0) - start < len(scene.tokens) and seconds < 60:
        await bench.warm(line, seconds=2)
        seconds += 2
    peak = processes.peak_bytes("api")
    return (
        [Verdict(name="memory of the API worker", what="most resident", measured=peak / 1e6, unit="MB", wanted=150)],
        [
            f"memory: {before / 1e6:.0f} MB after the lines, {peak / 1e6:.0f} MB after {len(scene.tokens):,} different tokens"
        ],
    )


async def idle(scene: Scene) -> tuple[list[Verdict], list[str]]:
    """The latency of a single like through the batcher without other load."""
    found = await measure_idle(scene)
    return (
        [
            Verdict(
                name="one like, nothing else going on",
                what="p50 by the batcher",
                measured=found.ratio,
                unit="× plain statement",
                wanted=1.3,
            )
        ],
        [
            f"one like: {found.batched / 1000:.2f} ms by the batcher, {found.plain / 1000:.2f} ms as the plainest statement"
        ],
    )


def two_workers(one: Sequence[Figure], two: Sequence[Figure]) -> list[Verdict]:
    """Requests per CPU second of two workers relative to one, times two: the throughput with a core for each.

    Both are relative to the base measured in the same run, so changes of the machine cancel out.
    """
    before = {figure.key: figure.cpu_ratio for figure in one}
    return [
        Verdict(
            name=f"two workers, {figure.name}",
            what="CPU-adjusted",
            measured=_WORKERS * alone / figure.cpu_ratio,
            unit="× one",
            wanted=1.8,
            at_most=False,
        )
        for figure in two
        if figure.cpu_ratio and (alone := before.get(figure.key))
    ]


def large(small: Sequence[Figure], grown: Sequence[Figure]) -> list[Verdict]:
    """The same case on the large installation relative to the small one."""
    before = {figure.key: figure.cpu_ratio for figure in small}
    return [
        Verdict(
            name=f"{figure.name}, large",
            what="API CPU, × its base",
            measured=figure.cpu_ratio / alone,
            unit="× small",
            wanted=1.25,
        )
        for figure in grown
        if figure.cpu_ratio and (alone := before.get(figure.key))
    ]


def photos(figures: Sequence[Figure]) -> list[Verdict]:
    """A page of posts with nine photos each relative to a page of texts."""
    by_key = {figure.key: figure.median for figure in figures}
    if "photos" not in by_key or "topic" not in by_key:
        return []
    with_photos, texts = (
        by_key[key].served_us + by_key[key].postgres_us + by_key[key].valkey_us for key in ("photos", "topic")
    )
    return [
        Verdict(
            name="topic page with nine photos each",
            what="CPU of API, Postgres and Valkey",
            measured=with_photos / texts,
            unit="× page of texts",
            wanted=1.15,
        )
    ]


def viral(figures: Sequence[Figure]) -> list[Verdict]:
    """Throughput of likes on one post relative to likes on many."""
    by_key = {figure.key: figure for figure in figures}
    if "like" not in by_key or "viral" not in by_key:
        return []
    spread, one = (by_key[key].throughput_ratio or 0.0 for key in ("like", "viral"))
    return [
        Verdict(
            name=by_key["viral"].name,
            what="throughput",
            measured=100 * one / spread,
            unit="% of spread",
            wanted=100,
            at_most=False,
        )
    ]
