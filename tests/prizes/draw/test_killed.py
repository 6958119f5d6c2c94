"""SIGKILL around every commit from the freeze of a draw to its result: one list, one value, and the lots that follow from them."""

from typing import Any

import asyncpg
import msgspec
import pytest

from feed.campaigns.errors import SecondPersonRequired
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.draw.actions import list_drand_rounds
from feed.prizes.draw.model import NoNumberWanted
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import settle_campaign, settle_next_campaign
from tests.prizes.conftest import Kill
from tests.support import killed_at_commit, make, phases
from tests.support.drand_relay import TEST_CHAIN, signature_of

WHEN = pytest.mark.parametrize("when", ["before", "after"])


async def _kept(pool: Pool, campaign_id: int) -> dict[str, Any]:
    """What of a draw must never be made twice, as far as it is there."""
    row = await pool.fetchrow(
        """
        SELECT list_sha256, ticket_count, list_published_at, source, round, value, result
        FROM settlements JOIN draws ON draws.settlement_id = settlements.id
        WHERE campaign_id = $1
        """,
        campaign_id,
    )
    return {} if row is None else {name: value for name, value in row.items() if value is not None}


async def _commits(pool: Pool, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many commits an undisturbed draw takes."""
    execute = asyncpg.Connection.execute
    seen = 0

    async def counted(self: Any, query: str, *args: Any, **more: Any) -> str:
        nonlocal seen
        seen += query == "COMMIT;"
        return await execute(self, query, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "execute", counted)
        await killed_at_commit.STEPS["draw"](pool, keys)
    return seen


@WHEN
async def test_a_draw_killed_at_any_commit_has_one_list_and_one_value(
    pool: Pool, keys: Keys, kill: Kill, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    await phases.due_draw(pool, keys, beacon_order=[])
    commits = await _commits(pool, keys, monkeypatch)
    # The list, its time, the value, the result.
    assert commits == 4
    for nth in range(1, commits + 1):
        campaign = await phases.due_draw(pool, keys, beacon_order=[])
        await kill(when, nth, "draw")
        before = await _kept(pool, campaign.id)
        assert ("result" in before) is (nth == commits and when == "after")

        await killed_at_commit.STEPS["draw"](pool, keys)
        await killed_at_commit.STEPS["draw"](pool, keys)

        after = await _kept(pool, campaign.id)
        assert {name: after[name] for name in before} == before
        assert verify_result(after["result"], keys.public_keys().keys).is_valid
        assert len(await phases.winners_of(pool, campaign.id)) == 2
        counts = await pool.fetch(
            "SELECT action, count(*) FROM audit WHERE subject_id = $1 AND action = ANY($2) GROUP BY action",
            campaign.id,
            ["freeze", "publish_list", "keep_beacon", "settle"],
        )
        assert [row["count"] for row in counts] == [1, 1, 1, 1]


@WHEN
@pytest.mark.parametrize("whose", ["first", "second"])
async def test_killed_at_an_editors_word_the_number_still_takes_two_people(
    pool: Pool, keys: Keys, kill: Kill, whose: str, when: str
) -> None:
    campaign = await phases.listed(pool, keys)
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    at = int(make.now().timestamp()) - 20

    async def enter(by: int) -> object:
        return await killed_at_commit.STEPS["enter"](pool, keys, campaign.id, by, at)

    if whose == "first":
        await kill(when, 1, "enter", campaign.id, first, at)
        if when == "before":
            assert await enter(first) == "recorded"
        with pytest.raises(SecondPersonRequired):
            await enter(first)
        assert not await settle_next_campaign(pool, keys)
        assert await enter(second) == "accepted"
    else:
        assert await enter(first) == "recorded"
        await kill(when, 1, "enter", campaign.id, second, at)
        assert ("value" in await _kept(pool, campaign.id)) is (when == "after")
        # Said again, it is what it would have been told the first time.
        assert await enter(second) == "accepted"
    with pytest.raises(NoNumberWanted):
        await enter(await make.person(pool, role="editor"))
    assert await settle_next_campaign(pool, keys)
    kept = await _kept(pool, campaign.id)
    assert verify_result(kept["result"], keys.public_keys().keys).is_valid
    assert await pool.fetchval("SELECT entered_by FROM draws") == [first, second]


@WHEN
@pytest.mark.parametrize("whose", ["first", "second"])
async def test_killed_at_a_correction_it_still_takes_two_people_and_is_made_once(
    pool: Pool, keys: Keys, kill: Kill, whose: str, when: str
) -> None:
    campaign = await phases.listed(pool, keys)
    first, second, third = [await make.person(pool, role="editor") for _ in range(3)]
    at = int(make.now().timestamp()) - 20
    for editor in (first, second):
        await killed_at_commit.STEPS["enter"](pool, keys, campaign.id, editor, at)
    assert await settle_next_campaign(pool, keys)
    await undo_settlement(pool, campaign.id, by=first, reason="录错了")

    async def correct(by: int) -> object:
        return await killed_at_commit.STEPS["correct"](pool, keys, campaign.id, by, at)

    if whose == "first":
        await kill(when, 1, "correct", campaign.id, first, at)
        if when == "before":
            assert await correct(first) == "recorded"
        with pytest.raises(SecondPersonRequired):
            await correct(first)
        assert await correct(third) == "accepted"
    else:
        assert await correct(first) == "recorded"
        await kill(when, 1, "correct", campaign.id, third, at)
        assert await pool.fetchval("SELECT count(*) FROM corrected_numbers") == (when == "after")
        # Said again, it is what it would have been told the first time.
        assert await correct(third) == "accepted"
    await settle_campaign(pool, keys, campaign.id, by=first)
    result = await phases.result_of(pool, campaign.id)
    assert result is not None
    assert verify_result(result, keys.public_keys().keys).is_valid
    drawn = msgspec.json.decode(result)["draw"]
    assert drawn["beacon"]["value"] == "03 07 21"
    assert [each["value"] for each in drawn["corrected"]] == ["03 07 12"]
    assert await pool.fetchval("SELECT entered_by FROM corrected_numbers") == [first, third]
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'correct_number'") == 1


@WHEN
async def test_killed_while_a_round_is_kept_the_draw_has_it_once(pool: Pool, keys: Keys, kill: Kill, when: str) -> None:
    campaign = await phases.listed(pool, keys, beacon_order=["drand"])
    ((_, round_),) = await list_drand_rounds(pool, TEST_CHAIN)
    await kill(when, 1, "keep", campaign.id, round_)
    assert ("value" in await _kept(pool, campaign.id)) is (when == "after")
    assert await killed_at_commit.STEPS["keep"](pool, keys, campaign.id, round_) is (when == "before")
    assert await settle_next_campaign(pool, keys)
    kept = await _kept(pool, campaign.id)
    assert verify_result(kept["result"], keys.public_keys().keys, (TEST_CHAIN,)).is_valid
    beacon = msgspec.json.decode(kept["result"])["draw"]["beacon"]
    assert (beacon["round"], beacon["signature"]) == (str(round_), signature_of(round_).hex())
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'keep_beacon'") == 1
