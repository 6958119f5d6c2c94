"""A process that dies by SIGKILL at a commit: `python -m tests.prizes.dying before|after NTH STEP [ID …]`.

Before: the transaction is whole but for its last word. After: Postgres has answered, and nobody else will hear of it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg

from feed import redis as redis_room
from feed.accounts.model import AccountId
from feed.keys import Keys, open_keys
from feed.messages.outbox import FileProvider
from feed.postgres import Pool, open_pool
from feed.prizes.announcing import announce_winners, finish_next_objections
from feed.prizes.claiming import claim_prize, forfeit_next_prize, lapse_next_claim
from feed.prizes.codes import show_codes
from feed.prizes.correcting import correct_number
from feed.prizes.drawing import enter_number, give_up_next_beacon, keep_drand_value, publish_next_list
from feed.prizes.handover import decline_prize, receive_prize, ship_prize, verify_claim
from feed.prizes.model import WinnerId
from feed.prizes.objecting import answer_objection, object_to_result
from feed.prizes.replacing import replace_winner
from feed.prizes.settling import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.prizes.shredding import Retention, shred_next_campaign
from feed.prizes.undoing import undo_settlement
from feed.settings import Settings, read_settings
from feed.worker.loop import work
from feed.worker.schedule import SCHEDULE
from feed.worker.worlds import Worlds
from tests.prizes.relay import TEST_CHAIN, signature_of
from tests.prizes.stage import FORM


def die_at_commit(when: str, nth: int) -> None:
    """Cuts this process down around its nth COMMIT."""
    execute = asyncpg.Connection.execute
    seen = 0

    async def cut(self: Any, query: str, *args: Any, **more: Any) -> str:
        nonlocal seen
        seen += query == "COMMIT;"
        last = query == "COMMIT;" and seen == nth
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await execute(self, query, *args, **more)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    asyncpg.Connection.execute = cut  # type: ignore[method-assign]


async def _work(settings: Settings, pool: Pool, keys: Keys) -> None:
    """The worker itself, with the two lines of its table that end a campaign."""
    redis = redis_room.connect(settings.redis_url)
    worlds = Worlds(pool, redis, keys, FileProvider(settings.sms_outbox), None)
    schedule = tuple(entry for entry in SCHEDULE if entry.name in ("freeze_next_campaign", "settle_next_campaign"))
    await work(worlds, settings.direct_url, asyncio.Event(), schedule)


async def _draw(pool: Pool, keys: Keys) -> None:
    """The lines of the worker's table that end a draw, each until it finds nothing more."""
    while await freeze_next_campaign(pool):
        pass
    while await publish_next_list(pool):
        pass
    while await give_up_next_beacon(pool):
        pass
    while await settle_next_campaign(pool, keys):
        pass


STEPS: dict[str, Callable[..., Awaitable[object]]] = {
    "settle": lambda pool, keys, campaign, by: settle_campaign(pool, keys, campaign, by=AccountId(by)),
    "announce": lambda pool, keys, campaign, by: announce_winners(pool, keys, campaign, by=AccountId(by)),
    "claim": lambda pool, keys, account, winner: claim_prize(pool, keys, AccountId(account), WinnerId(winner), FORM),
    "object": lambda pool, keys, campaign, by: object_to_result(pool, campaign, by=AccountId(by), text="刷赞"),
    "answer": lambda pool, keys, objection, by: answer_objection(
        pool, objection, by=AccountId(by), text="属实", remedy="replace", rank=1
    ),
    "ask_again": lambda pool, keys, objection, by: answer_objection(
        pool, objection, by=AccountId(by), text="计票有误", remedy="settle_again"
    ),
    "replace": lambda pool, keys, campaign, by: replace_winner(
        pool, keys, campaign, 1, by=AccountId(by), reason="异议成立"
    ),
    "undo": lambda pool, keys, campaign, by: undo_settlement(pool, campaign, by=AccountId(by), reason="重新评选"),
    "finish": lambda pool, keys: finish_next_objections(pool),
    "draw": _draw,
    "enter": lambda pool, keys, campaign, by, at: enter_number(
        pool,
        campaign,
        by=AccountId(by),
        round_="2026137",
        value="03 07 12",
        appeared_at=datetime.fromtimestamp(at, UTC),
    ),
    "correct": lambda pool, keys, campaign, by, at: correct_number(
        pool,
        campaign,
        by=AccountId(by),
        round_="2026137",
        value="03 07 21",
        appeared_at=datetime.fromtimestamp(at, UTC),
        reason_code="misread",
        reason="录反了",
    ),
    "keep": lambda pool, keys, campaign, round_: keep_drand_value(
        pool, TEST_CHAIN, campaign, round_, signature_of(round_)
    ),
    "decline": lambda pool, keys, account, winner: decline_prize(pool, keys, AccountId(account), WinnerId(winner)),
    "verify": lambda pool, keys, campaign, winner, by: verify_claim(pool, campaign, WinnerId(winner), by=AccountId(by)),
    "ship": lambda pool, keys, campaign, winner, by: ship_prize(
        pool, campaign, WinnerId(winner), by=AccountId(by), carrier="顺丰", tracking_no="SF1"
    ),
    "receive": lambda pool, keys, account, winner: receive_prize(pool, AccountId(account), WinnerId(winner)),
    "codes": lambda pool, keys, account, winner: show_codes(pool, keys, AccountId(account), WinnerId(winner)),
    "shred": lambda pool, keys: shred_next_campaign(pool, keys, Retention()),
    "lapse": lapse_next_claim,
    "forfeit": forfeit_next_prize,
}


async def main(when: str, nth: str, step: str, *ids: str) -> None:
    settings = read_settings()
    pool = await open_pool(settings.direct_url, size=4)
    keys = open_keys(settings.keys_dir, create=False)
    die_at_commit(when, int(nth))
    if step == "work":
        await _work(settings, pool, keys)
    else:
        await STEPS[step](pool, keys, *(int(each) for each in ids))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
