"""Each kind of overdue step is listed after its time limit, and no longer once the step is done."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

import feed
from feed.accounts.model import AccountId
from feed.campaigns.model import Rules, time_text
from feed.decoding.decoder import convert
from feed.keys.store import Keys
from feed.media.addresses import MediaAddresses
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.claims.actions import claim_prize
from feed.prizes.claims.codes import add_codes
from feed.prizes.claims.fulfilment import decline_prize, ship_prize, verify_claim
from feed.prizes.draw.actions import enter_number, publish_next_list
from feed.prizes.model import ObjectionId, WinnerId
from feed.prizes.objections.actions import answer_objection, object_to_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.prizes.winners.expiry import lapse_next_claim
from feed.screens.campaigns.cards import get_campaign
from feed.screens.prizes.overdue import DESCRIPTIONS, Kind, list_overdue
from feed.sms.actions import begin_sending, record_failed, requeue
from feed.sms.model import MessageId, SendAttempt
from tests.support import make, phases
from tests.support.phases import Played

CODE = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}


async def overdue(pool: Pool) -> dict[Kind, int]:
    async with pool.acquire() as conn:
        items = await list_overdue(conn, kept_days=90)
    assert all(each.since is not None and each.title and each.what for each in items)
    return {each.kind: each.count for each in items}


def test_every_step_says_in_both_languages_what_to_do_and_speaks_of_no_method() -> None:
    assert DESCRIPTIONS.keys() == set(get_args(Kind))
    for kind, (zh, en) in DESCRIPTIONS.items():
        assert en.isascii(), kind
        # The same line stands for a draw.
        assert not [word for word in ("作品", "打分", "评选", "获奖", "中奖") if word in zh], kind
        keys_of = [re.findall(r"[（(]([a-z_]+)[）)]", text) for text in (zh, en)]
        assert keys_of[0] == keys_of[1], kind


async def age(pool: Pool, column: str, table: str, by: timedelta) -> None:
    """Moves a time in every row into the past."""
    await pool.execute(f"UPDATE {table} SET {column} = {column} - $1::interval", by)


async def editors(pool: Pool) -> tuple[AccountId, AccountId]:
    return await make.person(pool, role="editor"), await make.person(pool, role="editor")


async def winners(pool: Pool, campaign: Played) -> list[tuple[WinnerId, AccountId]]:
    items = await phases.winners_of(pool, campaign.id)
    return [(WinnerId(row["id"]), AccountId(row["account_id"])) for row in items]


async def test_unsettled_until_its_sheet_is_frozen(pool: Pool, keys: Keys) -> None:
    await phases.due(pool)
    assert await overdue(pool) == {"unsettled": 1}
    assert await freeze_next_campaign(pool)
    assert await overdue(pool) == {}


async def make_late(pool: Pool, campaign: Played, by: timedelta) -> None:
    """Moves the campaign so that the latest time of its result was `by` ago."""
    document = await pool.fetchval("SELECT rules FROM campaign_rules WHERE campaign_id = $1", campaign.id)
    rules = convert(document, Rules)
    settle_at = make.now() - by - (rules.result_due_at - rules.settles_at)
    await pool.execute(
        "UPDATE campaigns SET ends_at = $1::timestamptz - (settle_at - ends_at), settle_at = $1", settle_at
    )
    await pool.execute(
        "UPDATE campaign_rules SET rules = rules || jsonb_build_object('settle_at', $1::text)", time_text(settle_at)
    )


async def is_late(pool: Pool, campaign: Played) -> bool:
    """Whether the campaign is said to have no result in time, on which list and card agree."""
    async with pool.acquire() as conn:
        card = await get_campaign(conn, campaign.id, MediaAddresses())
    assert ("result_overdue" in await overdue(pool)) is card.result_overdue
    return card.result_overdue


@pytest.mark.parametrize("method", ["ranked", "draw"])
async def test_a_result_is_overdue_after_the_day_that_the_rules_name(pool: Pool, keys: Keys, method: str) -> None:
    terms: dict[str, Any] = {"beacon_wait_hours": 30, "beacon_order": ["drand", "public_number"]}
    campaign = await (phases.due_draw(pool, keys, **terms) if method == "draw" else phases.due(pool))
    document = await pool.fetchval("SELECT rules FROM campaign_rules WHERE campaign_id = $1", campaign.id)
    rules = convert(document, Rules)
    assert rules.result_due_at - rules.settles_at == timedelta(days=7, hours=0 if method == "ranked" else 60)
    for late, found in ((timedelta(minutes=-5), False), (timedelta(minutes=5), True)):
        await make_late(pool, campaign, late)
        assert await is_late(pool, campaign) is found


async def test_a_result_is_overdue_until_it_is_announced(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    await make_late(pool, campaign, timedelta(minutes=5))
    assert await is_late(pool, campaign)
    for editor in await editors(pool):
        assert await is_late(pool, campaign)
        await announce_winners(pool, keys, campaign.id, by=editor)
    assert not await is_late(pool, campaign)


async def test_undecided_when_a_frozen_sheet_gets_no_result(pool: Pool, keys: Keys) -> None:
    await phases.frozen(pool)
    assert await overdue(pool) == {}
    await age(pool, "frozen_at", "settlements", timedelta(minutes=11))
    assert await overdue(pool) == {"undecided": 1}
    assert await settle_next_campaign(pool, keys)
    assert await overdue(pool) == {}


async def test_undecided_when_the_list_of_a_draw_is_not_published(pool: Pool, keys: Keys) -> None:
    await phases.due_draw(pool, keys)
    assert await freeze_next_campaign(pool)
    assert await overdue(pool) == {}
    await age(pool, "frozen_at", "settlements", timedelta(minutes=11))
    assert await overdue(pool) == {"undecided": 1}
    assert await publish_next_list(pool)
    # It is not overdue for a day: it waits for its public value.
    assert await overdue(pool) == {}


async def test_undecided_when_a_draw_has_its_value_and_no_result(pool: Pool, keys: Keys) -> None:
    await phases.due_draw(pool, keys, beacon_order=[])
    assert await freeze_next_campaign(pool)
    assert await publish_next_list(pool)
    await age(pool, "frozen_at", "settlements", timedelta(days=2))
    await pool.execute(
        """
        UPDATE draws SET list_published_at = now() - interval '2 days', source = 'own', round = '1', value = 'x', beacon_at = now()
        """
    )
    assert await overdue(pool) == {}
    await age(pool, "beacon_at", "draws", timedelta(minutes=11))
    assert await overdue(pool) == {"undecided": 1}


async def test_awaiting_a_beacon_for_more_than_a_day_until_two_have_entered_it(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys, ago=timedelta(hours=23))
    assert await overdue(pool) == {}
    await phases.age_list(pool, campaign.id, timedelta(hours=25))
    assert await overdue(pool) == {"awaiting_beacon": 1}
    for editor in await editors(pool):
        await enter_number(
            pool,
            campaign.id,
            by=editor,
            round_="2026137",
            value="03 07 12",
            appeared_at=make.now() - timedelta(hours=1),
        )
    assert await overdue(pool) == {}


async def test_unannounced_a_day_after_the_decision(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    assert await overdue(pool) == {}
    await age(pool, "settled_at", "campaigns", timedelta(hours=25))
    assert await overdue(pool) == {"unannounced": 1}
    for editor in await editors(pool):
        await announce_winners(pool, keys, campaign.id, by=editor)
    assert await overdue(pool) == {}


async def _objected(pool: Pool, campaign: Played) -> ObjectionId:
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    return await object_to_result(pool, campaign.id, by=author, text="第一名刷赞", post_id=campaign.posts[0])


async def test_an_objection_waits_too_long_for_its_answer(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    objection = await _objected(pool, campaign)
    # It was made just now.
    assert await overdue(pool) == {}
    await age(pool, "made_at", "objections", timedelta(hours=49))
    assert await overdue(pool) == {"objection_open": 1}
    await answer_objection(pool, objection, by=(await editors(pool))[0], text="查无此事")
    assert await overdue(pool) == {}


async def test_an_objection_waits_too_long_for_what_follows_from_it(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    objection = await _objected(pool, campaign)
    await age(pool, "made_at", "objections", timedelta(days=3))
    await answer_objection(pool, objection, by=(await editors(pool))[0], text="属实", remedy="replace", rank=1)
    assert await overdue(pool) == {}
    await age(pool, "answered_at", "objections", timedelta(hours=25))
    assert await overdue(pool) == {"objection_open": 1}
    # The winner to be replaced has declined, so the remedy is not needed any more.
    (best, account), _ = await winners(pool, campaign)
    await decline_prize(pool, keys, account, best)
    assert await overdue(pool) == {}


async def test_unclaimed_within_two_days_of_the_end(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    assert await overdue(pool) == {}
    await age(pool, "claim_ends_at", "winners", timedelta(days=6))
    assert await overdue(pool) == {"unclaimed": 2}
    for winner, account in await winners(pool, campaign):
        await claim_prize(pool, keys, account, winner, phases.FORM)
    assert await overdue(pool) == {}


async def test_a_claim_waits_too_long_to_be_verified(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    (best, account), _ = await winners(pool, campaign)
    await claim_prize(pool, keys, account, best, phases.FORM)
    assert await overdue(pool) == {}
    await age(pool, "claimed_at", "claims", timedelta(days=4))
    assert await overdue(pool) == {"unverified": 1}
    await verify_claim(pool, campaign.id, best, by=(await editors(pool))[0])
    assert await overdue(pool) == {}


async def test_goods_wait_too_long_to_be_sent_once_they_may_be(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    (best, account), _ = await winners(pool, campaign)
    editor, _ = await editors(pool)
    await claim_prize(pool, keys, account, best, phases.FORM)
    await verify_claim(pool, campaign.id, best, by=editor)
    await age(pool, "claimed_at", "claims", timedelta(days=9))
    # Nothing may be sent within the objection period, and for seven days after it nothing is overdue.
    assert await overdue(pool) == {}
    await phases.finish(pool, campaign.id)
    assert await overdue(pool) == {}
    await age(pool, "final_at", "campaigns", timedelta(days=8))
    assert await overdue(pool) == {"unshipped": 1}
    await ship_prize(pool, campaign.id, best, by=editor, carrier="顺丰", tracking_no="SF1234567890")
    assert await overdue(pool) == {}


async def test_codes_are_missing_until_there_is_one_for_each(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys, prizes=[CODE])
    assert await overdue(pool) == {"codes_missing": 2}
    await add_codes(pool, keys, campaign.id, 1, ["A", "B"], by=(await editors(pool))[0])
    assert await overdue(pool) == {}


async def test_details_are_kept_longer_than_they_should_be(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    for winner, account in await winners(pool, campaign):
        await decline_prize(pool, keys, account, winner)
    await phases.finish(pool, campaign.id, days=90)
    assert await overdue(pool) == {}
    await age(pool, "final_at", "campaigns", timedelta(days=2))
    assert await overdue(pool) == {"key_overdue": 1}


async def _notices(pool: Pool) -> list[MessageId]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM messages ORDER BY id")]


async def _attempt(pool: Pool, message: MessageId) -> SendAttempt:
    attempt = await begin_sending(pool, message, "fake", None)
    assert isinstance(attempt, SendAttempt)
    return attempt


async def test_a_notice_that_failed_waits_until_it_would_be_too_late(pool: Pool, keys: Keys) -> None:
    await phases.announced(pool, keys)
    first, _ = await _notices(pool)
    await record_failed(pool, await _attempt(pool, first), "isv.MOBILE_NUMBER_ILLEGAL")
    assert await overdue(pool) == {"notice_unsent": 1}
    # An expired notice needs no decision.
    await pool.execute("UPDATE messages SET expires_at = now() WHERE id = $1", first)
    assert await overdue(pool) == {}


async def test_a_notice_that_a_provider_puts_off_is_held_after_an_hour(pool: Pool, keys: Keys) -> None:
    await phases.announced(pool, keys)
    first, _ = await _notices(pool)
    await requeue(pool, await _attempt(pool, first), error_code="isv.AMOUNT_NOT_ENOUGH", after=timedelta(minutes=5))
    assert await overdue(pool) == {}
    await age(pool, "created_at", "messages", timedelta(minutes=61))
    assert await overdue(pool) == {"notice_held": 1}


async def test_a_notice_that_is_not_sent_is_held_after_a_night(pool: Pool, keys: Keys) -> None:
    await phases.announced(pool, keys)
    for column in ("created_at", "not_before"):
        await age(pool, column, "messages", timedelta(hours=11))
    # They may have been waiting for the end of the quiet hours.
    assert await overdue(pool) == {}
    await age(pool, "not_before", "messages", timedelta(hours=2))
    assert await overdue(pool) == {"notice_held": 2}


async def test_a_notice_whose_sender_was_killed_and_whose_outcome_is_not_queried_is_held(
    pool: Pool, keys: Keys
) -> None:
    await phases.announced(pool, keys)
    await _attempt(pool, (await _notices(pool))[0])
    assert await overdue(pool) == {}
    await age(pool, "sending_at", "messages", timedelta(hours=3))
    assert await overdue(pool) == {"notice_held": 1}


@pytest.mark.parametrize("how", ["queued", "expired", "failed"])
async def test_a_prize_has_lapsed_whose_notice_never_went_out(pool: Pool, keys: Keys, how: str) -> None:
    await phases.announced(pool, keys, reserve_count=0)
    first, second = await _notices(pool)
    await pool.execute("UPDATE messages SET state = 'delivered', sending_at = now() WHERE id = $1", second)
    if how == "failed":
        await record_failed(pool, await _attempt(pool, first), "isv.MOBILE_NUMBER_ILLEGAL")
    await pool.execute("UPDATE winners SET claim_ends_at = now()")
    await pool.execute("UPDATE messages SET expires_at = now()")
    if how == "expired":
        assert await begin_sending(pool, first, "fake", None) is None
    while await lapse_next_claim(pool, keys):
        pass
    assert await overdue(pool) == {"lapsed_untold": 1}
    await age(pool, "ended_at", "winners", timedelta(days=8))
    assert await overdue(pool) == {}


async def test_a_blocked_settlement_is_overdue_until_it_is_settled_by_an_editor(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool)
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", campaign.posts[0])
    assert not await freeze_next_campaign(pool)
    assert await overdue(pool) == {"unsettled": 1}
    await settle_campaign(pool, keys, campaign.id, by=(await editors(pool))[0], reason="审核积压")
    assert await overdue(pool) == {}


def test_every_kind_has_both_languages_and_is_in_the_contract() -> None:
    contract = (Path(feed.__file__).parents[1] / "docs/reference/api.md").read_text()
    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in contract] == []
    assert set(DESCRIPTIONS) == set(get_args(Kind))
    assert all(chinese and english for chinese, english in DESCRIPTIONS.values())
