"""A winner whose post is removed, rejected or deleted, or who is erased, loses the place, unless the prize is handed over."""

import asyncio
from typing import get_args

import pytest

from feed.accounts.model import AccountId
from feed.cases.model import CaseId
from feed.keys.store import Keys
from feed.moderation.actions import judge_case
from feed.moderation.model import NewVerdict, VerdictKind
from feed.moderation.takedowns.actions import take_down
from feed.moderation.takedowns.model import Target
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.claims.actions import claim_prize
from feed.prizes.claims.fulfilment import receive_prize, ship_prize, verify_claim
from feed.prizes.model import WinnerId, WinnerNotVisible, WinnerState, WrongPrizeState
from feed.prizes.objections.actions import answer_objection, object_to_result
from feed.prizes.result.verify import verify_result
from feed.prizes.winners.expiry import forfeit_next_prize
from feed.reports.appeal_model import AppealTarget
from feed.reports.appeals import appeal_decision
from feed.screens.prizes.overdue import list_overdue
from feed.screens.prizes.settlement import get_decision
from tests.support import make, phases
from tests.support.notices import said
from tests.support.phases import Played
from tests.support.results import get_result

REASONS = {"removed": "post_removed", "rejected": "post_removed", "deleted": "post_deleted", "erased": "erased"}
HANDED_OVER = {"shipped", "received"}
OVER = {"lapsed", "declined", "forfeited"}


async def end(pool: Pool, post_id: int, how: str) -> None:
    """What a reviewer, the author or the app does to a post, as its rows show it."""
    if how == "erased":
        await pool.execute(
            "UPDATE accounts SET erased_at = now() WHERE id = (SELECT author_id FROM posts WHERE id = $1)", post_id
        )
    else:
        await pool.execute(
            "UPDATE posts SET state = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN now() END WHERE id = $1",
            post_id,
            how,
        )


async def holders(pool: Pool, campaign: Played) -> list[int]:
    """The posts that hold the places, by place."""
    rows = await pool.fetch("SELECT post_id FROM held_places WHERE campaign_id = $1 ORDER BY place", campaign.id)
    return [row["post_id"] for row in rows]


@pytest.mark.parametrize("how", REASONS)
async def test_the_place_ends_with_its_amendment_and_the_next_reserve_moves_up(
    pool: Pool, keys: Keys, how: str
) -> None:
    campaign = await phases.announced(pool, keys)
    lost = (await phases.winners_of(pool, campaign.id))[0]
    await end(pool, campaign.posts[0], how)
    assert await forfeit_next_prize(pool, keys)
    assert not await forfeit_next_prize(pool, keys)
    assert await holders(pool, campaign) == [campaign.posts[2], campaign.posts[1]]
    async with pool.acquire() as conn:
        text = await get_result(conn, campaign.id)
    verified = verify_result(text, keys.public_keys().keys)
    assert verified.is_valid
    assert [(each.place, each.reason) for each in verified.amendments] == [(1, REASONS[how])]
    creator = await pool.fetchval("SELECT created_by FROM campaigns WHERE id = $1", campaign.id)
    notified = await pool.fetch("SELECT account_id, once_key FROM inbox ORDER BY id")
    keys_of = {(row["account_id"], row["once_key"]) for row in notified}
    assert (lost["account_id"], f"forfeited:{lost['id']}") in keys_of
    assert (creator, f"place_ended:{lost['id']}") in keys_of
    if REASONS[how] == "post_removed":
        texts = [*await said(pool, "forfeited:%"), *await said(pool, "place_ended:%")]
        assert all("移除" in each.body for each in texts)


@pytest.mark.parametrize("state", get_args(WinnerState))
async def test_in_every_state_until_the_prize_is_handed_over(pool: Pool, keys: Keys, state: WinnerState) -> None:
    campaign = await (phases.settled if state == "selected" else phases.announced)(pool, keys)
    await pool.execute("UPDATE winners SET state = $2 WHERE campaign_id = $1 AND place = 1", campaign.id, state)
    await end(pool, campaign.posts[0], "removed")
    assert await forfeit_next_prize(pool, keys) is (state not in HANDED_OVER | OVER)
    held = await holders(pool, campaign)
    assert (campaign.posts[0] in held) is (state in HANDED_OVER)


async def test_a_removal_by_a_verdict_ends_the_claim_and_a_restored_post_does_not_bring_back_what_is_passed_on(
    pool: Pool, keys: Keys
) -> None:
    campaign = await phases.announced(pool, keys)
    first = (await phases.winners_of(pool, campaign.id))[0]
    await claim_prize(pool, keys, first["account_id"], WinnerId(first["id"]), phases.FORM)
    # As publishing does.
    await pool.execute("UPDATE accounts SET post_count = (SELECT count(*) FROM posts WHERE author_id = accounts.id)")
    reviewer = await make.person(pool, role="reviewer")
    case = await pool.fetchval(
        """
        INSERT INTO cases (kind, post_id, author_id, revision, due_at)
        SELECT 'post', id, author_id, revision, now() FROM posts WHERE id = $1
        RETURNING id
        """,
        campaign.posts[0],
    )
    await judge_case(pool, reviewer, CaseId(case), NewVerdict("remove", 1, "illegal"))
    # For a day the winner may appeal.
    assert not await forfeit_next_prize(pool, keys)
    await pool.execute("UPDATE verdicts SET made_at = made_at - interval '1 day'")
    assert await forfeit_next_prize(pool, keys)
    assert await pool.fetchval("SELECT count(*) FROM claims") == 0
    version = await pool.fetchval("SELECT version FROM cases WHERE id = $1", case)
    await judge_case(pool, reviewer, CaseId(case), NewVerdict("restore", version, "mistaken"))
    assert not await forfeit_next_prize(pool, keys)
    assert await holders(pool, campaign) == [campaign.posts[2], campaign.posts[1]]


async def test_a_post_restored_before_its_place_is_passed_on_keeps_it(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    await end(pool, campaign.posts[0], "removed")
    await pool.execute("UPDATE posts SET state = 'published' WHERE id = $1", campaign.posts[0])
    assert not await forfeit_next_prize(pool, keys)
    assert await holders(pool, campaign) == campaign.posts[:2]


async def test_an_appealed_removal_waits_for_the_decision_and_is_listed_meanwhile(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    first = (await phases.winners_of(pool, campaign.id))[0]
    await end(pool, campaign.posts[0], "removed")
    # An objection of another participant is no appeal.
    other = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[3])
    await object_to_result(pool, campaign.id, by=other, text="刷赞", post_id=campaign.posts[0])
    assert await pool.fetchval("SELECT count(*) FROM places_to_end WHERE appealed_since IS NULL") == 1
    appeal = await object_to_result(
        pool, campaign.id, by=first["account_id"], text="没有违规", post_id=campaign.posts[0]
    )
    assert not await forfeit_next_prize(pool, keys)
    async with pool.acquire() as conn:
        assert "removal_appealed" in {each.kind for each in await list_overdue(conn, kept_days=90)}
    await answer_objection(pool, appeal, by=await make.person(pool, role="editor"), text="确有违规")
    assert await forfeit_next_prize(pool, keys)
    async with pool.acquire() as conn:
        assert "removal_appealed" not in {each.kind for each in await list_overdue(conn, kept_days=90)}
    assert await holders(pool, campaign) == [campaign.posts[2], campaign.posts[1]]


async def test_an_open_case_of_an_appeal_holds_the_place_but_not_what_its_author_does(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    await end(pool, campaign.posts[0], "removed")
    await pool.execute(
        """
        INSERT INTO cases (kind, post_id, author_id, due_at)
        SELECT 'appeal', id, author_id, now() FROM posts WHERE id = $1
        """,
        campaign.posts[0],
    )
    assert not await forfeit_next_prize(pool, keys)
    await end(pool, campaign.posts[0], "deleted")
    assert await forfeit_next_prize(pool, keys)


async def test_while_the_place_is_in_question_the_prize_is_not_handed_over(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    first = (await phases.winners_of(pool, campaign.id))[0]
    account, winner = first["account_id"], WinnerId(first["id"])
    editor = await make.person(pool, role="editor")
    await claim_prize(pool, keys, account, winner, phases.FORM)
    await verify_claim(pool, campaign.id, winner, by=editor)
    await phases.finish(pool, campaign.id)
    await end(pool, campaign.posts[0], "removed")
    with pytest.raises(WrongPrizeState):
        await ship_prize(pool, campaign.id, winner, by=editor, carrier="顺丰", tracking_no="SF1")
    with pytest.raises(WrongPrizeState):
        await receive_prize(pool, account, winner)
    assert await forfeit_next_prize(pool, keys)


@pytest.mark.parametrize("reserves", [0, 1])
async def test_two_workers_end_a_place_once(pool: Pool, keys: Keys, reserves: int) -> None:
    campaign = await phases.announced(pool, keys, reserve_count=reserves)
    await end(pool, campaign.posts[0], "rejected")
    ended = await asyncio.gather(*(forfeit_next_prize(pool, keys) for _ in range(4)))
    assert sum(ended) == 1
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 1
    assert await holders(pool, campaign) == [*campaign.posts[2 : 2 + reserves], campaign.posts[1]]


async def test_the_place_of_a_draw_ends_as_well(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due_draw(pool, keys, beacon_order=[], reserve_count=2)
    await phases.decide_draw(pool, keys)
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    before = await holders(pool, campaign)
    await end(pool, before[0], "removed")
    assert await forfeit_next_prize(pool, keys)
    after = await holders(pool, campaign)
    assert after[1] == before[1]
    assert after[0] not in before
    async with pool.acquire() as conn:
        assert verify_result(await get_result(conn, campaign.id), keys.public_keys().keys).is_valid


async def test_the_first_approval_counts_only_while_the_places_are_those_that_it_approved(
    pool: Pool, keys: Keys
) -> None:
    campaign = await phases.settled(pool, keys)
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    assert await announce_winners(pool, keys, campaign.id, by=first) == "recorded"
    await end(pool, campaign.posts[0], "removed")
    assert await announce_winners(pool, keys, campaign.id, by=second) == "recorded"
    assert await holders(pool, campaign) == [campaign.posts[2], campaign.posts[1]]
    assert await announce_winners(pool, keys, campaign.id, by=first) == "announced"
    reviewed = await pool.fetch("SELECT actor_id, action FROM audit WHERE action LIKE 'announce%' ORDER BY id")
    assert [tuple(row) for row in reviewed] == [
        (first, "announce_first"),
        (second, "announce_first"),
        (first, "announce"),
    ]


async def test_editors_see_no_first_approval_that_the_end_of_a_place_has_ended(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    await end(pool, campaign.posts[0], "removed")
    assert await forfeit_next_prize(pool, keys)
    async with pool.acquire() as conn:
        assert (await get_decision(conn, campaign.id)).announced_first_by is None


async def test_an_appealed_removal_holds_up_the_announcement(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    await end(pool, campaign.posts[0], "removed")
    await pool.execute(
        "INSERT INTO cases (kind, post_id, author_id, due_at) SELECT 'appeal', id, author_id, now() FROM posts WHERE id = $1",
        campaign.posts[0],
    )
    assert await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor")) == "recorded"
    with pytest.raises(WinnerNotVisible):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    await pool.execute("UPDATE cases SET state = 'closed', closed_at = now() WHERE kind = 'appeal'")
    # The place ends in the call that finds it, which is then the first approval of the new places.
    assert await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor")) == "recorded"
    assert await holders(pool, campaign) == [campaign.posts[2], campaign.posts[1]]


@pytest.mark.parametrize("verdict", ["restore", "dismiss"])
@pytest.mark.parametrize("how", ["verdict", "takedown"])
async def test_a_removal_that_is_appealed_keeps_the_place_until_another_person_has_decided(
    pool: Pool, keys: Keys, verdict: VerdictKind, how: str
) -> None:
    campaign = await phases.announced(pool, keys)
    post_id = campaign.posts[0]
    author = AccountId(await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id))
    await pool.execute("UPDATE accounts SET post_count = (SELECT count(*) FROM posts WHERE author_id = accounts.id)")
    reviewer, other = [await make.person(pool, role="reviewer") for _ in range(2)]
    if how == "takedown":
        await take_down(pool, reviewer, Target("post", str(post_id)), "illegal")
    else:
        case = await pool.fetchval(
            "INSERT INTO cases (kind, post_id, author_id, revision, due_at) VALUES ('post', $1, $2, 1, now()) RETURNING id",
            post_id,
            author,
        )
        await judge_case(pool, reviewer, CaseId(case), NewVerdict("remove", 1, "illegal"))
    assert not await forfeit_next_prize(pool, keys)
    await appeal_decision(pool, author, AppealTarget("post", post_id), text="没有违规", days=30)
    await pool.execute("UPDATE verdicts SET made_at = made_at - interval '1 day'")
    await pool.execute("UPDATE takedowns SET created_at = created_at - interval '1 day'")
    assert not await forfeit_next_prize(pool, keys)
    case = await pool.fetchval("SELECT id FROM cases WHERE kind = 'appeal'")
    await judge_case(pool, other, CaseId(case), NewVerdict(verdict, 1))
    assert await forfeit_next_prize(pool, keys) is (verdict == "dismiss")
    kept = campaign.posts[0] if verdict == "restore" else campaign.posts[2]
    assert await holders(pool, campaign) == [kept, campaign.posts[1]]
