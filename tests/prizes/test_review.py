"""No leader is excluded unseen: what both editors see before they announce, and what they have to explain."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import httpx
import pytest

from feed.accounts import store as accounts
from feed.accounts.model import AccountId, SecondPersonRequired
from feed.accounts.roles import change_roles
from feed.api.state import AppState
from feed.campaigns.entries.disqualification import disqualify_entry
from feed.campaigns.entries.ended_facts import set_fact_aside
from feed.campaigns.errors import CampaignSettled, FactNotFound
from feed.campaigns.inputs import Disqualifying
from feed.keys.store import Keys
from feed.moderation.sanctions import impose_sanction, lift_sanctions
from feed.postgres import Pool, transaction
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.review_store import SET_BY_OTHERS
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.model import EndedFactsUnexplained
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.screens.prizes.settlement import ReviewCard, get_decision
from tests.support import make, phases
from tests.support.api import Join
from tests.support.phases import Played
from tests.support.prizes_api import error_of

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


async def author_of(pool: Pool, post_id: int) -> AccountId:
    return AccountId(await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id))


async def settle(pool: Pool, keys: Keys) -> None:
    assert await freeze_next_campaign(pool)
    assert await settle_next_campaign(pool, keys)


async def review_of(pool: Pool, campaign: Played) -> ReviewCard:
    async with pool.acquire() as conn:
        review = (await get_decision(conn, campaign.id)).review
    assert review is not None
    return review


async def winners(pool: Pool, campaign: Played) -> list[int]:
    return [row["post_id"] for row in await phases.winners_of(pool, campaign.id)]


async def _ban(pool: Pool, campaign: Played, by: AccountId) -> None:
    await impose_sanction(
        pool, by, await author_of(pool, campaign.posts[0]), kind="ban", reason_code="spam", until=None
    )
    await pool.execute("UPDATE sanctions SET starts_at = now() - interval '9 days'")


async def _grant(pool: Pool, campaign: Played, by: AccountId) -> None:
    await change_roles(pool, by, await author_of(pool, campaign.posts[0]), ["reviewer"])
    await pool.execute(
        "UPDATE staff_rights SET granted_at = now() - interval '9 days' WHERE account_id <> $1 AND role = 'reviewer'",
        by,
    )


async def _disqualify(pool: Pool, campaign: Played, by: AccountId) -> None:
    await disqualify_entry(pool, by, campaign.id, campaign.posts[0], Disqualifying("copied"))


ACTS: dict[str, tuple[Callable[[Pool, Played, AccountId], Awaitable[None]], str]] = {
    "banned": (_ban, "sanction.impose"),
    "staff": (_grant, "staff.grant"),
    "disqualified": (_disqualify, "entry_disqualified"),
}


@pytest.mark.parametrize("reason", ACTS)
async def test_a_leader_who_is_left_out_is_named_with_the_act_and_its_actor(
    pool: Pool, keys: Keys, reason: str
) -> None:
    campaign = await phases.due(pool, keys)
    act, action = ACTS[reason]
    actor = await make.person(pool, role="admin")
    await act(pool, campaign, actor)
    await settle(pool, keys)
    review = await review_of(pool, campaign)
    assert [(each.post_id, each.reason_code) for each in review.left_out] == [(str(campaign.posts[0]), reason)]
    assert (action, str(actor)) in [(each.action, each.by) for each in review.acts]


@pytest.mark.parametrize("reason", SET_BY_OTHERS)
async def test_every_reason_that_others_set_is_named_for_a_leader_only(pool: Pool, keys: Keys, reason: str) -> None:
    campaign = await phases.settled(pool, keys, entries=6)
    for post in (campaign.posts[0], campaign.posts[5]):
        await pool.execute("UPDATE sheet_rows SET eligible = false, reason_code = $2 WHERE post_id = $1", post, reason)
    review = await review_of(pool, campaign)
    assert [(each.post_id, each.reason_code) for each in review.left_out] == [(str(campaign.posts[0]), reason)]


async def test_a_ban_of_two_seconds_across_the_deadline_leaves_the_leader_in_and_needs_a_reason(
    pool: Pool, keys: Keys
) -> None:
    campaign = await phases.due(pool, keys)
    leader, reviewer = await author_of(pool, campaign.posts[0]), await make.person(pool, role="reviewer")
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    await impose_sanction(pool, reviewer, leader, kind="ban", reason_code="spam", until=None)
    await lift_sanctions(pool, reviewer, leader)
    await pool.execute("UPDATE sanctions SET starts_at = $1, lifted_at = $2", ends_at - SECOND, ends_at + SECOND)
    await settle(pool, keys)
    assert await winners(pool, campaign) == campaign.posts[:2]

    review = await review_of(pool, campaign)
    assert review.left_out == []
    (fact,) = review.ended_facts
    assert (fact.post_id, fact.reason_code, fact.counts) == (str(campaign.posts[0]), "banned", False)
    assert {each.action for each in review.acts if each.by == str(reviewer)} == {"sanction.impose", "sanction.lift"}
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    for editor, outcome in ((first, "recorded"), (second, "announced")):
        with pytest.raises(EndedFactsUnexplained):
            await announce_winners(pool, keys, campaign.id, by=editor)
        assert await announce_winners(pool, keys, campaign.id, by=editor, reason="封禁系误操作") == outcome
    reasons = await pool.fetch("SELECT detail ->> 'reason' AS reason FROM audit WHERE action LIKE 'announce%'")
    assert [row["reason"] for row in reasons] == ["封禁系误操作"] * 2


@pytest.mark.parametrize("fact", ["banned", "staff"])
async def test_a_longer_fact_that_has_ended_excludes_and_needs_a_reason(pool: Pool, keys: Keys, fact: str) -> None:
    campaign = await phases.due(pool, keys)
    leader = await author_of(pool, campaign.posts[0])
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    since, until = ends_at - 3 * DAY, ends_at + SECOND
    if fact == "banned":
        await make.ban(pool, leader, since=since, until=until)
    else:
        await make.staff(pool, leader, since=since, until=until)
    await settle(pool, keys)
    assert await winners(pool, campaign) == campaign.posts[1:3]
    review = await review_of(pool, campaign)
    assert [(each.post_id, each.reason_code) for each in review.left_out] == [(str(campaign.posts[0]), fact)]
    assert [(each.reason_code, each.counts) for each in review.ended_facts] == [(fact, True)]
    with pytest.raises(EndedFactsUnexplained):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))


async def test_two_editors_set_a_longer_fact_aside_after_undoing_the_settlement(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, keys)
    leader = await author_of(pool, campaign.posts[0])
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    await make.ban(pool, leader, since=ends_at - 2 * DAY, lifted_at=ends_at + SECOND)
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    set_aside = partial(set_fact_aside, pool, campaign.id, leader, "banned", reason="误封")
    await settle(pool, keys)
    with pytest.raises(CampaignSettled):
        await set_aside(by=first)
    await undo_settlement(pool, campaign.id, by=first, reason="误封")
    assert await set_aside(by=first) == "recorded"
    with pytest.raises(SecondPersonRequired):
        await set_aside(by=first)
    assert [await set_aside(by=second) for _ in range(2)] == ["set_aside"] * 2
    with pytest.raises(FactNotFound):
        await set_fact_aside(pool, campaign.id, leader, "staff", by=first, reason="误封")
    await settle_campaign(pool, keys, campaign.id, by=first)
    assert await winners(pool, campaign) == campaign.posts[:2]
    review = await review_of(pool, campaign)
    assert [(each.reason_code, each.counts) for each in review.ended_facts] == [("banned", False)]
    assert {"fact_set_aside_first", "fact_set_aside"} <= {each.action for each in review.acts}


async def test_a_fact_that_goes_on_cannot_be_set_aside(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, keys)
    leader = await author_of(pool, campaign.posts[0])
    await make.ban(pool, leader)
    with pytest.raises(FactNotFound):
        await set_fact_aside(
            pool, campaign.id, leader, "banned", by=await make.person(pool, role="editor"), reason="误封"
        )


async def test_no_fact_is_set_aside_while_another_one_of_its_kind_goes_on(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, keys)
    leader, admin = await author_of(pool, campaign.posts[0]), await make.person(pool, role="admin")
    await change_roles(pool, admin, leader, ["reviewer", "editor"])
    await pool.execute("UPDATE staff_rights SET granted_at = now() - interval '9 days' WHERE account_id = $1", leader)
    await change_roles(pool, admin, leader, ["editor"])
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    with pytest.raises(FactNotFound):
        await set_fact_aside(pool, campaign.id, leader, "staff", by=first, reason="误设")
    await change_roles(pool, admin, leader, [])
    assert await set_fact_aside(pool, campaign.id, leader, "staff", by=first, reason="误设") == "recorded"
    assert await set_fact_aside(pool, campaign.id, leader, "staff", by=second, reason="误设") == "set_aside"


async def test_nobody_sets_the_own_fact_aside_with_any_account(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, keys)
    leader, reviewer = await author_of(pool, campaign.posts[0]), await make.person(pool, role="reviewer")
    await impose_sanction(pool, reviewer, leader, kind="ban", reason_code="spam", until=None)
    await pool.execute("UPDATE sanctions SET starts_at = now() - interval '9 days'")
    await lift_sanctions(pool, reviewer, leader)
    twin, other = [await make.person(pool, role="editor") for _ in range(2)]
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", leader, twin
    )
    for _ in range(2):
        with pytest.raises(SecondPersonRequired):
            await set_fact_aside(pool, campaign.id, leader, "banned", by=twin, reason="误封")
        if not await pool.fetchval("SELECT count(*) FROM approvals"):
            assert await set_fact_aside(pool, campaign.id, leader, "banned", by=other, reason="误封") == "recorded"


async def test_a_fact_is_set_aside_through_the_api(app_state: AppState, join: Join) -> None:
    campaign = await phases.due(app_state.pool)
    leader = await author_of(app_state.pool, campaign.posts[0])
    ends_at = await app_state.pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    await make.ban(app_state.pool, leader, since=ends_at - 2 * DAY, lifted_at=ends_at + SECOND)
    address = f"/admin/campaigns/{campaign.id}/facts/set-aside"
    body = {"user_id": str(leader), "kind": "banned", "reason": "误封"}
    first, second = join("甲", roles=("editor",)), join("乙", roles=("editor",))
    said = await first("POST", address, body)
    assert (said.status_code, said.json()["set_aside"]) == (202, False)
    assert error_of(await first("POST", address, body)) == (409, "second_person_required")
    said = await second("POST", address, body)
    assert (said.status_code, said.json()["set_aside"]) == (200, True)
    assert error_of(await first("POST", address, body | {"kind": "staff"})) == (404, "fact_not_found")
    assert error_of(await first("POST", address, body | {"reason": " "})) == (422, "invalid")


async def test_a_leader_who_changes_the_phone_after_the_freeze_is_still_shown(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, keys)
    leader, reviewer = await author_of(pool, campaign.posts[0]), await make.person(pool, role="reviewer")
    await impose_sanction(pool, reviewer, leader, kind="ban", reason_code="spam", until=None)
    await pool.execute("UPDATE sanctions SET starts_at = now() - interval '9 days'")
    await lift_sanctions(pool, reviewer, leader)
    await settle(pool, keys)
    async with transaction(pool) as conn:
        assert await accounts.change_phone(conn, leader, person=b"another", phone_sealed=b"")
    assert [each.reason_code for each in (await review_of(pool, campaign)).ended_facts] == ["banned"]


async def test_a_fact_about_an_entry_that_would_not_win_needs_no_reason(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, keys, entries=6)
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    await make.ban(pool, await author_of(pool, campaign.posts[5]), since=ends_at - DAY, until=ends_at + SECOND)
    await settle(pool, keys)
    review = await review_of(pool, campaign)
    assert (review.left_out, review.ended_facts) == ([], [])
    assert await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor")) == "recorded"


async def test_in_a_draw_every_entry_could_have_won(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due_draw(pool, keys, beacon_order=[])
    await disqualify_entry(
        pool, await make.person(pool, role="editor"), campaign.id, campaign.posts[5], Disqualifying("copied")
    )
    await phases.decide_draw(pool, keys)
    assert [each.post_id for each in (await review_of(pool, campaign)).left_out] == [str(campaign.posts[5])]


async def test_editors_read_the_review_and_give_the_reason_through_the_api(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    pool = app_state.pool
    campaign = await phases.due(pool, keys)
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    await make.ban(pool, await author_of(pool, campaign.posts[0]), since=ends_at - SECOND, until=ends_at + SECOND)
    await settle(pool, keys)
    editor, address = join("编辑", roles=("editor",)), f"/admin/campaigns/{campaign.id}"
    shown = (await editor("GET", f"{address}/announcement")).json()
    assert [each["post_id"] for each in shown["winners"]] == [str(post) for post in campaign.posts[:2]]
    assert [each["post_id"] for each in shown["review"]["ended_facts"]] == [str(campaign.posts[0])]
    assert error_of(await editor("POST", f"{address}/announce")) == (409, "ended_facts_unexplained")
    assert error_of(await editor("POST", f"{address}/announce", {"reason": " "})) == (422, "invalid")
    said = await editor("POST", f"{address}/announce", {"reason": "误封，已核实"})
    assert (said.status_code, len(said.json()["review"]["ended_facts"])) == (202, 1)
    assert error_of(await editor("GET", "/admin/campaigns/1/announcement")) == (404, "campaign_not_found")
