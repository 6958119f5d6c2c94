"""SIGKILL around every commit between the claim and the end of its details: the end is that of an undisturbed run."""

from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.keys import Keys
from feed.postgres import Pool
from feed.prizes.announcing import announce_winners
from feed.prizes.codes import add_codes
from feed.prizes.model import WrongPrizeState
from tests import make
from tests.prizes import dying, stage
from tests.prizes.conftest import Kill

CODE = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}
NO_MORE = "UPDATE winners SET state = 'lapsed' WHERE state = 'notified'"
# Each step with whose ids it takes.
GOODS = (("claim", "account winner"), ("verify", "campaign winner editor"), ("ship", "campaign winner editor"),
         ("receive", "account winner"), ("shred", ""))  # fmt: skip
DECLINED = (("claim", "account winner"), ("decline", "account winner"))
CODES = (("codes", "account winner"), ("shred", ""))


async def _goods(pool: Pool, keys: Keys) -> dict[str, int]:
    campaign = await stage.announced(pool, keys)
    await stage.finish(pool, campaign.id)
    return await _people(pool, campaign)


async def _codes(pool: Pool, keys: Keys) -> dict[str, int]:
    campaign = await stage.settled(pool, keys, prizes=[CODE])
    editors = [await make.person(pool, role="editor") for _ in range(2)]
    await add_codes(pool, keys, campaign.id, 1, ["A", "B"], by=editors[0])
    for editor in editors:
        await announce_winners(pool, keys, campaign.id, by=editor)
    await stage.finish(pool, campaign.id)
    await pool.execute("UPDATE winners SET state = 'claimed' WHERE place = 1")
    return await _people(pool, campaign)


async def _people(pool: Pool, campaign: stage.Played) -> dict[str, int]:
    best, _ = await stage.winners_of(pool, campaign.id)
    editor = await make.person(pool, role="editor")
    return {"campaign": campaign.id, "winner": best["id"], "account": best["account_id"], "editor": editor}


async def _ids(pool: Pool, people: dict[str, int], step: str, whose: str) -> tuple[int, ...]:
    if step == "shred":
        await pool.execute(NO_MORE)
        await pool.execute(
            "UPDATE campaigns SET final_at = now() - interval '91 days' WHERE id = $1 AND state = 'final'",
            people["campaign"],
        )
    return tuple(people[each] for each in whose.split())


async def _end(pool: Pool, campaign_id: int) -> dict[str, Any]:
    """All that a run leaves, but for ids, times and what is sealed."""
    row = await pool.fetchrow(
        """
        SELECT state,
            (SELECT array_agg((place, rank, state, state_reason)::text ORDER BY place, id) FROM winners WHERE campaign_id = $1) AS winners,
            (SELECT array_agg((sealed IS NULL, masked)::text) FROM claims WHERE campaign_id = $1) AS claims,
            (SELECT count(*) FROM prize_codes WHERE campaign_id = $1 AND winner_id IS NOT NULL) AS codes,
            (SELECT count(*) FROM shipments) AS parcels,
            (SELECT count(*) FROM shreddings WHERE campaign_id = $1) AS receipts,
            (SELECT count(*) FROM amendments JOIN settlements ON settlements.id = settlement_id WHERE campaign_id = $1) AS amendments
        FROM campaigns WHERE id = $1
        """,
        campaign_id,
    )
    assert row is not None
    told = await pool.fetch("SELECT kind, title FROM inbox ORDER BY kind, title, account_id")
    done = await pool.fetch("SELECT action, count(*) FROM audit GROUP BY action ORDER BY action")
    return dict(row) | {"told": [tuple(each) for each in told], "done": [tuple(each) for each in done]}


async def _forget(pool: Pool) -> None:
    await pool.execute("TRUNCATE inbox, audit, shipments CASCADE")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("begin", "steps"), [(_goods, GOODS), (_goods, DECLINED), (_codes, CODES)], ids=["goods", "declined", "codes"]
)
async def test_killed_on_the_way_the_end_is_that_of_an_undisturbed_run(
    pool: Pool, keys: Keys, kill: Kill, begin: Any, steps: tuple[tuple[str, str], ...], when: str
) -> None:
    people = await begin(pool, keys)
    for step, whose in steps:
        await dying.STEPS[step](pool, keys, *await _ids(pool, people, step, whose))
    undisturbed = await _end(pool, people["campaign"])
    await _forget(pool)

    people = await begin(pool, keys)
    for step, whose in steps:
        ids = await _ids(pool, people, step, whose)
        earlier = await _end(pool, people["campaign"])
        await kill(when, 1, step, *ids)
        assert (await _end(pool, people["campaign"]) == earlier) is (when == "before"), step
        try:
            await dying.STEPS[step](pool, keys, *ids)
        except WrongPrizeState:
            # The kill came after the commit: what was asked for stands.
            assert when == "after", step
    end = await _end(pool, people["campaign"])
    # A claim may be changed as long as nobody has verified it, so the second try of one is an own line.
    changed = [line for line in end["done"] if line[0] == "change_claim"]
    assert len(changed) == (when == "after" and any(step == "claim" for step, _ in steps))
    end["done"] = [line for line in end["done"] if line[0] != "change_claim"]
    assert end == undisturbed


async def test_who_verifies_after_a_kill_is_told_that_it_is_done(pool: Pool, keys: Keys, kill: Kill) -> None:
    people = await _goods(pool, keys)
    account, winner = AccountId(people["account"]), people["winner"]
    await dying.STEPS["claim"](pool, keys, account, winner)
    await kill("after", 1, "verify", people["campaign"], winner, people["editor"])
    with pytest.raises(WrongPrizeState):
        await dying.STEPS["verify"](pool, keys, people["campaign"], winner, people["editor"])
    assert await pool.fetchval("SELECT state FROM winners WHERE id = $1", winner) == "verified"
