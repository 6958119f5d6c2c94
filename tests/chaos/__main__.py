"""`make chaos`: kills, pauses, empties and rolls back every part under load, then checks everything."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.chaos.run import Report, storm

_SHOWN_MOST = 40

console = Console(width=None if sys.stdout.isatty() else 130)


def show(report: Report) -> None:
    """The figures, and what is wrong."""
    table = Table(title=f"Chaos, {report.seconds:.0f} s, seed {report.seed}", show_header=False)
    table.add_row("faults", ", ".join(f"{kind} {count}" for kind, count in sorted(report.faults.items())))
    table.add_row("answers", ", ".join(f"{status}: {count:,}" for status, count in sorted(report.statuses.items())))
    table.add_row("deeds", f"{report.deeds:,}, of which {report.acknowledged:,} acknowledged")
    table.add_row("with a try of unknown outcome", f"{report.unsure:,}")
    table.add_row("pages read", f"{report.pages:,}")
    drift = "never" if report.drift_seconds is None else f"{report.drift_seconds:.1f} s after the last fault and answer"
    table.add_row("drift 0", drift)
    table.add_row("wrong", str(len(report.wrong)))
    console.print(table)
    for line in report.wrong[:_SHOWN_MOST]:
        console.print(f"  {line}", markup=False, highlight=False)
    if len(report.wrong) > _SHOWN_MOST:
        console.print(f"  … and {len(report.wrong) - _SHOWN_MOST} more")
    if report.wrong:
        console.print(f"Replay: make chaos MINUTES={report.seconds / 60:g} SEED={report.seed}")


async def _run(data: Path, seconds: float, seed: int, pgbouncer: str) -> Report:
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stdout.isatty()) as progress:
        progress.add_task("under load")
        async with storm(data, seconds=seconds, seed=seed, tell=progress.console.print, pgbouncer=pgbouncer) as after:
            return await after.judge()


def main() -> int:
    """Reads the command line; 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long the load runs (default 10)")
    parser.add_argument("--seed", type=int, help="the faults of an earlier run (default: others each time)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leaves the data and logs there")
    parser.add_argument(
        "--pgbouncer", metavar="BINARY", default="", help="the API reaches Postgres through it, in transaction mode"
    )
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbelow(10**9)
    console.print(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="feed-chaos-", ignore_cleanup_errors=True) as temporary:
        report = asyncio.run(_run((given.keep or Path(temporary)) / "data", given.minutes * 60, seed, given.pgbouncer))
    show(report)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
