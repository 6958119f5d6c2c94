"""What is measured beside the lines: a steady load, memory, two workers, an idle one, a large installation."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from bench import processes, steady
from bench.idle import measure_idle
from bench.lines import Line, base_load
from bench.report import Verdict
from bench.rounds import Bench, Figure, until_quiet
from bench.scene import Scene
from bench.steady import Asked, Steady

# With both workers' CPU adjusted, twice as much would be perfect.
_WORKERS = 2


async def tail(bench: Bench, lines: Sequence[Line], figures: Sequence[Figure]) -> tuple[list[Verdict], list[str]]:
    """p99 against p50 at half of what each line reached, everybody arriving by chance. The base beside it as a control."""
    reached = {figure.key: figure.median.per_second for figure in figures}
    verdicts: list[Verdict] = []
    remarks: list[str] = []
    for line in lines:
        rate = reached[line.key] / 2
        seen = await _steadily(bench, line, bench.base_url, rate)
        control = await _steadily(bench, None, bench.baseline_url, rate)
        verdicts.append(
            Verdict(
                name=line.name,
                what=f"p99 at {rate:,.0f}/s, half of the maximum",
                measured=seen.p99 / max(seen.p50, 1),
                unit="× p50",
                wanted=10,
            )
        )
        remarks.append(
            f"{line.name} at {rate:,.0f}/s: p50 {seen.p50 / 1000:.2f} ms, p99 {seen.p99 / 1000:.2f} ms, {seen.failed} failed; "
            f"sent late by {seen.late_p50 / 1000:.2f} ms (p99 {seen.late_p99 / 1000:.2f} ms), which is counted; "
            f"hello at the same rate: p50 {control.p50 / 1000:.2f} ms, p99 {control.p99 / 1000:.2f} ms"
        )
    return verdicts, remarks


async def _steadily(bench: Bench, line: Line | None, url: str, rate: float) -> Steady:
    await until_quiet()
    place = urlsplit(url)
    # Long enough for a p99 that is more than a few requests.
    seconds, warm_seconds = max(5.0, 2.0 * bench.seconds), 1.0
    count = int(rate * (seconds + warm_seconds) * 1.2)
    return await steady.run(
        Asked(
            host=place.hostname or "127.0.0.1",
            port=place.port or 80,
            load=base_load("hello") if line is None else line.load,
            start=0 if line is None else bench.skip(line.key, count),
            per_second=rate,
            seconds=seconds,
            warm_seconds=warm_seconds,
            connections=bench.connections,
        ),
        bench.directory,
    )


async def memory(bench: Bench, scene: Scene, line: Line) -> tuple[list[Verdict], list[str]]:
    """The most that the API worker has had, after a load of all the tokens that there are."""
    before = processes.peak_bytes("api")
    seconds, start = 0, bench.skip(line.key, 0)
    # Until everybody was there, and his purse and his token are remembered.
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
    """What waiting for others costs where there are none."""
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
    """Requests per second of API CPU, of two workers against one, twice: what two would do with cores of their own.

    Both in times of the base, which ran beside them: so the machine's own changes fall out.
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
    """The same line on the large installation, in times of the small one."""
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


def viral(figures: Sequence[Figure]) -> list[Verdict]:
    """Likes on one post are not slower than likes on many."""
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
