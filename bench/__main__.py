"""`make bench`: what a request costs, against a hello and a constant body on the same server, in one run."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from bench import lines as table
from bench import load, parts, plain, report
from bench.baseline import baseline
from bench.installation import Scene, scene
from bench.lines import Case
from bench.long_queue import measure_long_queue
from bench.machine_check import measure_machine_check
from bench.presence import NothingToMeasure
from bench.rendering import measure_rendering
from bench.report import Report, Verdict
from bench.rounds import Bench, Figure
from bench.uploads import measure_upload
from feed.postgres import open_pool
from feed.seeding.model import Sizes, sizes_of

# Without a terminal the default width would make the tables unreadable.
console = Console(width=None if sys.stdout.isatty() else 160)
# The cases for tail latency and for two workers.
_CHOSEN = ("latest", "like")


class Run:
    """One run of the benchmark and its results."""

    def __init__(self, options: argparse.Namespace, directory: Path) -> None:
        self.options = options
        self.directory = directory
        self.figures: dict[str, list[Figure]] = {}
        self.sizes: dict[str, dict[str, int]] = {}
        self.verdicts: list[Verdict] = []
        self.remarks: list[str] = []

    def wants(self, key: str) -> bool:
        """Whether this is measured: everything, or what `--only` names."""
        return not self.options.only or key in self.options.only

    async def measure(self) -> None:
        """The small installation with one worker, then with two, then the large one."""
        # Each token needs an account.
        small = sizes_of(
            posts=10_000, likes=100_000, comments=20_000, accounts=self.options.tokens, topics=200, days=365
        )
        await self._measure_small("small", small)
        if self.wants("workers"):
            await self._measure_workers("small", small)
        if grown := self._large(small):
            await self._measure_large("large", grown)

    async def _measure_small(self, name: str, sizes: Sizes) -> None:
        async with AsyncExitStack() as stack:
            installation, bench = await self._open(stack, name, sizes)
            every = table.lines(installation, people=self.options.people)
            wanted = [line for line in every if self.wants(line.key)]
            # The extra measurements need the figures of these cases.
            chosen = [line for line in every if line.key in _CHOSEN]
            if self.wants("tail") or self.wants("workers"):
                wanted += [line for line in chosen if line not in wanted]
            figures = await bench.figures(wanted)
            self._keep(name, sizes, figures)
            goals = {line.key: (line.cpu, line.throughput, line.postgres_us) for line in wanted}
            self.verdicts += report.judge(figures, goals) + parts.viral(figures) + parts.photos(figures)
            if self.wants("tail"):
                self._add(await parts.tail(bench, chosen, figures))
            if self.wants("memory"):
                console.print("memory …")
                all_tokens = Case(key="memory", name="latest", base="", load=installation.pages["latest"])
                self._add(await parts.memory(bench, installation, all_tokens))
            if self.wants("upload"):
                console.print("uploads of 20 MB …")
                self._add(await measure_upload(installation))
            if self.wants("rendering"):
                console.print("rendering photos and videos …")
                self._add(await asyncio.to_thread(measure_rendering))
            if self.wants("check"):
                self.verdicts += measure_machine_check()
            if self.wants("queue"):
                await self._measure_queue(installation)
            if self.wants("go"):
                await self._measure_plain(name, sizes, installation, bench)
            if self.wants("idle"):
                console.print("one like with nothing else going on …")
                self._add(await parts.idle(installation))

    async def _measure_queue(self, installation: Scene) -> None:
        console.print("the queue with many open cases …")
        pool = await open_pool(installation.place.settings.database_url, size=1, statement_seconds=600)
        try:
            self.verdicts += await measure_long_queue(pool)
        finally:
            await pool.close()

    async def _measure_plain(self, name: str, sizes: Sizes, installation: Scene, bench: Bench) -> None:
        """The plain Go service, on the same database; last, because its likes bypass `feed`."""
        try:
            program = plain.build(self.directory)
        except plain.GoMissing as error:
            self.remarks.append(str(error))
            return
        settings, secret = installation.place.settings, plain.make_secret()
        pool = await open_pool(settings.database_url, size=1)
        try:
            cases = await plain.plain_cases(installation, pool, secret)
        finally:
            await pool.close()
        log = self.directory / "plain-go.log"
        async with plain.plain_service(program, settings.database_url, secret, log) as url:
            figures = await bench.figures(cases, url=url, served="plain")
        self._keep(f"{name}, plain Go service", sizes, figures)

    async def _measure_workers(self, name: str, sizes: Sizes) -> None:
        async with AsyncExitStack() as stack:
            installation, bench = await self._open(stack, name, sizes, workers=2)
            every = table.lines(installation, people=self.options.people)
            figures = await bench.figures([line for line in every if line.key in _CHOSEN])
            self._keep(f"{name}, two workers", sizes, figures)
            self.verdicts += parts.two_workers(self.figures[name], figures)

    async def _measure_large(self, name: str, sizes: Sizes) -> None:
        async with AsyncExitStack() as stack:
            installation, bench = await self._open(stack, name, sizes)
            every = table.lines(installation, people=self.options.people)
            figures = await bench.figures([line for line in every if self.wants(line.key)])
            self._keep(name, sizes, figures)
            self.verdicts += parts.large(self.figures["small"], figures)

    async def _open(self, stack: AsyncExitStack, name: str, sizes: Sizes, *, workers: int = 1) -> tuple[Scene, Bench]:
        data = (self.options.keep or self.directory) / name
        data.parent.mkdir(parents=True, exist_ok=True)
        console.print(
            f"{name}: {sizes.posts:,} posts, {sizes.likes:,} likes, {sizes.accounts:,} accounts, {workers} worker(s)"
        )
        installation = await stack.enter_async_context(scene(data, sizes, tokens=self.options.tokens, workers=workers))
        base_url = await stack.enter_async_context(
            baseline(installation.body_bytes.values(), self.directory / "baseline.log")
        )
        bench = Bench(
            installation.place.base_url,
            base_url,
            installation.presence,
            self.directory,
            seconds=self.options.seconds,
            rounds=self.options.rounds,
            connections=self.options.connections,
            first=len(installation.tokens) * secrets.randbelow(len(installation.post_ids)),
            log=console.print,
        )
        return installation, bench

    def _large(self, small: Sizes) -> Sizes | None:
        if not (self.options.large or self.options.posts or self.options.likes):
            return None
        posts = self.options.posts or 1_000_000
        return sizes_of(
            posts=posts,
            likes=self.options.likes or posts * 10,
            comments=None,
            accounts=max(posts // 10, small.accounts),
            topics=small.topics,
            days=small.days,
        )

    def _keep(self, name: str, sizes: Sizes, figures: Sequence[Figure]) -> None:
        self.figures[name] = list(figures)
        self.sizes[name] = {what: getattr(sizes, what) for what in ("posts", "likes", "comments", "accounts")}
        self.remarks += [
            f"{name}: {figure.failed} requests of {figure.name!r} failed" for figure in figures if figure.failed
        ]

    def _add(self, found: tuple[list[Verdict], list[str]]) -> None:
        self.verdicts += found[0]
        self.remarks += found[1]


def read_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="of each sample (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="samples of each line; medians count (default 3)")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument(
        "--tokens", type=int, default=30_000, help="of users, all of whom take turns as strangers (default 30000)"
    )
    parser.add_argument(
        "--people", type=int, default=10_000, help="of them whom the worker knows already (default 10000)"
    )
    parser.add_argument("--large", action="store_true", help="also on a million posts and ten million likes")
    parser.add_argument("--posts", type=int, metavar="N", help="size of the large installation")
    parser.add_argument("--likes", type=int, metavar="N", help="size of the large installation")
    parser.add_argument(
        "--only",
        type=lambda names: names.split(","),
        metavar="A,B",
        help="lines by name, and check, go, idle, memory, queue, rendering, tail, upload, workers",
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the installations here, and use those that are")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep everything that was measured here")
    parser.add_argument(
        "--markdown", action="store_true", help="print the tables as docs/explanation/performance.md has them"
    )
    options = parser.parse_args(argv)
    options.people = min(options.people, options.tokens)
    return options


async def main(options: argparse.Namespace) -> None:
    """Measures everything once."""
    load.find_tool()
    where = report.machine()
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as temporary:
        run = Run(options, Path(temporary))
        await run.measure()
    shown_options = {
        "seconds": options.seconds,
        "rounds": options.rounds,
        "connections": options.connections,
        "people": options.people,
        "tokens": options.tokens,
    }
    found = Report(
        at=datetime.now(UTC),
        machine=where,
        versions=report.versions(),
        options={name: str(value) for name, value in shown_options.items()},
        sizes=run.sizes,
        figures=run.figures,
        verdicts=run.verdicts,
        remarks=run.remarks,
    )
    if options.markdown:
        print(report.markdown(found))
    else:
        for each in report.tables(found):
            console.print(each)
        for remark in found.remarks:
            console.print(f"- {remark}")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


if __name__ == "__main__":
    try:
        asyncio.run(main(read_options()))
    except (load.LoadToolMissing, NothingToMeasure) as error:
        sys.exit(str(error))
