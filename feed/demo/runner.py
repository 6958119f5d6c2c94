"""Runs all chapters of the demo."""

import time
from collections.abc import Callable
from pathlib import Path

from feed.demo.chapters.announcement import announce, claim, notify
from feed.demo.chapters.campaign import create_accounts, open_campaign
from feed.demo.chapters.engagement import like_and_comment
from feed.demo.chapters.judging import close, mark, settle
from feed.demo.chapters.media import upload_pictures
from feed.demo.chapters.moderation import cheat, review
from feed.demo.chapters.posts import write_moments
from feed.demo.chapters.second_campaign import open_second_campaign
from feed.demo.chapters.verification import explain, verify
from feed.demo.client import Line
from feed.demo.context import DemoContext
from feed.demo.output import Output
from feed.keys.store import open_keys


async def play(
    output: Output, *, line: Line, data: Path, keys_dir: Path, kill_api: Callable[[], None], goes_on: bool = False
) -> DemoContext:
    """Runs the demo against an installation and checks each step. Raises Unexpected at the first failed check.

    With `goes_on` a second campaign is opened at the end, for people who look around afterwards.
    """
    began = time.monotonic()
    try:
        context = DemoContext(output, line, open_keys(keys_dir, create=False), data, kill_api)
        await create_accounts(context)
        await upload_pictures(context)
        await open_campaign(context)
        await write_moments(context)
        await like_and_comment(context)
        await cheat(context)
        await review(context)
        await close(context)
        await mark(context)
        await settle(context)
        result = await announce(context)
        await explain(context, result)
        await notify(context)
        await claim(context)
        await verify(context)
        if goes_on:
            context.second_campaign_id = await open_second_campaign(context)
    finally:
        await line.close()
    seconds = time.monotonic() - began
    output.chapter("完", "The end")
    output.say(
        f"[bold green]{output.checked} 项核对全部成立[/]，{line.requests} 个真实 HTTP 请求，{seconds:.0f} 秒。",
        f"[bold green]All {output.checked} expectations hold[/], {line.requests} real HTTP requests, {seconds:.0f} seconds.",
    )
    return context
