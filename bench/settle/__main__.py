"""`make bench-settle`: what the settlement of a large campaign costs, against the plain SQL that counts the same."""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from bench import processes, report
from bench.report import Verdict
from bench.settle import plain_sql, writers
from bench.settle.campaign import Scene, keys_of, rewind, scene
from bench.settle.settle_process import Costs
from feed.postgres import Pool, open_pool
from feed.prizes.result.verify import verify_result

console = Console(width=None if sys.stdout.isatty() else 160, stderr=True)
_MOST_SECONDS, _MOST_MB, _MOST_TIMES_BARE = 60, 1_000, 2


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One settlement and the plain SQL count before it: wall-clock seconds and CPU seconds of Postgres."""

    plain_seconds: float
    plain_cpu_seconds: float
    costs: Costs
    postgres_cpu_seconds: float
    slowest_like_seconds: float
    document_bytes: int

    @property
    def seconds(self) -> float:
        return self.costs.freeze.seconds + self.costs.decide.seconds

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the worker and Postgres."""
        return self.costs.freeze.cpu_seconds + self.costs.decide.cpu_seconds + self.postgres_cpu_seconds


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one run."""

    at: datetime
    machine: dict[str, str]
    versions: dict[str, str]
    sizes: dict[str, int]
    rounds: list[Round]
    verdicts: list[Verdict]


async def main(options: argparse.Namespace) -> bool:
    """Runs the measurement. Returns whether every goal was reached."""
    where = report.machine()
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as temporary:
        data = options.keep or Path(temporary) / "settle"
        async with scene(data, entries=options.entries, likes=options.likes) as installation:
            console.print(", ".join(f"{count:,} {what}" for what, count in installation.sizes.items()))
            pool = await open_pool(installation.url, size=4, statement_seconds=600)
            try:
                rounds = [await _round(pool, installation, number) for number in range(1, options.rounds + 1)]
            finally:
                await pool.close()
            sizes = installation.sizes
    verdicts = judge(rounds)
    found = Report(
        at=datetime.now(UTC),
        machine=where,
        versions=report.versions(),
        sizes=sizes,
        rounds=rounds,
        verdicts=verdicts,
    )
    print(markdown(found))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    return all(verdict.reached for verdict in verdicts)


async def _round(pool: Pool, installation: Scene, number: int) -> Round:
    await rewind(pool, installation.campaign_id)
    console.print(f"round {number}: plain SQL …")
    before = processes.cpu_seconds()["postgres"]
    plain_seconds = [await plain_sql.count(pool, installation.campaign_id) for _ in range(2)]
    between = processes.cpu_seconds()["postgres"]
    console.print(f"round {number}: plain SQL {min(plain_seconds):.1f} s; settling …")
    async with writers.concurrent_likes(pool, installation.campaign_id) as slowest:
        costs = await _settle(installation)
    after = processes.cpu_seconds()["postgres"]
    document = await pool.fetchval("SELECT result FROM settlements WHERE campaign_id = $1", installation.campaign_id)
    different = await plain_sql.count_different(pool, installation.campaign_id)
    assert different == 0, f"{different} entries were counted otherwise by the plain SQL"
    finding = await asyncio.to_thread(verify_result, document, keys_of(installation).public_keys().keys)
    assert finding.is_valid, finding.problems[:3]
    done = Round(
        plain_seconds=statistics.mean(plain_seconds),
        plain_cpu_seconds=(between - before) / len(plain_seconds),
        costs=costs,
        postgres_cpu_seconds=after - between,
        slowest_like_seconds=slowest(),
        document_bytes=len(document),
    )
    console.print(
        f"round {number}: frozen in {costs.freeze.seconds:.1f} s, decided in {costs.decide.seconds:.1f} s, "
        f"{costs.peak_bytes / 1e6:.0f} MB; counts agree, {len(document) / 1e6:.1f} MB verified"
    )
    return done


async def _settle(installation: Scene) -> Costs:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.settle.settle_process",
        installation.url,
        str(installation.keys_dir),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    if child.returncode:
        raise SystemExit("the settlement failed")
    return msgspec.json.decode(out, type=Costs)


def judge(rounds: Sequence[Round]) -> list[Verdict]:
    """The goals, by medians; of memory the most."""
    middle = statistics.median
    times = middle([each.seconds / each.plain_seconds for each in rounds])
    cpu = middle([each.cpu_seconds / each.plain_cpu_seconds for each in rounds])
    return [
        Verdict(
            name="settlement", what="freeze, decide, sign", measured=middle([each.seconds for each in rounds]), unit="s",
            wanted=_MOST_SECONDS,
        ),
        Verdict(
            name="settlement", what="most memory of the process",
            measured=max(each.costs.peak_bytes for each in rounds) / 1e6, unit="MB", wanted=_MOST_MB,
        ),
        Verdict(name="settlement", what="time", measured=times, unit="× plain SQL", wanted=_MOST_TIMES_BARE),
        Verdict(
            name="settlement", what="CPU, both processes", measured=cpu, unit="× plain SQL", wanted=_MOST_TIMES_BARE
        ),
    ]  # fmt: skip


_COLUMNS = (
    "round", "plain SQL s", "its CPU s", "freeze s", "decide s", "CPU of the worker s", "CPU of Postgres s", "× plain",
    "peak MB", "loop blocked s", "slowest like s",
)  # fmt: skip


def markdown(found: Report) -> str:
    """For docs/explanation/performance.md."""
    rows = [
        (
            str(number),
            f"{each.plain_seconds:.1f}",
            f"{each.plain_cpu_seconds:.1f}",
            f"{each.costs.freeze.seconds:.1f}",
            f"{each.costs.decide.seconds:.1f}",
            f"{each.costs.freeze.cpu_seconds + each.costs.decide.cpu_seconds:.1f}",
            f"{each.postgres_cpu_seconds:.1f}",
            f"{each.seconds / each.plain_seconds:.2f}",
            f"{each.costs.peak_bytes / 1e6:.0f}",
            f"{max(each.costs.freeze.held_up_seconds, each.costs.decide.held_up_seconds):.2f}",
            f"{each.slowest_like_seconds:.2f}",
        )
        for number, each in enumerate(found.rounds, start=1)
    ]
    sizes = ", ".join(f"{count:,} {what}" for what, count in found.sizes.items())
    goals = report.marked(report.VERDICT_COLUMNS, report.verdict_rows(found.verdicts))
    return f"{sizes}\n\n{report.marked(_COLUMNS, rows)}\n\n{goals}"


def read_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="make bench-settle ARGS=…", description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--likes", type=int, default=5_050_000, help="likes of the entries, about")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the installation here, and use one that is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep everything that was measured here")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(read_options())) else 1)
