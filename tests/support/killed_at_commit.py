"""A process that kills itself at a commit: `python -m tests.support.killed_at_commit before|after NTH STEP [ID …]`.

Before: all statements of the transaction but COMMIT are done. After: Postgres has committed, and the caller gets no response.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg

from feed import redis as feed_redis
from feed.accounts.model import AccountId
from feed.cases.model import CaseId
from feed.comments.edits import edit_comment, feature_comment, hide_comment
from feed.comments.model import CommentId
from feed.environment import read_settings
from feed.erasure import actions as leaving
from feed.erasure.jobs import erase_next
from feed.exports.jobs import make_next_export
from feed.idempotency import KeyedRequest
from feed.keys.store import Keys, open_keys
from feed.moderation.actions import judge_case, judge_cases, undo_verdicts
from feed.moderation.attestation import attest_chains
from feed.moderation.model import BatchId, NewVerdict, VerdictKind
from feed.moderation.revisions import revise_case
from feed.moderation.sanctions import lapse_next_sanction
from feed.moderation.takedowns import spread
from feed.moderation.takedowns.actions import lift_takedown, take_down
from feed.moderation.takedowns.model import Target
from feed.postgres import Pool, open_pool
from feed.posts.actions import Draft, edit_post, publish_posts
from feed.posts.model import NewPost, PostChange, PostId
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.claims.actions import claim_prize
from feed.prizes.draw.actions import enter_number, give_up_next_beacon, publish_next_list, record_drand_value
from feed.prizes.draw.correction_actions import correct_number
from feed.prizes.model import WinnerId
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.reports import model as reports
from feed.reports.actions import report_target
from feed.reports.appeal_model import AppealTarget
from feed.reports.appeals import appeal_decision
from feed.screening.model import PASSED
from feed.settings import Settings
from feed.sms.file_provider import FileProvider
from feed.worker.loop import work
from feed.worker.schedule import SCHEDULE
from feed.worker.state import WorkerState
from tests.support.drand_relay import TEST_CHAIN, signature_of
from tests.support.kill_points import is_commit
from tests.support.phases import FORM


def die_at_commit(when: str, nth: int) -> None:
    """Makes this process kill itself before or after its nth COMMIT."""
    execute = asyncpg.Connection.execute
    seen = 0

    async def execute_or_die(self: Any, query: str, *args: Any, **more: Any) -> str:
        nonlocal seen
        seen += is_commit(query)
        last = is_commit(query) and seen == nth
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await execute(self, query, *args, **more)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    asyncpg.Connection.execute = execute_or_die  # type: ignore[method-assign]


async def _work(settings: Settings, pool: Pool, keys: Keys) -> None:
    """A worker with the two jobs that end a campaign."""
    redis = feed_redis.connect(settings.redis_url)
    worker_state = WorkerState(pool, redis, keys, FileProvider(settings.sms_outbox), None)
    schedule = tuple(entry for entry in SCHEDULE if entry.name in ("freeze_next_campaign", "settle_next_campaign"))
    await work(worker_state, settings.direct_url, asyncio.Event(), schedule)


async def _draw(pool: Pool, keys: Keys) -> None:
    """Runs the jobs that end a draw, each until it finds nothing more."""
    while await freeze_next_campaign(pool):
        pass
    while await publish_next_list(pool):
        pass
    while await give_up_next_beacon(pool):
        pass
    while await settle_next_campaign(pool, keys):
        pass


async def _spread(pool: Pool, keys: Keys) -> None:
    """Writes the holds of takedowns in chunks of two until nothing is left."""
    spread._CHUNK = 2
    while await spread.spread_next_takedown(pool):
        pass


async def _judge_dispute(pool: Pool, _: Keys, reviewer_id: int, restore: int) -> None:
    """Judges the newest case of a report or an appeal as its first version: removes its post, or restores it."""
    verdict: VerdictKind = "restore" if restore else "remove"
    case_id = await pool.fetchval("SELECT max(id) FROM cases WHERE kind IN ('report', 'appeal')")
    await judge_case(pool, AccountId(reviewer_id), case_id, NewVerdict(verdict, 1, "mistaken" if restore else "spam"))


async def _leave(pool: Pool, _: Keys, account_id: int) -> None:
    """Requests the deletion of an account, and hides what it has written."""
    await leaving.request_deletion(pool, AccountId(account_id), days=15)
    while await leaving.move_some_items(pool, AccountId(account_id)):
        pass


async def _return(pool: Pool, _: Keys, account_id: int) -> None:
    """Takes the deletion back, and shows everything again."""
    await leaving.take_back_deletion(pool, AccountId(account_id))
    while await leaving.move_some_items(pool, AccountId(account_id)):
        pass


async def _erase(pool: Pool, keys: Keys) -> None:
    """The jobs that erase, until they find nothing more."""
    while await leaving.follow_next_departure(pool, keys):
        pass
    while await erase_next(pool, keys):
        pass


async def _export(pool: Pool, keys: Keys) -> None:
    """The job that makes exports."""
    while await make_next_export(pool, keys):
        pass


_KEYED = KeyedRequest("POST /v1/moderation/verdicts", "k", b"")


async def _judge_batch(pool: Pool, _: Keys, by: int, *case_ids: int) -> BatchId:
    """One verdict on these cases, as a request with a key that may be repeated."""
    items = [(CaseId(case_id), NewVerdict("remove", 1, "spam")) for case_id in case_ids]
    batch_id, _outcomes = await judge_cases(pool, AccountId(by), items, _KEYED)
    return batch_id


CHAIN_TEXT = "今天读完一本书 #爱读书的深圳人#"
EDITED_TEXT = "又读了一遍 #爱读书的深圳人#"
REVISED_TEXT = "又读了一遍"


async def _publish_under_chain(pool: Pool, _: Keys, author: int, stages: int) -> object:
    """A post that needs approvals, as a request with a key that may be repeated."""
    draft = Draft.checked(AccountId(author), NewPost(text=CHAIN_TEXT), _KEYED).judged(PASSED, stages)
    [made] = await publish_posts(pool, [draft])
    return made


async def _edit_under_chain(pool: Pool, _: Keys, author: int, post: int, stages: int) -> None:
    await edit_post(pool, AccountId(author), PostId(post), PostChange(text=EDITED_TEXT), stages=stages)


async def _approve(pool: Pool, _: Keys, by: int, case: int, version: int) -> None:
    await judge_case(pool, AccountId(by), CaseId(case), NewVerdict("approve", version, "fine"))


async def _edit_comment(pool: Pool, _: Keys, author: int, comment: int, stages: int) -> None:
    await edit_comment(pool, AccountId(author), CommentId(comment), EDITED_TEXT, stages=stages)


async def _revise(pool: Pool, _: Keys, by: int, case: int) -> None:
    request = KeyedRequest("POST /v1/moderation/cases/revision", "k", b"")
    await revise_case(pool, AccountId(by), CaseId(case), REVISED_TEXT, machine=PASSED, request=request)


STEPS: dict[str, Callable[..., Awaitable[object]]] = {
    "settle": lambda pool, keys, campaign, by: settle_campaign(pool, keys, campaign, by=AccountId(by)),
    "announce": lambda pool, keys, campaign, by: announce_winners(pool, keys, campaign, by=AccountId(by)),
    "claim": lambda pool, keys, account, winner: claim_prize(pool, keys, AccountId(account), WinnerId(winner), FORM),
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
    "record": lambda pool, keys, campaign, round_: record_drand_value(
        pool, TEST_CHAIN, campaign, round_, signature_of(round_)
    ),
    "report": lambda pool, keys, reporter, post: report_target(
        pool,
        AccountId(reporter),
        reports.Target("post", post),
        reason_code="spam",
        thresholds=reports.Thresholds(post=1),
    ),
    "judge_dispute": _judge_dispute,
    "appeal": lambda pool, keys, author, post: appeal_decision(
        pool, AccountId(author), AppealTarget("post", post), text="请再看一遍", days=30
    ),
    "lapse_sanction": lambda pool, keys: lapse_next_sanction(pool),
    "take_down": lambda pool, keys, by, account: take_down(
        pool, AccountId(by), Target("user", str(account)), "illegal"
    ),
    "take_down_post": lambda pool, keys, by, post: take_down(pool, AccountId(by), Target("post", str(post)), "illegal"),
    "take_down_topic": lambda pool, keys, by, topic: take_down(
        pool, AccountId(by), Target("topic", str(topic)), "illegal"
    ),
    "take_down_image": lambda pool, keys, by, medium: take_down(
        pool, AccountId(by), Target("image_hash", f"media:{medium}"), "illegal"
    ),
    "lift_image": lambda pool, keys, by, medium: lift_takedown(
        pool, AccountId(by), Target("image_hash", f"media:{medium}"), "mistaken"
    ),
    "lift": lambda pool, keys, by, account: lift_takedown(
        pool, AccountId(by), Target("user", str(account)), "mistaken"
    ),
    "lift_post": lambda pool, keys, by, post: lift_takedown(pool, AccountId(by), Target("post", str(post)), "mistaken"),
    "lift_topic": lambda pool, keys, by, topic: lift_takedown(
        pool, AccountId(by), Target("topic", str(topic)), "mistaken"
    ),
    "spread": _spread,
    "publish_under_chain": _publish_under_chain,
    "edit_under_chain": _edit_under_chain,
    "edit_comment": _edit_comment,
    "revise": _revise,
    "hide_comment": lambda pool, keys, by, comment, hidden: hide_comment(
        pool, AccountId(by), CommentId(comment), hidden=bool(hidden)
    ),
    "feature_comment": lambda pool, keys, by, comment, featured: feature_comment(
        pool, AccountId(by), CommentId(comment), featured=bool(featured)
    ),
    "approve": _approve,
    "attest": lambda pool, keys: attest_chains(pool),
    "judge_batch": _judge_batch,
    "undo_batch": lambda pool, keys, by, batch: undo_verdicts(pool, AccountId(by), BatchId(batch)),
    "leave": _leave,
    "return": _return,
    "erase": _erase,
    "export": _export,
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
