"""`feed settle`: settles a campaign now, optionally although something is missing."""

import argparse
import asyncio
from contextlib import suppress

from feed.commands.arguments import read_id
from feed.commands.installation import add_data_option, find_settings
from feed.keys.store import open_keys
from feed.postgres import open_pool, with_retries
from feed.prizes.model import SettlementBlocked
from feed.prizes.settlement.actions import settle_campaign
from feed.screens.prizes.settlement import Decision, SelectedPerson, get_decision
from feed.settings import Settings
from feed.terminal import print_lines

# The same timeout as in the worker: a large campaign is counted in one statement.
_STATEMENT_SECONDS = 60.0


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "settle",
        help="立即评定 · settle a campaign now",
        description="Freezes the sheet and finds the winners of a campaign that has ended, as the worker does by itself at "
        "settle_at. With --reason also while something waits: a missing mark is 0, and what waits is left out.",
    )
    parser.add_argument("campaign", type=read_id, metavar="CAMPAIGN_ID")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why it does not wait; kept in the audit")
    add_data_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    decision = asyncio.run(_settle(find_settings(arguments.data), arguments.campaign, arguments.reason))
    if decision.settled_at is None:
        print_lines(f"仍有 {len(decision.blocked_by)} 项待处理 · something still waits; --reason settles all the same:")
        for block in decision.blocked_by:
            print_lines("  " + " ".join(map(str, block.values())))
        return 1
    winners, reserves = len(decision.winners), len(decision.reserves)
    print_lines(
        f"已评定，待两位编辑公布 · settled, to be announced by two editors: {winners} 名获奖者 winners, {reserves} 名候补 reserves"
    )
    for winner in decision.winners:
        print_lines(f"{winner.place:3}  {winner.score:>10}  {winner.user['name']}{_address(winner)}")
    return 0


async def _settle(settings: Settings, campaign_id: int, reason: str) -> Decision:
    keys = open_keys(settings.keys_dir, create=False)
    pool = await open_pool(settings.direct_url, size=2, statement_seconds=_STATEMENT_SECONDS)
    try:
        with suppress(SettlementBlocked):
            await with_retries(lambda: settle_campaign(pool, keys, campaign_id, by=None, reason=reason))
        async with pool.acquire() as conn:
            return await get_decision(conn, campaign_id)
    finally:
        await pool.close()


def _address(winner: SelectedPerson) -> str:
    """The address of the winning post; of a comment its id, of a like nothing."""
    if winner.post_id is not None:
        return f"  /v1/posts/{winner.post_id}"
    return "" if winner.comment_id is None else f"  #{winner.comment_id}"
