"""SIGKILL around every commit between the announcement and the final result: the end is that of an undisturbed run."""

from typing import Any

import msgspec
import pytest

from feed.accounts.model import AccountId
from feed.errors import Conflict, NotFound
from feed.keys import Keys
from feed.postgres import Pool
from feed.prizes.verify import verify_result
from feed.screens.prizes import get_result
from tests import make
from tests.prizes import dying, stage
from tests.prizes.conftest import Kill

# Each step with whose it is: an author, or one of two editors without a part in the campaign.
REPLACING = (("object", "author"), ("answer", "third"), ("replace", "fourth"), ("finish", ""))
UNDOING = (("object", "author"), ("ask_again", "third"), ("undo", "fourth"))


async def _stage(pool: Pool, keys: Keys) -> tuple[stage.Played, dict[str, int]]:
    campaign = await stage.announced(pool, keys)
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[3])
    third, fourth = [await make.person(pool, role="editor") for _ in range(2)]
    return campaign, {"author": author, "third": third, "fourth": fourth}


async def _ids(pool: Pool, campaign_id: int, step: str, who: int | None) -> tuple[int, ...]:
    if step == "finish":
        await pool.execute("UPDATE campaigns SET objections_end_at = clock_timestamp() WHERE id = $1", campaign_id)
        return ()
    assert who is not None
    if step in ("answer", "ask_again"):
        return await pool.fetchval("SELECT id FROM objections WHERE campaign_id = $1", campaign_id), who
    return campaign_id, who


async def _end(pool: Pool, campaign_id: int) -> dict[str, Any]:
    """All that a run leaves, but for ids and times."""
    row = await pool.fetchrow(
        """
        SELECT state, final_at IS NOT NULL AS final, announced_by IS NOT NULL AS announced,
            (SELECT array_agg((place, rank, state, state_reason)::text ORDER BY place, id)
             FROM winners WHERE campaign_id = $1) AS winners,
            (SELECT array_agg((answer, remedy, remedied_at IS NOT NULL)::text) FROM objections WHERE campaign_id = $1) AS objections,
            (SELECT count(*) FROM amendments JOIN settlements ON settlements.id = settlement_id WHERE campaign_id = $1) AS amendments,
            (SELECT array_agg((undone_at IS NOT NULL, withdrawn)::text) FROM settlements WHERE campaign_id = $1) AS settlements
        FROM campaigns
        WHERE id = $1
        """,
        campaign_id,
    )
    assert row is not None
    told = await pool.fetch("SELECT kind, title FROM inbox ORDER BY kind, title, account_id")
    done = await pool.fetch("SELECT action, count(*) FROM audit GROUP BY action ORDER BY action")
    return dict(row) | {"told": [tuple(each) for each in told], "done": [tuple(each) for each in done]}


async def _undisturbed(pool: Pool, keys: Keys, steps: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    campaign, people = await _stage(pool, keys)
    for step, who in steps:
        await dying.STEPS[step](pool, keys, *await _ids(pool, campaign.id, step, people.get(who)))
    return await _end(pool, campaign.id)


async def _forget(pool: Pool) -> None:
    await pool.execute("TRUNCATE inbox, audit CASCADE")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("steps", [REPLACING, UNDOING], ids=["replace", "settle_again"])
async def test_killed_at_any_step_the_end_is_that_of_an_undisturbed_run(
    pool: Pool, keys: Keys, kill: Kill, steps: tuple[tuple[str, str], ...], when: str
) -> None:
    undisturbed = await _undisturbed(pool, keys, steps)
    await _forget(pool)
    campaign, people = await _stage(pool, keys)
    for step, who in steps:
        ids = await _ids(pool, campaign.id, step, people.get(who))
        earlier = await _end(pool, campaign.id)
        await kill(when, 1, step, *ids)
        assert (await _end(pool, campaign.id) == earlier) is (when == "before")

        # Whoever comes next: the same person again, or the next turn of the worker.
        try:
            done = await dying.STEPS[step](pool, keys, *ids)
        except (Conflict, NotFound):
            done = False
        assert (done is not False) is (when == "before")

    assert await _end(pool, campaign.id) == undisturbed
    if steps is REPLACING:
        async with pool.acquire() as conn:
            document = await get_result(conn, campaign.id)
        assert verify_result(document, keys.public_keys().keys).holds
        assert len(msgspec.json.decode(document)["amendments"]) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_the_first_word_a_replacement_still_takes_another_person(
    pool: Pool, keys: Keys, kill: Kill, when: str
) -> None:
    campaign, people = await _stage(pool, keys)
    first, second = AccountId(people["third"]), AccountId(people["fourth"])
    await kill(when, 1, "replace", campaign.id, first)
    assert await pool.fetchval("SELECT count(*) FROM replacements") == (when == "after")
    if when == "before":
        assert await dying.STEPS["replace"](pool, keys, campaign.id, first) == "recorded"
    with pytest.raises(Conflict):
        await dying.STEPS["replace"](pool, keys, campaign.id, first)
    assert await dying.STEPS["replace"](pool, keys, campaign.id, second) == "replaced"
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 1
