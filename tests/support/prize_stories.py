"""Stories of campaigns from their end to the removal of their last data, step by step; each step can be killed and repeated."""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from feed import redis as feed_redis
from feed.accounts.model import AccountId
from feed.campaigns.cancellation import cancel_campaign, notify_next_cancellation
from feed.campaigns.entries.shortlist import fill_next_shortlist
from feed.environment import read_settings
from feed.idempotency import KeyedRequest, keyed_request
from feed.keys.store import Keys, open_keys
from feed.postgres import Pool, open_pool
from feed.prizes.announcement.announce import announce_winners, finish_next_objections
from feed.prizes.announcement.replace_winner import replace_winner
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.claims.access import end_access, grant_access
from feed.prizes.claims.actions import claim_prize, open_prize, reveal_claim
from feed.prizes.claims.codes import add_codes, show_codes
from feed.prizes.claims.export import export_claims
from feed.prizes.claims.fulfilment import decline_prize, hand_over_prize, receive_prize, ship_prize, verify_claim
from feed.prizes.claims.shredding import Retention, remove_next_archive, shred_next_campaign
from feed.prizes.draw.actions import (
    enter_number,
    give_up_next_beacon,
    list_drand_rounds,
    publish_next_list,
    record_drand_value,
)
from feed.prizes.draw.correction_actions import correct_number
from feed.prizes.model import WinnerId
from feed.prizes.objections.actions import answer_objection, answer_objections, object_to_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.prizes.winners.reminders import remind_next_winner
from feed.sms.file_provider import FileProvider
from feed.worker.sms import resolve_abandoned, send_message
from feed.worker.state import WorkerState
from tests.support import make, phases
from tests.support.drand_relay import TEST_CHAIN, signature_of

Ids = dict[str, int]


class Run(NamedTuple):
    """The connections, the accounts by name, and the campaign of a story in progress."""

    pool: Pool
    keys: Keys
    outbox: Path
    ids: Ids

    def account(self, name: str) -> AccountId:
        return AccountId(self.ids[name])

    @property
    def campaign(self) -> int:
        return self.ids["campaign"]

    @property
    def holder(self) -> tuple[AccountId, WinnerId]:
        """Account and winner id of the place that the step is about."""
        return AccountId(self.ids["account"]), WinnerId(self.ids["winner"])


class Step(NamedTuple):
    """One action of a user, or a worker's jobs until there is nothing left to do.

    `passes` is a statement that moves times, so that the step is due. `place` makes its holder the acting account.
    """

    act: Callable[[Run], Awaitable[object]]
    passes: str | None = None
    place: int | None = None


class Story(NamedTuple):
    """How a story begins, and its steps in order. `drawn`: the winners are random, and differ between runs."""

    begin: Callable[[Pool, Keys], Awaitable[Ids]]
    steps: tuple[Step, ...]
    drawn: bool = False


async def prepare(each: Run, step: Step) -> None:
    """Moves times as the step requires, and finds the holder of its place."""
    if step.passes is not None:
        await each.pool.execute(step.passes, each.campaign)
    if step.place is not None:
        holders = await phases.winners_of(each.pool, each.campaign)
        holder = next(row for row in reversed(holders) if row["place"] == step.place)
        each.ids.update(account=holder["account_id"], winner=holder["id"])


async def run_step(story: str, number: int, ids: Ids) -> None:
    """Runs one step in a separate process."""
    settings = read_settings()
    pool = await open_pool(settings.direct_url, size=2)
    keys = open_keys(settings.keys_dir, create=False)
    await STORIES[story].steps[number].act(Run(pool, keys, settings.sms_outbox, ids))


def _once(route: str, key: object = "") -> KeyedRequest:
    made = keyed_request(route, f"{route}{key}", b"{}")
    assert made is not None
    return made


def _worker(*lines: Callable[[Run], Awaitable[bool]]) -> Callable[[Run], Awaitable[object]]:
    async def work(each: Run) -> None:
        for line in lines:
            while await line(each):
                pass

    return work


async def _send(each: Run) -> None:
    """Sends queued messages as the queue does, after resolving attempts that are dated back by an hour."""
    worker_state = WorkerState(
        each.pool, feed_redis.connect(os.environ["FEED_REDIS_URL"]), each.keys, FileProvider(each.outbox), None
    )
    await each.pool.execute(
        "UPDATE messages SET sending_at = sending_at - interval '1 hour', asked_at = NULL WHERE state = 'sending'"
    )
    await resolve_abandoned(worker_state)
    for row in await each.pool.fetch("SELECT id FROM messages WHERE state = 'queued' ORDER BY id"):
        await send_message(worker_state, row["id"])
    await worker_state.redis.aclose()


def _announce(name: str) -> Step:
    return Step(lambda p: announce_winners(p.pool, p.keys, p.campaign, by=p.account(name), request=_once("announce")))


def _claim(place: int, **form: str) -> Step:
    given = msgspec.structs.replace(phases.FORM, **form)
    return Step(lambda p: claim_prize(p.pool, p.keys, *p.holder, given), place=place)


def _of(place: int, act: Callable[[Run, AccountId, WinnerId], Awaitable[object]]) -> Step:
    return Step(lambda p: act(p, *p.holder), place=place)


async def _object(p: Run) -> None:
    await object_to_result(p.pool, p.campaign, by=p.account("author"), text="刷赞", request=_once("object"))


def _answer(**remedy: Any) -> Step:
    async def answer(p: Run) -> None:
        objection = await p.pool.fetchval("SELECT id FROM objections WHERE campaign_id = $1", p.campaign)
        await answer_objection(p.pool, objection, by=p.account("third"), text="属实", request=_once("answer"), **remedy)

    return Step(answer)


def _enter(name: str) -> Step:
    async def enter(p: Run) -> None:
        await enter_number(
            p.pool, p.campaign, by=p.account(name), round_="2026137", value="03 07 12", appeared_at=_appeared(p)
        )

    return Step(enter)


def _correct(name: str) -> Step:
    async def correct(p: Run) -> None:
        await correct_number(
            p.pool,
            p.campaign,
            by=p.account(name),
            round_="2026137",
            value="03 07 21",
            appeared_at=_appeared(p),
            reason_code="misread",
            reason="录反了",
        )

    return Step(correct)


def _appeared(p: Run) -> datetime:
    return datetime.fromtimestamp(p.ids["appeared"], UTC)


async def _record_value(p: Run) -> None:
    for campaign, round_ in await list_drand_rounds(p.pool, TEST_CHAIN):
        await record_drand_value(p.pool, TEST_CHAIN, campaign, round_, signature_of(round_))


_FREEZE = Step(_worker(lambda p: fill_next_shortlist(p.pool), lambda p: freeze_next_campaign(p.pool)))
_SETTLE = Step(_worker(lambda p: settle_next_campaign(p.pool, p.keys)))
_LIST = Step(
    _worker(lambda p: freeze_next_campaign(p.pool), lambda p: publish_next_list(p.pool)),
)
_SEND = Step(_send)
_LAPSE = Step(
    _worker(lambda p: lapse_next_claim(p.pool, p.keys)),
    "UPDATE winners SET claim_ends_at = least(claim_ends_at, now()) WHERE campaign_id = $1 AND state = 'notified' AND place = 2",
)
_FORFEIT = Step(
    _worker(lambda p: forfeit_next_prize(p.pool, p.keys)),
    """
    UPDATE posts SET state = 'deleted', deleted_at = coalesce(deleted_at, now())
    WHERE id = (SELECT post_id FROM winners WHERE campaign_id = $1 ORDER BY place, id LIMIT 1)
    """,
)
_REMOVE = Step(
    _worker(lambda p: forfeit_next_prize(p.pool, p.keys)),
    """
    UPDATE posts SET state = 'removed'
    WHERE id = (SELECT post_id FROM winners WHERE campaign_id = $1 ORDER BY place, id LIMIT 1)
    """,
)
_FINISH = Step(
    _worker(lambda p: finish_next_objections(p.pool)),
    "UPDATE campaigns SET objections_end_at = least(objections_end_at, now()) WHERE id = $1",
)
_REMIND = Step(
    _worker(lambda p: remind_next_winner(p.pool, p.keys)),
    """
    UPDATE winners SET claim_ends_at = least(claim_ends_at, now() + interval '1 day')
    WHERE campaign_id = $1 AND state = 'notified'
    """,
)
_SHRED = Step(
    _worker(lambda p: shred_next_campaign(p.pool, p.keys, Retention())),
    "UPDATE campaigns SET final_at = now() - interval '200 days' WHERE id = $1 AND state IN ('final', 'archived')",
)
_ARCHIVE = Step(
    _worker(lambda p: remove_next_archive(p.pool)),
    "UPDATE campaigns SET final_at = now() - interval '1000 days', announced_at = now() - interval '1001 days' WHERE id = $1",
)


async def _ranked(pool: Pool, keys: Keys) -> Ids:
    # Only engagement counts, so that the shortlist needs no marks.
    weights = {"quality": "0", "likes": "0.6", "comments": "0.4"}
    campaign = await phases.due(pool, keys, entries=6, reserve_count=3, shortlist_size=5, weights=weights)
    return await _people(pool, campaign)


async def _coded(pool: Pool, keys: Keys) -> Ids:
    # The code is the only prize of the first place, and the second one of the rules.
    box = {**phases.PRIZE, "places": [2, 2]}
    code = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30", "places": [1, 2]}
    return await _people(pool, await phases.due(pool, keys, prizes=[box, code]))


async def _ticketed(pool: Pool, keys: Keys) -> Ids:
    ticket = {"name": "音乐会门票", "kind": "ticket", "per_winner": 1, "value_cny": "80"}
    return await _people(pool, await phases.due(pool, keys, winner_count=1, prizes=[ticket]))


async def _drawn(pool: Pool, keys: Keys) -> Ids:
    tiers = [{**phases.PRIZE, "places": [1, 1]}, {**phases.PRIZE, "name": "书签", "places": [2, 2]}]
    return await _people(pool, await phases.due_draw(pool, keys, beacon_order=["public_number"], prizes=tiers))


async def _by_drand(pool: Pool, keys: Keys) -> Ids:
    return await _people(pool, await phases.due_draw(pool, keys, beacon_order=["public_number", "drand"]))


async def _own_value(pool: Pool, keys: Keys) -> Ids:
    return await _people(pool, await phases.due_draw(pool, keys, beacon_order=[]))


async def _people(pool: Pool, campaign: phases.Played) -> Ids:
    editors = ("first", "second", "third", "fourth", "fifth")
    made = {name: await make.person(pool, role="editor") for name in editors}
    admin = await make.person(pool, role="admin")
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    appeared = int(make.now().timestamp()) - 20
    return made | {"campaign": campaign.id, "author": author, "admin": admin, "appeared": appeared}


def _list_out(ago: str) -> str:
    return f"""
        UPDATE draws SET list_published_at = least(list_published_at, now() - interval '{ago}')
        FROM settlements WHERE settlements.id = settlement_id AND campaign_id = $1 AND undone_at IS NULL
    """


_reveal = _of(
    1,
    lambda p, _, winner: reveal_claim(
        p.pool, p.keys, p.campaign, winner, by=p.account("first"), reason="寄送", request=_once("reveal")
    ),
)
STORIES: dict[str, Story] = {
    "goods": Story(
        _ranked,
        (
            _FREEZE,
            _SETTLE,
            _announce("first"),
            _announce("second"),
            _SEND,
            _of(1, lambda p, account, winner: open_prize(p.pool, account, winner)),
            _claim(1),
            _claim(1, address="深圳市南山区海德三道1号"),
            _claim(2),
            Step(_object),
            _answer(remedy="replace", rank=2),
            Step(lambda p: replace_winner(
                p.pool, p.keys, p.campaign, 2, by=p.account("fourth"), reason="异议成立", request=_once("replace")
            )),
            _REMIND,
            _LAPSE,
            _of(2, lambda p, account, winner: decline_prize(p.pool, p.keys, account, winner, _once("decline"))),
            _SEND,
            _FINISH,
            _of(1, lambda p, _, winner: verify_claim(
                p.pool, p.campaign, winner, by=p.account("first"), request=_once("verify")
            )),
            Step(lambda p: grant_access(p.pool, p.campaign, p.account("first"), by=p.account("admin"), days=1, reason="寄送")),
            _reveal,
            Step(lambda p: export_claims(
                p.pool, p.keys, p.campaign, by=p.account("first"), reason="寄送", request=_once("export")
            )),
            Step(lambda p: end_access(p.pool, p.campaign, p.account("first"), by=p.account("admin"))),
            _of(1, lambda p, _, winner: ship_prize(
                p.pool, p.campaign, winner, by=p.account("first"), carrier="顺丰", tracking_no="SF1"
            )),
            _of(1, lambda p, account, winner: receive_prize(p.pool, account, winner, _once("receive"))),
            _SHRED,
            _ARCHIVE,
        ),
    ),
    "codes": Story(
        _coded,
        (
            Step(lambda p: add_codes(
                p.pool, p.keys, p.campaign, 2, ["A-1", "B-2"], by=p.account("first"), request=_once("codes")
            )),
            _FREEZE, _SETTLE, _announce("first"), _announce("second"), _FORFEIT, _claim(1, recipient_name="", phone="", address=""), _FINISH,
            _of(1, lambda p, account, winner: show_codes(p.pool, p.keys, account, winner, _once("show"))),
            _SHRED,
        ),
    ),
    "ticket": Story(
        _ticketed,
        (
            Step(lambda p: settle_campaign(p.pool, p.keys, p.campaign, by=p.account("first"), request=_once("settle"))),
            Step(lambda p: undo_settlement(
                p.pool, p.campaign, by=p.account("second"), reason="重新评选", request=_once("undo")
            )),
            Step(lambda p: settle_campaign(
                p.pool, p.keys, p.campaign, by=p.account("first"), request=_once("settle", "again")
            )),
            _announce("first"), _announce("second"), _claim(1, address=""), _FINISH,
            _of(1, lambda p, _, winner: hand_over_prize(
                p.pool, p.campaign, winner, by=p.account("first"), reason="现场领取", request=_once("hand over")
            )),
            _SHRED,
        ),
    ),
    "settled again": Story(
        _ranked,
        (
            _FREEZE, _SETTLE, _announce("first"), _announce("second"), _claim(1), Step(_object),
            _answer(remedy="settle_again"),
            Step(lambda p: undo_settlement(
                p.pool, p.campaign, by=p.account("fourth"), reason="异议成立", request=_once("undo")
            )),
            Step(lambda p: cancel_campaign(p.pool, p.account("first"), p.campaign, "名单有误", _once("cancel"))),
            Step(lambda p: cancel_campaign(p.pool, p.account("second"), p.campaign, "名单有误", _once("cancel"))),
            Step(_worker(lambda p: notify_next_cancellation(p.pool))),
            _SHRED,
        ),
    ),
    "removed": Story(
        _ranked,
        (
            _FREEZE, _SETTLE, _REMOVE, _announce("first"), _announce("second"), _claim(2), _SEND,
            Step(_object),
            Step(lambda p: answer_objections(
                p.pool, p.campaign, by=p.account("third"), kind="other", through_id=2**62, text="计数无误", request=_once("all")
            )),
            # The reserve who has moved up, after the claim.
            Step(_REMOVE.act, """
                UPDATE posts SET state = 'rejected'
                WHERE id = (SELECT post_id FROM winners WHERE campaign_id = $1 AND place = 2 ORDER BY id LIMIT 1)
            """),
            _SEND, _FINISH, _SHRED,
        ),
    ),
    "draw": Story(
        _drawn,
        (
            _LIST,
            Step(_enter("first").act, _list_out("2 minutes")),
            _enter("second"),
            _SETTLE,
            Step(lambda p: undo_settlement(
                p.pool, p.campaign, by=p.account("first"), reason="录错了", request=_once("undo")
            )),
            _correct("first"),
            _correct("third"),
            Step(lambda p: settle_campaign(p.pool, p.keys, p.campaign, by=p.account("first"), request=_once("settle"))),
            _announce("first"),
            _announce("second"),
            _REMOVE,
        ),
        drawn=True,
    ),
    "drand": Story(
        _by_drand,
        (
            _LIST, Step(_record_value, _list_out("97 hours")), _SETTLE,
        ),
        drawn=True,
    ),
    "own value": Story(
        _own_value,
        (
            _LIST, Step(_worker(lambda p: give_up_next_beacon(p.pool))), _SETTLE,
        ),
        drawn=True,
    ),
}  # fmt: skip
