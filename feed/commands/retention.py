"""`feed retention`: when the claims of each final campaign are, or were, destroyed."""

import argparse
import asyncio

from feed.commands.installation import add_data_option, find_settings
from feed.postgres import open_pool
from feed.screens.prizes.retention import RetainedCampaign, list_retained
from feed.settings import Settings
from feed.terminal import print_lines


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "retention",
        help="个人信息保留 · when winners' details end",
        description="Lists final campaigns with the day on which the key of their winners' details is destroyed. The worker does it; "
        "a campaign in which a prize is still on its way keeps its key.",
    )
    add_data_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    kept = asyncio.run(_read(find_settings(arguments.data)))
    if not kept:
        print_lines("没有已结束的活动 · no campaign is final yet")
    for each in kept:
        print_lines(line(each))
    return 0


def line(kept: RetainedCampaign) -> str:
    """The printed line of one campaign."""
    head = f"{kept.campaign_id}  {kept.title}: "
    if kept.shredded_at is not None:
        until = f"{kept.backups_until:%Y-%m-%d}"
        return head + f"已于 {kept.shredded_at:%Y-%m-%d} 销毁 · destroyed; in backups, sealed, until {until}"
    waits = f", {kept.under_way} 件奖品未交付 prizes under way" if kept.under_way else ""
    return head + f"{kept.claims} 份信息，{kept.due_at:%Y-%m-%d} 销毁 · claims, to be destroyed{waits}"


async def _read(settings: Settings) -> list[RetainedCampaign]:
    pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
    try:
        async with pool.acquire() as conn:
            return await list_retained(conn, days=settings.claims_kept_days)
    finally:
        await pool.close()
