"""`feed bench seed`: fills an installation with generated data for benchmarks."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from feed.commands.arguments import whole_number
from feed.commands.installation import add_data_option, find_settings
from feed.poolers import require_session
from feed.postgres import open_pool
from feed.seeding.actions import fill
from feed.seeding.model import Sizes, sizes_of
from feed.settings import Settings
from feed.terminal import print_lines

# The last step is a VACUUM of tables with millions of rows.
_STATEMENT_SECONDS = 3600.0


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "bench",
        help="压测数据 · an installation to measure on",
        description="Prepares what measurements need; `make bench` measures.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    seed = actions.add_parser(
        "seed",
        help="写入虚构的用户、动态、点赞和评论 · fill an empty database with invented posts",
        description="Fills an empty database with invented accounts, posts, likes and comments: a few posts have very many "
        "likes, most have few. Refuses a database that holds posts or campaigns.",
    )
    add_data_option(seed)
    seed.add_argument("--posts", type=whole_number(1, 100_000_000), default=10_000, metavar="N", help="default 10000")
    seed.add_argument("--likes", type=whole_number(1, 100_000_000), metavar="N", help="default: ten times the posts")
    seed.add_argument("--comments", type=whole_number(1, 100_000_000), metavar="N", help="default: twice the posts")
    seed.add_argument(
        "--accounts",
        type=whole_number(1, 100_000_000),
        metavar="N",
        help="default: a tenth of the posts, at least 1000",
    )
    seed.add_argument("--topics", type=whole_number(1, 100_000_000), default=200, metavar="N", help="default 200")
    seed.add_argument(
        "--days",
        type=whole_number(1, 3_650),
        default=365,
        metavar="N",
        help="over which posts are spread (default 365)",
    )
    seed.set_defaults(run=run_seed)


def run_seed(arguments: argparse.Namespace) -> int:
    sizes = sizes_of(
        posts=arguments.posts,
        likes=arguments.likes,
        comments=arguments.comments,
        accounts=arguments.accounts,
        topics=arguments.topics,
        days=arguments.days,
    )
    settings = find_settings(arguments.data)
    began = time.monotonic()
    with progress(sizes.rows, sys.stderr) as advance:
        asyncio.run(seed_installation(settings, sizes, advance))
    seconds = time.monotonic() - began
    print_lines(
        f"已写入 {sizes.posts} 条动态、{sizes.likes} 个赞、{sizes.comments} 条评论、{sizes.accounts} 个账号（{seconds:.0f} 秒）",
        f"{sizes.posts} posts, {sizes.likes} likes, {sizes.comments} comments, {sizes.accounts} accounts "
        f"written in {seconds:.0f} s",
    )
    return 0


async def seed_installation(settings: Settings, sizes: Sizes, advance: Callable[[int], None]) -> None:
    """Fills the installation; `advance` gets the number of rows after each chunk. Raises NotEmpty, SeedingInProgress."""
    await require_session(settings.owner_url)
    # The owner, because the last step is a VACUUM.
    pool = await open_pool(settings.owner_url, size=2, statement_seconds=_STATEMENT_SECONDS)
    try:
        await fill(pool, sizes, advance)
    finally:
        await pool.close()


@contextmanager
def progress(total: int, out: TextIO) -> Iterator[Callable[[int], None]]:
    """Shows progress: a bar on a terminal, else a line for each tenth. Yields a function that takes the number of new rows."""
    console = Console(file=out)
    if not console.is_terminal:
        yield _line_for_each_tenth(total, out)
        return
    columns = (
        TextColumn("写入 seeding"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} / {task.total:,.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)


def _line_for_each_tenth(total: int, out: TextIO) -> Callable[[int], None]:
    done = printed = 0

    def advance(count: int) -> None:
        nonlocal done, printed
        done += count
        if done * 10 // total > printed:
            printed = done * 10 // total
            print_lines(f"写入 seeding {done:,} / {total:,}", to=out)

    return advance
