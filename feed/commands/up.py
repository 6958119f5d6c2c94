"""`feed up`: everything, in one command."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from feed.commands.installation import add_data_option
from feed.commands.supervisor import Running, running


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
        "--port", type=int, default=8080, metavar="P", help="port of the API (default 8080; 0: a free one)"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="API processes (default 1)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    return until_told(_up(arguments))


def until_told(work: Coroutine[Any, Any, None]) -> int:
    """Runs `work` until it ends or a signal ends it. The first signal begins the clean end; more change nothing."""

    async def main() -> None:
        task = asyncio.ensure_future(work)

        def end() -> None:
            if not task.cancelling():
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, end)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())
    return 0


async def _up(arguments: argparse.Namespace) -> None:
    _tell("feed 正在启动 … · feed is starting …")
    async with running(
        arguments.data, host=arguments.host, port=arguments.port, workers=arguments.workers, tell=_tell
    ) as there:
        _tell(_words(there))
        try:
            await asyncio.Event().wait()
        finally:
            _tell("正在停止 … · stopping …")
    _tell("已停止 · stopped")


def _words(there: Running) -> str:
    settings = there.settings
    return "\n".join(
        [
            "feed 已启动 · feed is running",
            f"  接口 API         {there.base_url}/v1",
            f"  文档 docs        {there.base_url}/docs",
            f"  数据库 Postgres  {_place(settings.database_url)}",
            f"  缓存 Valkey      {_place(settings.redis_url)}",
            f"  数据 data        {there.data}",
            f"  日志 logs        {there.data}/log",
            f"  试一试 try       curl {there.base_url}/v1/feeds/latest",
            "  停止 stop        Ctrl-C",
        ]
    )


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
