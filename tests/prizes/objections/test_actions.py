"""Objections: who may object and answer, remedies, and the end of the objection period."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple, get_args

import msgspec
import pytest

from feed.accounts.model import AccountId, SecondPersonRequired
from feed.campaigns.entries.disqualification import disqualify_entry, reinstate_entry
from feed.campaigns.entries.shortlist import shortlist_entry, unlist_entry
from feed.campaigns.entries.voids import NewVoids, add_voids
from feed.campaigns.inputs import Disqualifying, Reinstating
from feed.errors import Invalid
from feed.idempotency import keyed_request
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners, finish_next_objections
from feed.prizes.announcement.replace_winner import replace_winner
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.draw.actions import enter_number
from feed.prizes.model import (
    AlreadyAnnounced,
    AlreadyObjected,
    Answered,
    InvolvedInCampaign,
    NotAnnounced,
    NotAParticipant,
    ObjectionAnswered,
    ObjectionId,
    ObjectionKind,
    ObjectionNeedsPhone,
    ObjectionsClosed,
    PrizeHandedOver,
    WinnerNotFound,
)
from feed.prizes.objections import actions as objection_actions
from feed.prizes.objections.actions import answer_objection, answer_objections, object_to_result
from feed.prizes.objections.involvement import is_involved
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import settle_campaign
from feed.prizes.winners.expiry import lapse_next_claim
from feed.screens.prizes.winners import list_winners
from tests.support import make, phases
from tests.support.make import DAY
from tests.support.notices import said
from tests.support.phases import Played
from tests.support.results import get_result

Decision = Callable[[Pool, Keys, Played, AccountId], Awaitable[None]]


class Campaign(NamedTuple):
    id: int
    posts: list[int]
    authors: list[AccountId]
    # Two editors who are not involved.
    third: AccountId
    fourth: AccountId


@pytest.fixture
async def announced(pool: Pool, keys: Keys) -> Campaign:
    campaign = await phases.announced(pool, keys, entries=6, reserve_count=2)
    authors = [await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post) for post in campaign.posts]
    third, fourth = [await make.person(pool, role="editor") for _ in range(2)]
    return Campaign(campaign.id, campaign.posts, authors, third, fourth)


async def _object(pool: Pool, campaign: Campaign, number: int = -1) -> ObjectionId:
    return await object_to_result(
        pool, campaign.id, by=campaign.authors[number], text="第一名刷赞", post_id=campaign.posts[0]
    )


async def _end_days(pool: Pool, campaign_id: int) -> None:
    await pool.execute("UPDATE campaigns SET objections_end_at = clock_timestamp() WHERE id = $1", campaign_id)


async def _state(pool: Pool, campaign_id: int) -> str:
    state: str = await pool.fetchval("SELECT state FROM campaigns WHERE id = $1", campaign_id)
    return state


async def test_a_participant_objects_once_within_the_objection_period(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    with pytest.raises(NotAParticipant):
        await object_to_result(pool, announced.id, by=await make.person(pool), text="不公平")
    for bad in ("", " ", "\x00", "长" * 1001):
        with pytest.raises(Invalid):
            await object_to_result(pool, announced.id, by=announced.authors[-1], text=bad)
    objection = await _object(pool, announced)
    with pytest.raises(AlreadyObjected):
        await _object(pool, announced)
    notified = await pool.fetchval("SELECT count(*) FROM inbox WHERE once_key = $1", f"objection:{objection}")
    assert notified == 1
    await _end_days(pool, announced.id)
    with pytest.raises(ObjectionsClosed):
        await _object(pool, announced, number=-2)
    decided = await phases.settled(pool, keys)
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", decided.posts[0])
    with pytest.raises(ObjectionsClosed):
        await object_to_result(pool, decided.id, by=author, text="为时过早")


async def test_concurrent_objections_of_one_account_are_one(pool: Pool, announced: Campaign) -> None:
    tries = [_object(pool, announced) for _ in range(5)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, AlreadyObjected) for each in found) == 4
    assert await pool.fetchval("SELECT count(*) FROM objections") == 1


async def test_who_may_object_has_a_phone_and_took_part_in_whatever_way_it_ended(
    pool: Pool, announced: Campaign
) -> None:
    await pool.execute(
        "UPDATE accounts SET person = NULL, phone_verified_at = NULL, phone_sealed = NULL WHERE id = $1",
        announced.authors[-1],
    )
    with pytest.raises(ObjectionNeedsPhone):
        await _object(pool, announced)
    out = announced.authors[-2], announced.authors[-3]
    await pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'copied', disqualified_by = $2 WHERE author_id = $1",
        out[0],
        announced.third,
    )
    await pool.execute("UPDATE posts SET state = 'removed' WHERE author_id = $1", out[1])
    for account in out:
        await object_to_result(pool, announced.id, by=account, text="没有违规", kind="eligibility")


async def test_a_person_has_one_open_objection_of_each_kind(pool: Pool, announced: Campaign) -> None:
    one, twin = announced.authors[-1], await make.account(pool)
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", one, twin
    )
    for kind in get_args(ObjectionKind):
        objection = await object_to_result(pool, announced.id, by=one, text="不公平", kind=kind)
        for account in (one, twin):
            with pytest.raises(AlreadyObjected):
                await object_to_result(pool, announced.id, by=account, text="不公平", kind=kind)
        await answer_objection(pool, objection, by=announced.third, text="无误")
    await object_to_result(pool, announced.id, by=twin, text="还是不公平", kind="counts")


async def _object_all(pool: Pool, campaign: Campaign, *, kind: ObjectionKind = "counts") -> list[ObjectionId]:
    return [await object_to_result(pool, campaign.id, by=author, text="刷赞", kind=kind) for author in campaign.authors]


async def test_all_objections_of_a_kind_are_answered_at_once_and_each_objector_is_notified(
    pool: Pool, announced: Campaign
) -> None:
    asked = await _object_all(pool, announced)
    (other,) = [await object_to_result(pool, announced.id, by=announced.authors[0], text="分数", kind="marks")]
    for involved in (
        announced.authors[1],
        *[each["id"] for each in await pool.fetch("SELECT created_by AS id FROM campaigns")],
    ):
        with pytest.raises(InvolvedInCampaign):
            await answer_objections(
                pool, announced.id, by=involved, kind="counts", through_id=asked[-1], text="计数无误"
            )
    answer = partial(answer_objections, pool, announced.id, by=announced.third, kind="counts", text="计数无误")
    # What was not read is not answered.
    assert await answer(through_id=asked[2]) == Answered(answered=3, unanswered=0)
    assert await answer(through_id=asked[-1]) == Answered(answered=6, unanswered=0)
    assert await answer(through_id=asked[-1]) == Answered(answered=6, unanswered=0)
    open_ids = [row["id"] for row in await pool.fetch("SELECT id FROM open_objections")]
    assert open_ids == [other]
    notified = await pool.fetch("SELECT account_id FROM inbox WHERE once_key LIKE 'objection_answered:%' ORDER BY id")
    assert sorted(row["account_id"] for row in notified) == sorted(announced.authors)
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'answer_objections'") == 2


async def test_a_request_answers_a_bounded_number_and_a_retry_with_its_key_acts_once(
    pool: Pool, announced: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objection_actions, "ANSWERED_MOST", 4)
    asked = await _object_all(pool, announced)
    answer = partial(
        answer_objections, pool, announced.id, by=announced.third, kind="counts", text="无误", through_id=asked[-1]
    )
    first = keyed_request("answer", "first", b"{}")
    for _ in range(2):
        assert await answer(request=first) == Answered(answered=4, unanswered=2)
    assert await answer(request=keyed_request("answer", "second", b"{}")) == Answered(answered=6, unanswered=0)


async def test_an_upheld_kind_is_remedied_by_another_person_once_for_all(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    asked = await _object_all(pool, announced, kind="winner")
    await answer_objections(
        pool,
        announced.id,
        by=announced.third,
        kind="winner",
        through_id=asked[-1],
        text="属实",
        remedy="replace",
        rank=1,
    )
    replace = partial(replace_winner, pool, keys, announced.id, 1, reason="异议成立")
    with pytest.raises(SecondPersonRequired):
        await replace(by=announced.third)
    assert await replace(by=announced.fourth) == "replaced"
    assert await pool.fetchval("SELECT count(*) FROM open_objections") == 0


async def test_two_editors_who_answer_a_kind_at_once_answer_each_objection_once(
    pool: Pool, announced: Campaign
) -> None:
    asked = await _object_all(pool, announced)
    answers = [
        answer_objections(pool, announced.id, by=by, kind="counts", through_id=asked[-1], text=f"无误，{by}")
        for by in (announced.third, announced.fourth)
    ]
    assert sorted(each.answered for each in await asyncio.gather(*answers)) == [0, 6]
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE once_key LIKE 'objection_answered:%'") == 6


async def test_involved_persons_cannot_answer(pool: Pool, announced: Campaign) -> None:
    objection = await _object(pool, announced)
    row = await pool.fetchrow(
        "SELECT created_by, announced_first_by, announced_by FROM campaigns WHERE id = $1", announced.id
    )
    assert row is not None
    juror, former, twin = [await make.person(pool, role="editor") for _ in range(3)]
    await pool.execute("INSERT INTO jurors (campaign_id, account_id) VALUES ($1, $2)", announced.id, juror)
    await pool.execute("INSERT INTO jurors VALUES ($1, $2, now(), now())", announced.id, former)
    # Another account of the editor who organised the campaign.
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2",
        row["created_by"],
        twin,
    )
    for involved in (*row.values(), juror, former, twin, announced.authors[1], announced.authors[-1]):
        with pytest.raises(InvolvedInCampaign):
            await answer_objection(pool, objection, by=involved, text="没有问题")
    await answer_objection(pool, objection, by=announced.third, text="经核查，计数无误。")
    with pytest.raises(ObjectionAnswered):
        await answer_objection(pool, objection, by=announced.fourth, text="再答一次")
    (answered,) = await said(pool, f"objection_answered:{objection}")
    assert answered.body == "经核查，计数无误。"


async def _shortlist(pool: Pool, keys: Keys, campaign: Played, by: AccountId) -> None:
    await shortlist_entry(pool, by, campaign.id, campaign.posts[1])
    await unlist_entry(pool, by, campaign.id, campaign.posts[1])


async def _disqualify(pool: Pool, keys: Keys, campaign: Played, by: AccountId) -> None:
    await disqualify_entry(pool, by, campaign.id, campaign.posts[-1], Disqualifying("plagiarism"))


async def _disqualify_and_reinstate(pool: Pool, keys: Keys, campaign: Played, by: AccountId) -> None:
    await _disqualify(pool, keys, campaign, await make.person(pool, role="editor"))
    await reinstate_entry(pool, by, campaign.id, campaign.posts[-1], Reinstating("appeal"))


async def _void(pool: Pool, keys: Keys, campaign: Played, by: AccountId) -> None:
    new = NewVoids(post_id=str(campaign.posts[-1]), kinds=["like"], reason_code="bought")
    await add_voids(pool, by, campaign.id, new)


async def _settle(pool: Pool, keys: Keys, campaign: Played, by: AccountId) -> None:
    await settle_campaign(pool, keys, campaign.id, by=by, reason="提前")


async def _settle_and_undo(pool: Pool, keys: Keys, campaign: Played, by: AccountId) -> None:
    other = await make.person(pool, role="editor")
    await settle_campaign(pool, keys, campaign.id, by=other)
    await undo_settlement(pool, campaign.id, by=by, reason="补作废")
    await settle_campaign(pool, keys, campaign.id, by=other)


@pytest.mark.parametrize(
    "make_decision", [_shortlist, _disqualify, _disqualify_and_reinstate, _void, _settle, _settle_and_undo]
)
async def test_persons_who_decided_about_the_campaign_cannot_answer_with_any_account(
    pool: Pool, keys: Keys, make_decision: Decision
) -> None:
    campaign = await phases.due(pool, entries=6)
    decider, twin = [await make.person(pool, role="editor") for _ in range(2)]
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", decider, twin
    )
    await make_decision(pool, keys, campaign, decider)
    if not await pool.fetchval("SELECT EXISTS (SELECT FROM settlements WHERE undone_at IS NULL)"):
        await settle_campaign(pool, keys, campaign.id, by=await make.person(pool, role="editor"), reason="开奖")
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    objection = await object_to_result(pool, campaign.id, by=author, text="不服")
    for involved in (decider, twin):
        with pytest.raises(InvolvedInCampaign):
            await answer_objection(pool, objection, by=involved, text="维持")
    await answer_objection(pool, objection, by=await make.person(pool, role="editor"), text="维持")


@pytest.mark.parametrize("acted", ["remove", "reject", "restore", "ban", "lift"])
async def test_who_judged_the_post_or_banned_the_objector_answers_no_objection_about_it(
    pool: Pool, announced: Campaign, acted: str
) -> None:
    decider, twin = [await make.person(pool, role="editor") for _ in range(2)]
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", decider, twin
    )
    objector = announced.authors[0]
    if acted in ("ban", "lift"):
        await pool.execute(
            """
            INSERT INTO sanctions (account_id, kind, reason_code, imposed_by, lifted_at, lifted_by)
            VALUES ($1, 'ban', 'spam', $2, now(), $3)
            """,
            objector,
            decider if acted == "ban" else announced.fourth,
            announced.fourth if acted == "ban" else decider,
        )
    else:
        await pool.execute(
            """
            WITH judged AS (
                INSERT INTO cases (kind, post_id, author_id, due_at) VALUES ('report', $1, $2, now()) RETURNING id
            )
            INSERT INTO verdicts (case_id, stage, post_id, author_id, reviewer_id, verdict, reason_code)
            SELECT id, 1, $1, $2, $3, $4, 'spam' FROM judged
            """,
            announced.posts[0],
            objector,
            decider,
            acted,
        )
    objection = await object_to_result(pool, announced.id, by=objector, text="没有违规", post_id=announced.posts[0])
    for involved in (decider, twin):
        with pytest.raises(InvolvedInCampaign):
            await answer_objection(pool, objection, by=involved, text="维持")
        with pytest.raises(InvolvedInCampaign):
            await answer_objections(pool, announced.id, by=involved, kind="other", through_id=objection, text="维持")
    await answer_objection(pool, objection, by=announced.third, text="维持")


async def test_editors_who_entered_the_number_of_a_draw_are_involved(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys, ago=2 * DAY, beacon_order=["public_number"])
    at = make.now() - DAY
    decider, other, third = [await make.person(pool, role="editor") for _ in range(3)]
    for each in (decider, other):
        await enter_number(pool, campaign.id, by=each, round_="2026095", value="03 09 14 21 27 33 + 05", appeared_at=at)
    async with pool.acquire() as conn:
        assert await is_involved(conn, campaign.id, decider)
        assert await is_involved(conn, campaign.id, other)
        assert not await is_involved(conn, campaign.id, third)


async def test_requesting_a_replacement_is_involvement_and_upholding_an_objection_is_not(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    one, other = await _object(pool, announced), await _object(pool, announced, number=-2)
    assert await replace_winner(pool, keys, announced.id, 2, by=announced.fourth, reason="刷赞") == "recorded"
    with pytest.raises(InvolvedInCampaign):
        await answer_objection(pool, one, by=announced.fourth, text="属实")
    await answer_objection(pool, one, by=announced.third, text="属实", remedy="replace", rank=1)
    await answer_objection(pool, other, by=announced.third, text="计数无误")


async def test_the_person_who_upheld_an_objection_cannot_carry_it_out(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    twin = await make.person(pool, role="editor")
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", announced.third, twin
    )
    assert await replace_winner(pool, keys, announced.id, 2, by=announced.fourth, reason="刷赞") == "recorded"
    objection = await _object(pool, announced)
    await answer_objection(pool, objection, by=announced.third, text="属实", remedy="replace", rank=2)
    for same in (announced.third, twin):
        with pytest.raises(SecondPersonRequired):
            await replace_winner(pool, keys, announced.id, 2, by=same, reason="异议成立")
    # The person of the earlier request is not the one who upheld the objection.
    assert await replace_winner(pool, keys, announced.id, 2, by=announced.fourth, reason="异议成立") == "replaced"


async def test_one_person_objects_once_with_any_account(pool: Pool, announced: Campaign) -> None:
    first, second = announced.authors[-1], announced.authors[-2]
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", first, second
    )
    found = await asyncio.gather(
        *(_object(pool, announced, number=number) for number in (-1, -2, -1, -2)), return_exceptions=True
    )
    assert sum(isinstance(each, AlreadyObjected) for each in found) == 3
    assert await pool.fetchval("SELECT count(*) FROM objections") == 1


async def test_a_repeated_replacement_returns_replaced_also_when_the_result_is_final(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    request = keyed_request("/replace", "the same key", b"{}")
    await replace_winner(pool, keys, announced.id, 1, by=announced.third, reason="刷赞")
    for _ in range(2):
        outcome = await replace_winner(pool, keys, announced.id, 1, by=announced.fourth, reason="刷赞", request=request)
        assert outcome == "replaced"
        await _end_days(pool, announced.id)
        await finish_next_objections(pool)
    assert await _state(pool, announced.id) == "final"


async def test_a_result_is_final_after_the_objection_period_without_open_objections(
    pool: Pool, announced: Campaign
) -> None:
    objection = await _object(pool, announced)
    assert not await finish_next_objections(pool)
    await _end_days(pool, announced.id)
    assert not await finish_next_objections(pool)
    await answer_objection(pool, objection, by=announced.third, text="计数无误")
    assert await finish_next_objections(pool)
    assert not await finish_next_objections(pool)
    assert await _state(pool, announced.id) == "final"


async def test_an_upheld_objection_is_remedied_by_another_person(pool: Pool, keys: Keys, announced: Campaign) -> None:
    objection = await _object(pool, announced)
    with pytest.raises(Invalid):
        await answer_objection(pool, objection, by=announced.third, text="成立", remedy="replace")
    with pytest.raises(WinnerNotFound):
        await answer_objection(pool, objection, by=announced.third, text="成立", remedy="replace", rank=5)
    await answer_objection(pool, objection, by=announced.third, text="第一名刷赞属实", remedy="replace", rank=1)
    await _end_days(pool, announced.id)
    assert not await finish_next_objections(pool)
    with pytest.raises(SecondPersonRequired):
        await replace_winner(pool, keys, announced.id, 1, by=announced.third, reason="异议成立")

    outcome = await replace_winner(pool, keys, announced.id, 1, by=announced.fourth, reason="异议成立")

    assert outcome == "replaced"
    places = [(row["place"], row["post_id"], row["state"]) for row in await phases.winners_of(pool, announced.id)]
    assert places == [
        (1, announced.posts[0], "forfeited"),
        (1, announced.posts[2], "notified"),
        (2, announced.posts[1], "notified"),
    ]
    async with pool.acquire() as conn:
        document = await get_result(conn, announced.id)
        shown = await list_winners(conn, announced.id)
    (amendment,) = msgspec.json.decode(document)["amendments"]
    assert amendment["reason"] == "objection_upheld"
    assert verify_result(document, keys.public_keys().keys).is_valid
    assert [(each.place, each.post_id, each.moved_up) for each in shown.items] == [
        (1, str(announced.posts[2]), True),
        (2, str(announced.posts[1]), False),
    ]
    assert all(each.name_masked.startswith("p**（") for each in shown.items)
    assert "取消" in (await said(pool, "forfeited:%", to=announced.authors[0]))[-1].title
    assert await finish_next_objections(pool)
    with pytest.raises(NotAnnounced):
        await replace_winner(pool, keys, announced.id, 2, by=announced.third, reason="太晚")


async def test_a_replacement_takes_two_people_and_an_unshipped_prize(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    twin = await make.person(pool, role="editor")
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", announced.third, twin
    )
    assert await replace_winner(pool, keys, announced.id, 1, by=announced.third, reason="冒用他人作品") == "recorded"
    for same in (announced.third, twin):
        with pytest.raises(SecondPersonRequired):
            await replace_winner(pool, keys, announced.id, 1, by=same, reason="冒用他人作品")
    with pytest.raises(Invalid):
        await replace_winner(pool, keys, announced.id, 1, by=announced.fourth, reason=" ")
    await pool.execute("UPDATE winners SET state = 'shipped' WHERE campaign_id = $1 AND place = 1", announced.id)
    with pytest.raises(PrizeHandedOver):
        await replace_winner(pool, keys, announced.id, 1, by=announced.fourth, reason="冒用他人作品")
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 0
    with pytest.raises(WinnerNotFound):
        await replace_winner(pool, keys, announced.id, 3, by=announced.fourth, reason="冒用他人作品")


async def _name_organiser(pool: Pool) -> None:
    await pool.execute("""UPDATE campaigns SET draft = draft || '{"organiser": "城报", "contact": ""}'""")


async def test_a_replaced_winner_reads_the_reason_that_both_have_given_and_not_what_they_wrote(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    await _name_organiser(pool)
    replace = partial(replace_winner, pool, keys, announced.id, 1, reason="与某某账号同一人")
    assert await replace(by=announced.third, reason_code="cheating") == "recorded"
    # Another reason is another request.
    assert await replace(by=announced.fourth) == "recorded"
    assert await replace(by=announced.fourth, reason_code="cheating") == "replaced"
    (lost,) = await said(pool, "forfeited:%", to=announced.authors[0])
    assert lost.body.startswith("原因：刷赞或作弊。如有异议，可在")
    assert "前到活动页提出。如有疑问，请联系主办方：“城报”。" in lost.body
    everything = await pool.fetch("SELECT params::text FROM inbox")
    assert not [row for row in everything if "同一人" in row["params"]]


async def test_after_an_upheld_objection_the_winner_reads_what_it_was_about(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    await _name_organiser(pool)
    author, post = announced.authors[-1], announced.posts[0]
    objection = await object_to_result(
        pool, announced.id, by=author, text="不符合条件", kind="eligibility", post_id=post
    )
    await answer_objection(pool, objection, by=announced.third, text="属实", remedy="replace", rank=1)
    replace = partial(replace_winner, pool, keys, announced.id, 1, by=announced.fourth, reason="异议成立")
    with pytest.raises(Invalid) as rejected:
        await replace(reason_code="cheating")
    assert [(each.field, each.code) for each in rejected.value.errors] == [("reason_code", "not_asked_for")]
    await pool.execute("UPDATE campaigns SET objections_end_at = now() WHERE id = $1", announced.id)
    assert await replace() == "replaced"
    (lost,) = await said(pool, "forfeited:%", to=announced.authors[0])
    assert lost.body.startswith("原因：关于参与资格的异议经复核成立。如有疑问，请联系主办方：“城报”。")
    (english,) = await said(pool, "forfeited:%", to=announced.authors[0], language="en")
    assert english.body.startswith(
        "Reason: an objection to the eligibility was upheld. Questions? Ask the organiser: “城报”."
    )


async def test_concurrent_second_approvals_replace_once(pool: Pool, keys: Keys, announced: Campaign) -> None:
    await replace_winner(pool, keys, announced.id, 1, by=announced.third, reason="刷赞")
    others = [await make.person(pool, role="editor") for _ in range(4)]
    outcome = await asyncio.gather(
        *(replace_winner(pool, keys, announced.id, 1, by=each, reason="刷赞") for each in others),
        return_exceptions=True,
    )
    assert outcome.count("replaced") == 1
    assert sum(isinstance(each, WinnerNotFound) for each in outcome) == 3
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 1


async def test_a_lapsed_winner_closes_the_objection_that_names_the_place(
    pool: Pool, keys: Keys, announced: Campaign
) -> None:
    objection = await _object(pool, announced)
    await answer_objection(pool, objection, by=announced.third, text="属实", remedy="replace", rank=1)
    await pool.execute(
        "UPDATE winners SET claim_ends_at = clock_timestamp() WHERE campaign_id = $1 AND place = 1", announced.id
    )
    assert await lapse_next_claim(pool, keys)
    await _end_days(pool, announced.id)
    assert await finish_next_objections(pool)


async def test_an_undone_result_is_named_by_the_next_one(pool: Pool, keys: Keys, announced: Campaign) -> None:
    objection = await _object(pool, announced)
    with pytest.raises(AlreadyAnnounced):
        await undo_settlement(pool, announced.id, by=announced.fourth, reason="重新评选")
    await answer_objection(pool, objection, by=announced.third, text="计票有误", remedy="settle_again")
    with pytest.raises(SecondPersonRequired):
        await undo_settlement(pool, announced.id, by=announced.third, reason="重新评选")
    withdrawn = await pool.fetchval("SELECT result_sha256 FROM settlements")

    await undo_settlement(pool, announced.id, by=announced.fourth, reason="重新评选")

    assert await _state(pool, announced.id) == "judging"
    assert {row["state"] for row in await phases.winners_of(pool, announced.id)} == {"forfeited"}
    assert len([each for each in await said(pool) if "撤销" in each.title]) == 2
    assert not await finish_next_objections(pool)
    await make.void(pool, announced.id, post_id=announced.posts[0])
    await settle_campaign(pool, keys, announced.id, by=announced.third)
    for _ in range(2):
        await announce_winners(pool, keys, announced.id, by=await make.person(pool, role="editor"))
    async with pool.acquire() as conn:
        document = await get_result(conn, announced.id)
    finding = verify_result(document, keys.public_keys().keys)
    assert finding.is_valid, finding.problems
    assert msgspec.json.decode(document)["withdrawn"] == [withdrawn]
    assert finding.holders == [str(announced.posts[1]), str(announced.posts[2])]
    # The new result can be objected to again.
    await _object(pool, announced)


async def test_a_result_with_a_shipped_prize_cannot_be_undone(pool: Pool, announced: Campaign) -> None:
    one, other = await _object(pool, announced), await _object(pool, announced, number=-2)
    await answer_objection(pool, one, by=announced.third, text="计票有误", remedy="settle_again")
    await pool.execute("UPDATE winners SET state = 'shipped' WHERE campaign_id = $1 AND place = 2", announced.id)
    with pytest.raises(PrizeHandedOver):
        await undo_settlement(pool, announced.id, by=announced.fourth, reason="重新评选")
    with pytest.raises(PrizeHandedOver):
        await answer_objection(pool, other, by=announced.third, text="计票有误", remedy="settle_again")
