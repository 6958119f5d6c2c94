"""`feed up`: runs the whole installation."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from feed.commands.arguments import whole_number
from feed.commands.installation import add_data_option
from feed.commands.supervisor import RunningInstallation, run_installation
from feed.tasks import stop_tasks
from feed.terminal import print_lines

# The installation ends within ten seconds.
_END_SECONDS = 15.0


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "up",
        help="启动全部 start everything: Postgres, Valkey, API, worker",
        description="Starts an embedded Postgres and Valkey (or uses FEED_DATABASE_URL and FEED_REDIS_URL), brings the "
        "schema up to date, and runs the API and the worker until Ctrl-C.",
    )
    add_data_option(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--port",
        type=whole_number(0, 65_535),
        default=8080,
        metavar="P",
        help="port of the API (default 8080; 0: a free one)",
    )
    parser.add_argument("--workers", type=whole_number(1, 64), default=1, metavar="N", help="API processes (default 1)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    return run_until_signal(_up(arguments))


def run_until_signal(work: Coroutine[Any, Any, None]) -> int:
    """Runs `work` until it returns or a signal cancels it. Further signals during the shutdown are ignored."""

    async def main() -> None:
        task = asyncio.ensure_future(work)
        signalled = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, signalled.set)
        waiting = asyncio.create_task(signalled.wait(), name="wait for a signal")
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        # What it has started ends in order, which takes seconds; the cancellation may get lost while it starts.
        if await stop_tasks(waiting, task, again=_END_SECONDS, within=3 * _END_SECONDS):
            with suppress(asyncio.CancelledError):
                task.result()

    asyncio.run(main())
    return 0


async def _up(arguments: argparse.Namespace) -> None:
    _print("feed 正在启动 … · feed is starting …")
    async with run_installation(
        arguments.data, host=arguments.host, port=arguments.port, workers=arguments.workers, notify=_print
    ) as installation:
        _print(_words(installation))
        try:
            await asyncio.Event().wait()
        finally:
            _print("正在停止 … · stopping …")
    _print("已停止 · stopped")


def _words(installation: RunningInstallation) -> str:
    settings = installation.settings
    return "\n".join(
        [
            "feed 已启动 · feed is running",
            f"  接口 API         {installation.base_url}/v1",
            f"  文档 docs        {installation.base_url}/docs",
            f"  数据库 Postgres  {_place(settings.database_url)}",
            f"  缓存 Valkey      {_place(settings.redis_url)}",
            f"  数据 data        {installation.data}",
            f"  日志 logs        {installation.data}/log",
            f"  访问日志 access  {settings.access_log_dir}",
            f"  试一试 try       curl {installation.base_url}/v1/feeds/latest",
            "  停止 stop        Ctrl-C",
        ]
    )


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _print(words: str) -> None:
    print_lines(*words.split("\n"), to=sys.stderr)
