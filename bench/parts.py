"""What is measured beside the lines: a steady load, memory, two workers, an idle one, a large installation."""

from collections.abc import Sequence

from bench import processes
from bench.idle import measure_idle
from bench.lines import Line, base_load
from bench.load import Load, Run
from bench.report import Verdict
from bench.rounds import Bench, Figure, until_quiet
from bench.scene import Scene

# With both workers' CPU adjusted, twice as much would be perfect.
_WORKERS = 2
# Who take turns in a steady load: so many that their arrivals are as good as random.
_PEOPLE = 256


async def tail(bench: Bench, lines: Sequence[Line], figures: Sequence[Figure]) -> tuple[list[Verdict], list[str]]:
    """p99 against p50 at half of what each line reached. The base beside it as a control."""
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
    """The load at that many a second: of many people each of whom waits for an answer, and then reads for a while.

    A connection's turn is its answer and its pause, so a first second tells how long the pause has to be.
    """
    turn_ms = _PEOPLE / rate * 1000
    await until_quiet()
    first = await bench.paced(key, what, url, seconds=2, connections=_PEOPLE, pause_ms=turn_ms)
    answered_ms = _PEOPLE / first.per_second * 1000 - turn_ms
    # Long enough for a p99 that is more than a few requests.
    seconds = max(6, 2 * bench.seconds)
    pause_ms = max(turn_ms - answered_ms, 0.1)
    return await bench.paced(key, what, url, seconds=seconds, connections=_PEOPLE, pause_ms=pause_ms)


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
