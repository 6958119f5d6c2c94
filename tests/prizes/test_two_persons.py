"""Every act that needs two people: the first approval counts while its person has the right and its state has not changed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from feed.accounts import store as accounts
from feed.accounts.approvals import ACTS, Act
from feed.accounts.model import AccountId, Banned, RoleMissing, SecondPersonRequired
from feed.campaigns import cancellation
from feed.campaigns.entries.ended_facts import set_fact_aside
from feed.campaigns.jury import members
from feed.keys.store import Keys
from feed.postgres import Pool, transaction
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.replace_winner import replace_winner
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.claims.access import grant_access
from feed.prizes.claims.guards import require_access
from feed.prizes.draw.actions import enter_number
from feed.prizes.draw.correction_actions import correct_number
from feed.prizes.model import ClaimAccessRequired
from feed.prizes.objections.actions import answer_objection, object_to_result
from feed.prizes.settlement.actions import settle_campaign, settle_next_campaign
from tests.support import make, phases
from tests.support.make import DAY

# What an account does: `recorded` as the first, or what it has carried out as the second.
Acts = Callable[[AccountId], Awaitable[str]]
Begin = Callable[[Pool, Keys, AccountId], Awaitable[Acts]]
Lapse = Callable[[Pool, AccountId], Awaitable[object]]


async def editor_of(pool: Pool) -> AccountId:
    return await make.person(pool, role="editor")


async def _announce(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await phases.settled(pool, keys)

    async def act(by: AccountId) -> str:
        return await announce_winners(pool, keys, campaign.id, by=by)

    assert await act(first) == "recorded"
    return act


async def _cancel(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await make.campaign(pool, starts_at=make.now() - DAY, ends_at=make.now() + DAY)

    async def act(by: AccountId) -> str:
        return await cancellation.cancel_campaign(pool, by, campaign, "场地停用")

    assert await act(first) == "recorded"
    return act


async def _change_jurors(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await make.campaign(pool, starts_at=make.now() - DAY, ends_at=make.now() + DAY)
    entry = await make.entry(pool, campaign, at=make.now() - timedelta(hours=1))
    juror, other = await make.person(pool), await make.person(pool)
    await make.juror(pool, campaign, juror)
    await make.mark(pool, campaign, entry, juror, "90")

    async def act(by: AccountId) -> str:
        return await members.assign_jurors(pool, by, campaign, [other], "分数太高")

    assert await act(first) == "recorded"
    return act


async def _replace(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await phases.announced(pool, keys, entries=6, reserve_count=2)

    async def act(by: AccountId) -> str:
        return await replace_winner(pool, keys, campaign.id, 1, by=by, reason="刷赞")

    assert await act(first) == "recorded"
    return act


async def _uphold_to_replace(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await phases.announced(pool, keys, entries=6, reserve_count=2)
    author: AccountId = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    objection = await object_to_result(pool, campaign.id, by=author, text="第一名刷赞")
    await answer_objection(pool, objection, by=first, text="属实", remedy="replace", rank=1)

    async def act(by: AccountId) -> str:
        return await replace_winner(pool, keys, campaign.id, 1, by=by, reason="刷赞")

    return act


async def _withdraw(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await phases.announced(pool, keys, entries=6, reserve_count=2)
    author: AccountId = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    objection = await object_to_result(pool, campaign.id, by=author, text="计票有误")
    await answer_objection(pool, objection, by=first, text="属实", remedy="settle_again")

    async def act(by: AccountId) -> str:
        return await undo_settlement(pool, campaign.id, by=by, reason="重新评选")

    return act


ISSUE, WRONG, RIGHT = "2026137", "03 07 12 18 25 33 90", "03 07 12 18 25 33 09"


async def _enter_number(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await phases.listed(pool, keys, ago=timedelta(minutes=10))
    at = make.now() - timedelta(minutes=5)

    async def act(by: AccountId) -> str:
        return await enter_number(pool, campaign.id, by=by, round_=ISSUE, value=RIGHT, appeared_at=at)

    assert await act(first) == "recorded"
    return act


async def _correct_number(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    campaign = await phases.listed(pool, keys, ago=timedelta(minutes=10))
    at = make.now() - timedelta(minutes=5)
    mistaken = [await editor_of(pool), await editor_of(pool)]
    for editor in mistaken:
        await enter_number(pool, campaign.id, by=editor, round_=ISSUE, value=WRONG, appeared_at=at)
    assert await settle_next_campaign(pool, keys)
    await undo_settlement(pool, campaign.id, by=mistaken[0], reason="录错了")

    async def act(by: AccountId) -> str:
        return await correct_number(
            pool, campaign.id, by=by, round_=ISSUE, value=RIGHT, appeared_at=at, reason_code="misread", reason="录反"
        )

    assert await act(first) == "recorded"
    return act


async def _set_fact_aside(pool: Pool, keys: Keys, first: AccountId) -> Acts:
    end = make.now() - 2 * DAY
    campaign = await make.campaign(pool, starts_at=end - 9 * DAY, ends_at=end)
    banned = await make.person(pool)
    await make.ban(pool, banned, since=end - 3 * DAY, lifted_at=end + DAY)

    async def act(by: AccountId) -> str:
        return await set_fact_aside(pool, campaign, banned, "banned", by=by, reason="误封")

    assert await act(first) == "recorded"
    return act


CASES: dict[str, tuple[Act, Begin]] = {
    "announce": ("announce", _announce),
    "cancel": ("cancel", _cancel),
    "change_jurors": ("change_jurors", _change_jurors),
    "replace": ("replace", _replace),
    "uphold_to_replace": ("replace", _uphold_to_replace),
    "set_fact_aside": ("set_fact_aside", _set_fact_aside),
    "withdraw": ("withdraw", _withdraw),
    "enter_number": ("enter_number", _enter_number),
    "correct_number": ("correct_number", _correct_number),
}


async def dismiss(pool: Pool, account_id: AccountId) -> None:
    await pool.execute("UPDATE staff_rights SET revoked_at = clock_timestamp() WHERE account_id = $1", account_id)


async def ban(pool: Pool, account_id: AccountId) -> None:
    await make.ban(pool, account_id)


async def ban_another_account(pool: Pool, account_id: AccountId) -> None:
    """A ban of another account of the person, which holds for the person."""
    await make.ban(pool, await another_account(pool, account_id))


async def erase(pool: Pool, account_id: AccountId) -> None:
    await pool.execute("UPDATE accounts SET erased_at = clock_timestamp() WHERE id = $1", account_id)


async def make_a_reviewer(pool: Pool, account_id: AccountId) -> None:
    await dismiss(pool, account_id)
    await make.staff(pool, account_id, role="reviewer", since=make.now())


async def appoint_again(pool: Pool, account_id: AccountId) -> None:
    await dismiss(pool, account_id)
    await pool.execute(
        "INSERT INTO staff_rights (account_id, role, granted_at) VALUES ($1, 'editor', clock_timestamp())", account_id
    )


LAPSES: list[Lapse] = [dismiss, ban, ban_another_account, erase, make_a_reviewer, appoint_again]


async def another_account(pool: Pool, account_id: AccountId) -> AccountId:
    """An editor's second account with the same phone."""
    twin = await editor_of(pool)
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", account_id, twin
    )
    return twin


def test_every_act_of_two_persons_is_walked() -> None:
    assert {act for act, _ in CASES.values()} == set(ACTS)


@pytest.mark.parametrize("case", CASES)
async def test_a_second_person_carries_out_what_the_first_approved(case: str, pool: Pool, keys: Keys) -> None:
    first, second = await editor_of(pool), await editor_of(pool)
    act = await CASES[case][1](pool, keys, first)
    twin = await another_account(pool, first)
    for same in (first, twin):
        with pytest.raises(SecondPersonRequired):
            await act(same)
    assert await act(second) != "recorded"


@pytest.mark.parametrize("changes", ["first", "second", "both"])
@pytest.mark.parametrize("case", CASES)
async def test_two_accounts_stay_one_person_when_one_changes_its_phone(
    case: str, changes: str, pool: Pool, keys: Keys
) -> None:
    first, third = await editor_of(pool), await editor_of(pool)
    act = await CASES[case][1](pool, keys, first)
    twin = await another_account(pool, first)
    async with transaction(pool) as conn:
        for account_id, who in ((first, "first"), (twin, "second")):
            if changes in (who, "both"):
                assert await accounts.change_phone(conn, account_id, person=who.encode(), phone_sealed=b"")
    with pytest.raises(SecondPersonRequired):
        await act(twin)
    assert await act(third) != "recorded"


@pytest.mark.parametrize("lapse", LAPSES)
@pytest.mark.parametrize("case", CASES)
async def test_an_approval_lapses_with_the_right_of_the_first(case: str, lapse: Lapse, pool: Pool, keys: Keys) -> None:
    first, second, third = [await editor_of(pool) for _ in range(3)]
    act = await CASES[case][1](pool, keys, first)
    await lapse(pool, first)
    assert await act(second) == "recorded"
    with pytest.raises(SecondPersonRequired):
        await act(second)
    assert await act(third) != "recorded"


@pytest.mark.parametrize("case", CASES)
async def test_nobody_without_the_right_is_the_second_person(case: str, pool: Pool, keys: Keys) -> None:
    act = await CASES[case][1](pool, keys, await editor_of(pool))
    for lapse in LAPSES[:-1]:
        second = await editor_of(pool)
        await lapse(pool, second)
        with pytest.raises((Banned, RoleMissing)):
            await act(second)


async def test_no_approval_from_before_a_result_counts_after_it_is_undone(pool: Pool, keys: Keys) -> None:
    first, second, third = [await editor_of(pool) for _ in range(3)]
    campaign = await phases.due(pool, keys)
    banned: AccountId = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0])
    await make.ban(pool, banned, since=make.now() - 9 * DAY, lifted_at=make.now() - DAY)

    async def both(by: AccountId) -> list[str]:
        aside = await set_fact_aside(pool, campaign.id, banned, "banned", by=by, reason="误封")
        return [aside, await cancellation.cancel_campaign(pool, by, campaign.id, "场地停用")]

    assert await both(first) == ["recorded", "recorded"]
    await settle_campaign(pool, keys, campaign.id, by=second)
    await undo_settlement(pool, campaign.id, by=second, reason="结果不好")
    assert await both(second) == ["recorded", "recorded"]
    assert await both(third) == ["set_aside", "cancelled"]


async def test_an_approval_is_of_one_state(pool: Pool, keys: Keys) -> None:
    first, second, third = [await editor_of(pool) for _ in range(3)]
    campaign = await phases.settled(pool, keys)
    assert await announce_winners(pool, keys, campaign.id, by=first) == "recorded"
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", campaign.posts[1])
    assert await announce_winners(pool, keys, campaign.id, by=second) == "recorded"
    assert await announce_winners(pool, keys, campaign.id, by=first) == "announced"

    running = await make.campaign(pool, starts_at=make.now() - DAY, ends_at=make.now() + DAY)
    assert await cancellation.cancel_campaign(pool, first, running, "场地停用") == "recorded"
    await pool.execute(
        """
        INSERT INTO campaign_rules (campaign_id, version, rules, rules_sha256, rules_text, created_by)
        SELECT campaign_id, 2, rules, rules_sha256, rules_text, created_by FROM campaign_rules WHERE campaign_id = $1
        """,
        running,
    )
    await pool.execute("UPDATE campaigns SET rules_version = 2 WHERE id = $1", running)
    assert await cancellation.cancel_campaign(pool, second, running, "场地停用") == "recorded"
    assert await cancellation.cancel_campaign(pool, third, running) == "cancelled"


@pytest.mark.parametrize("lapse", LAPSES[:-2])
async def test_access_to_claims_lapses_with_the_right_of_the_admin_who_granted_it(
    lapse: Lapse, pool: Pool, keys: Keys
) -> None:
    admin, editor = await make.person(pool, role="admin"), await editor_of(pool)
    campaign = await phases.announced(pool, keys)
    await grant_access(pool, campaign.id, editor, by=admin, days=1, reason="寄送")
    async with transaction(pool) as conn:
        await require_access(conn, campaign.id, editor)
    await lapse(pool, admin)
    async with transaction(pool) as conn:
        with pytest.raises(ClaimAccessRequired):
            await require_access(conn, campaign.id, editor)


async def test_access_to_claims_that_turns_out_to_be_of_the_same_person_is_none(pool: Pool, keys: Keys) -> None:
    admin, editor = await make.person(pool, role="admin"), await editor_of(pool)
    campaign = await phases.announced(pool, keys)
    await grant_access(pool, campaign.id, editor, by=admin, days=1, reason="寄送")
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", admin, editor
    )
    async with transaction(pool) as conn:
        with pytest.raises(ClaimAccessRequired):
            await require_access(conn, campaign.id, editor)
