"""Prizes by place from the result to the codes, when places are lost and filled again, by score and by lot."""

from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.replace_winner import replace_winner
from feed.prizes.claims.actions import claim_prize
from feed.prizes.claims.codes import add_codes, show_codes
from feed.prizes.claims.form import ClaimForm
from feed.prizes.claims.fulfilment import decline_prize
from feed.prizes.model import CodesMissing, WinnerId
from feed.prizes.result.verify import verify_result
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.screens.prizes.cards import get_prize
from feed.screens.prizes.overdue import list_overdue
from tests.support import make, phases
from tests.support.phases import Played
from tests.support.results import get_result

BOX = {**phases.PRIZE, "places": [1, 1]}
CARD = {"name": "听书月卡", "kind": "code", "per_winner": 2, "value_cny": "30", "places": [2, 2]}
SIGN = {"name": "门票", "kind": "ticket", "per_winner": 1, "value_cny": "80"}
TIERS: list[dict[str, Any]] = [BOX, SIGN, CARD]
FIRST, SECOND = ["深圳盒子", "门票"], ["门票", "听书月卡"]


async def announce(pool: Pool, keys: Keys, campaign_id: int) -> None:
    """Announces the result by two editors, with the codes of the second place."""
    editors = [await make.person(pool, role="editor") for _ in range(2)]
    stock = await add_codes(pool, keys, campaign_id, 3, ["A-1", "A-2"], by=editors[0])
    assert (stock.stock, stock.needed) == (2, 2)
    for editor in editors:
        await announce_winners(pool, keys, campaign_id, by=editor)


async def play(pool: Pool, keys: Keys, method: str) -> Played:
    """An announced campaign with two places, two prizes each, and two reserves."""
    if method == "ranked":
        campaign = await phases.settled(pool, keys, entries=6, reserve_count=2, prizes=TIERS)
    else:
        campaign = await phases.due_draw(pool, keys, beacon_order=[], reserve_count=2, prizes=TIERS)
        await phases.decide_draw(pool, keys)
    await announce(pool, keys, campaign.id)
    return campaign


async def held(pool: Pool, campaign: Played) -> list[tuple[int, list[str]]]:
    """Account and names of the prizes of each held place, by place."""
    rows = await pool.fetch(
        "SELECT account_id, prizes FROM held_places WHERE campaign_id = $1 ORDER BY place", campaign.id
    )
    return [(row["account_id"], [prize["name"] for prize in row["prizes"]]) for row in rows]


async def reserves(pool: Pool) -> list[int]:
    return [row["account_id"] for row in await pool.fetch("SELECT account_id FROM reserves ORDER BY position")]


async def lose(pool: Pool, keys: Keys, campaign: Played, place: int, how: str) -> None:
    """Ends the place in one of the ways in which places end."""
    winner = next(
        each
        for each in await phases.winners_of(pool, campaign.id)
        if each["place"] == place and each["state"] == "notified"
    )
    match how:
        case "lapsed":
            await pool.execute("UPDATE winners SET claim_ends_at = now() WHERE id = $1", winner["id"])
            assert await lapse_next_claim(pool, keys)
        case "declined":
            await decline_prize(pool, keys, AccountId(winner["account_id"]), WinnerId(winner["id"]))
        case "replaced":
            rank = await pool.fetchval("SELECT rank FROM winners WHERE id = $1", winner["id"])
            for _ in range(2):
                editor = await make.person(pool, role="editor")
                await replace_winner(pool, keys, campaign.id, rank, by=editor, reason="冒名")
        case _:
            await pool.execute(
                "UPDATE posts SET state = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN now() END WHERE id = $1",
                winner["post_id"],
                how,
            )
            assert await forfeit_next_prize(pool, keys)


@pytest.mark.parametrize("method", ["ranked", "draw"])
async def test_each_place_has_its_prizes_in_result_and_storage(pool: Pool, keys: Keys, method: str) -> None:
    campaign = await play(pool, keys, method)
    async with pool.acquire() as conn:
        verified = verify_result(await get_result(conn, campaign.id), keys.public_keys().keys)
    assert verified.is_valid
    assert verified.outcome is not None
    assert [[prize["name"] for prize in each.prizes] for each in verified.outcome.winners] == [FIRST, SECOND]
    assert [names for _, names in await held(pool, campaign)] == [FIRST, SECOND]


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("how", ["lapsed", "declined", "replaced", "deleted", "removed"])
@pytest.mark.parametrize("method", ["ranked", "draw"])
async def test_the_next_reserve_takes_the_lost_place_with_its_prizes_and_moves_no_other(
    pool: Pool, keys: Keys, method: str, how: str, place: int
) -> None:
    campaign = await play(pool, keys, method)
    before = await held(pool, campaign)
    first_reserve, second_reserve = await reserves(pool)
    await lose(pool, keys, campaign, place, how)
    expected = before.copy()
    expected[place - 1] = (first_reserve, before[place - 1][1])
    assert await held(pool, campaign) == expected
    # A place may be lost again.
    await lose(pool, keys, campaign, place, how)
    expected[place - 1] = (second_reserve, before[place - 1][1])
    assert await held(pool, campaign) == expected
    async with pool.acquire() as conn:
        verified = verify_result(await get_result(conn, campaign.id), keys.public_keys().keys)
    assert verified.is_valid
    assert [each.place for each in verified.amendments] == [place, place]


async def test_claims_and_codes_follow_the_place(pool: Pool, keys: Keys) -> None:
    campaign = await play(pool, keys, "ranked")
    first, second = await phases.winners_of(pool, campaign.id)
    async with pool.acquire() as conn:
        needs = [(await get_prize(conn, WinnerId(each["id"]))).needs for each in (first, second)]
    assert needs == [["recipient_name", "phone", "address"], ["recipient_name", "phone"]]
    await claim_prize(pool, keys, first["account_id"], WinnerId(first["id"]), phases.FORM)
    form = ClaimForm(recipient_name="吴秀兰", phone="13800100100", privacy_version=phases.FORM.privacy_version)
    await claim_prize(pool, keys, second["account_id"], WinnerId(second["id"]), form)
    await phases.finish(pool, campaign.id)
    shown = await show_codes(pool, keys, second["account_id"], WinnerId(second["id"]))
    assert [(each.prize, each.code) for each in sorted(shown, key=lambda each: each.code)] == [
        ("听书月卡", "A-1"),
        ("听书月卡", "A-2"),
    ]


async def test_codes_are_needed_for_the_places_that_get_them(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys, prizes=TIERS)
    editors = [await make.person(pool, role="editor") for _ in range(2)]

    async def missing() -> int:
        async with pool.acquire() as conn:
            found = await list_overdue(conn, kept_days=90)
        return sum(each.count for each in found if each.kind == "codes_missing")

    assert await missing() == 2
    await add_codes(pool, keys, campaign.id, 3, ["A-1"], by=editors[0])
    assert await missing() == 1
    await announce_winners(pool, keys, campaign.id, by=editors[0])
    with pytest.raises(CodesMissing):
        await announce_winners(pool, keys, campaign.id, by=editors[1])
    await add_codes(pool, keys, campaign.id, 3, ["A-2"], by=editors[0])
    assert await missing() == 0
    await announce_winners(pool, keys, campaign.id, by=editors[1])


async def test_too_few_winners_leave_the_last_places_and_their_codes_unused(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys, entries=1, prizes=TIERS)
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    assert [names for _, names in await held(pool, campaign)] == [FIRST]
