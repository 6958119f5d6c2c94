"""`feed push`: lists and retries pushes."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import get_args

import msgspec

from feed.commands.arguments import read_id, whole_number
from feed.commands.installation import add_data_option, find_settings
from feed.inbox import push_actions as push_actions
from feed.inbox.push_store import PushState
from feed.postgres import Pool, open_pool, with_retries
from feed.screens.staff import pushes as screen
from feed.terminal import print_lines

_LAST = 2**63 - 1


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "push",
        help="查看和重发推送 · pushes: see and retry",
        description="Shows what was sent to the push hook, and tries again what was given up.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="推送列表 · pushes as JSON lines, the latest first")
    add_data_option(listing)
    listing.add_argument("--dead", action="store_true", help="only those that were given up")
    listing.add_argument("--limit", type=whole_number(1, 10_000), default=50, metavar="N", help="at most (default 50)")
    listing.set_defaults(run=run_list)
    retry = actions.add_parser("retry", help="重发 · try again what was given up")
    add_data_option(retry)
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", type=read_id, metavar="ID")
    which.add_argument("--all", action="store_true", help="all that were given up")
    retry.set_defaults(run=run_retry)


def run_list(arguments: argparse.Namespace) -> int:
    states: tuple[PushState, ...] = ("dead",) if arguments.dead else get_args(PushState)

    async def show(pool: Pool) -> None:
        async with pool.acquire() as conn:
            for card in await screen.list_pushes(conn, states, _LAST, arguments.limit):
                print_lines(msgspec.json.encode(card).decode())

    return _run(arguments, show)


def run_retry(arguments: argparse.Namespace) -> int:
    async def retry(pool: Pool) -> None:
        if arguments.all:
            count = await push_actions.retry_all_pushes(pool, by=None)
        else:
            await push_actions.retry_push(pool, arguments.id, by=None)
            count = 1
        print_lines(f"已安排重发 {count} 条 · {count} to be tried again")

    return _run(arguments, retry)


def _run(arguments: argparse.Namespace, work: Callable[[Pool], Awaitable[None]]) -> int:
    settings = find_settings(arguments.data)

    async def open_and_work() -> None:
        pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
        try:
            await with_retries(lambda: work(pool))
        finally:
            await pool.close()

    asyncio.run(open_and_work())
    return 0
