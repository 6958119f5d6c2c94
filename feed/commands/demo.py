"""`feed demo`: runs a whole campaign over HTTP and checks each step."""

import argparse
import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.markup import escape

from feed.commands.arguments import whole_number
from feed.commands.supervisor import RunningInstallation, run_installation
from feed.commands.up import run_until_signal
from feed.demo.client import Line
from feed.demo.next_steps import show_next_steps, show_server
from feed.demo.output import Output, Unexpected
from feed.demo.runner import play


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "demo",
        help="演示一次完整的活动 play a whole campaign and check every step",
        description="Starts everything on an own data directory, plays a campaign from the first post to the claimed "
        "prize over real HTTP, checks each step, and leaves nothing running. Exit status 1 if a step goes otherwise.",
    )
    parser.add_argument("--lang", choices=("zh", "en"), default="zh", help="language of the story (default zh)")
    parser.add_argument("--english", action="store_const", const="en", dest="lang", help="the same as --lang en")
    parser.add_argument("--keep", action="store_true", help="let the server go on with the demo's data, until Ctrl-C")
    parser.add_argument(
        "--port",
        type=whole_number(0, 65_535),
        metavar="P",
        help="port of the API (default: a free one; 8080 with --keep)",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="data directory, kept (default: a temporary one, removed; .feed with --keep)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    output = Output(arguments.lang)
    # The exit status if the demo is interrupted: that of a program ended by SIGINT.
    status = [130]
    run_until_signal(_demo(arguments, output, status))
    return status[0]


async def _demo(arguments: argparse.Namespace, output: Output, status: list[int]) -> None:
    given = arguments.data or (Path(os.environ.get("FEED_DATA") or ".feed") if arguments.keep else None)
    data = given or Path(tempfile.mkdtemp(prefix="feed-demo-"))
    port = arguments.port if arguments.port is not None else (8080 if arguments.keep else 0)
    output.say(
        "[bold]鹏友圈[/]：一场读书征集活动，从第一条动态到领取奖品，全部通过真实的 HTTP 请求完成。",
        "[bold]feed[/]: a reading campaign from the first post to the claimed prize, all over real HTTP.",
    )
    output.say("正在启动 Postgres、Valkey、API 和后台任务……", "Starting Postgres, Valkey, the API and the worker …")
    try:
        # Without the caller's FEED_ variables, so that the demo never runs on real data by accident.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FEED_")}
        environ |= {"FEED_SMS_QUIET_HOURS": "off", "FEED_EDITORIAL_CHAIN": "on"}
        notify = _notifier(output)
        async with run_installation(data, port=port, environ=environ, notify=notify) as installation:
            await _play(installation, output, status, keep=arguments.keep)
    finally:
        if given is None and status[0] != 1:
            shutil.rmtree(data, ignore_errors=True)
    if status[0] == 0:
        show_next_steps(output, data / "demo" if given else None)
    else:
        output.say(f"日志在 {data / 'log'}", f"The logs are in {data / 'log'}")


def _notifier(output: Output) -> Callable[[str], None]:
    def notify(words: str) -> None:
        zh, _, en = escape(words).partition(" · ")
        output.say(f"[dim]{zh}[/]", f"[dim]{en or zh}[/]")

    return notify


async def _play(installation: RunningInstallation, output: Output, status: list[int], *, keep: bool) -> None:
    try:
        stage = await play(
            output,
            line=Line(installation.base_url, language=output.words("zh-CN", "en")),
            data=installation.data,
            keys_dir=installation.settings.keys_dir,
            kill_api=installation.api.kill,
            goes_on=keep,
        )
    except* (Unexpected, LookupError, TypeError) as failures:
        # A response without an expected member is an unexpected response.
        failure = _first(failures)
        output.fail(str(failure) if isinstance(failure, Unexpected) else f"{type(failure).__name__}: {failure}")
        status[0] = 1
    if status[0] == 1:
        return
    status[0] = 0
    if keep:
        show_server(stage, installation.base_url)
        await asyncio.Event().wait()


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
