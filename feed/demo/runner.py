"""Runs all chapters of the demo."""

import time
from collections.abc import Callable
from pathlib import Path

from feed.demo.chapters.announcement import announce, claim, notify
from feed.demo.chapters.campaign import create_accounts, open_campaign
from feed.demo.chapters.engagement import like_and_comment
from feed.demo.chapters.judging import close, mark, settle
from feed.demo.chapters.moderation import cheat, review
from feed.demo.chapters.posts import write_moments
from feed.demo.chapters.verification import explain, verify
from feed.demo.client import Line
from feed.demo.context import DemoContext
from feed.demo.output import Output
from feed.keys.store import open_keys


async def play(teller: Output, *, line: Line, data: Path, keys_dir: Path, kill_api: Callable[[], None]) -> DemoContext:
    """Runs the demo against an installation and checks each step. Raises Unexpected at the first failed check."""
    began = time.monotonic()
    try:
        stage = DemoContext(teller, line, open_keys(keys_dir, create=False), data, kill_api)
        await create_accounts(stage)
        await open_campaign(stage)
        await write_moments(stage)
        await like_and_comment(stage)
        await cheat(stage)
        await review(stage)
        await close(stage)
        await mark(stage)
        await settle(stage)
        result = await announce(stage)
        await explain(stage, result)
        await notify(stage)
        await claim(stage)
        await verify(stage)
    finally:
        await line.close()
    seconds = time.monotonic() - began
    teller.chapter("完", "The end")
    teller.say(
        f"[bold green]{teller.checked} 项核对全部成立[/]，{line.requests} 个真实 HTTP 请求，{seconds:.0f} 秒。",
        f"[bold green]All {teller.checked} expectations hold[/], {line.requests} real HTTP requests, {seconds:.0f} seconds.",
    )
    return stage
