"""SIGKILL around every commit from the freeze of a draw to its result: there is one list, one value and one result."""

from typing import Any

import asyncpg
import msgspec
import pytest

from feed.accounts.model import SecondPersonRequired
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
from tests.support.kill_points import is_commit

WHEN = pytest.mark.parametrize("when", ["before", "after"])


async def _values(pool: Pool, campaign_id: int) -> dict[str, Any]:
    """The values of a draw that must never be replaced, as far as they exist."""
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
    """The number of commits of an undisturbed draw."""
    execute = asyncpg.Connection.execute
    seen = 0

    async def counted(self: Any, query: str, *args: Any, **more: Any) -> str:
        nonlocal seen
        seen += is_commit(query)
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
    # List, publication time, value, result.
    assert commits == 4
    for nth in range(1, commits + 1):
        campaign = await phases.due_draw(pool, keys, beacon_order=[])
        await kill(when, nth, "draw")
        before = await _values(pool, campaign.id)
        assert ("result" in before) is (nth == commits and when == "after")

        await killed_at_commit.STEPS["draw"](pool, keys)
        await killed_at_commit.STEPS["draw"](pool, keys)

        after = await _values(pool, campaign.id)
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
async def test_killed_while_an_editor_enters_the_number_it_still_takes_two_people(
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
        assert ("value" in await _values(pool, campaign.id)) is (when == "after")
        # A retry gets the response of the first attempt.
        assert await enter(second) == "accepted"
    with pytest.raises(NoNumberWanted):
        await enter(await make.person(pool, role="editor"))
    assert await settle_next_campaign(pool, keys)
    values = await _values(pool, campaign.id)
    assert verify_result(values["result"], keys.public_keys().keys).is_valid
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
        # A retry gets the response of the first attempt.
        assert await correct(third) == "accepted"
    await settle_campaign(pool, keys, campaign.id, by=first)
    result = await phases.result_of(pool, campaign.id)
    assert result is not None
    assert verify_result(result, keys.public_keys().keys).is_valid
    section = msgspec.json.decode(result)["draw"]
    assert section["beacon"]["value"] == "03 07 21"
    assert [each["value"] for each in section["corrected"]] == ["03 07 12"]
    assert await pool.fetchval("SELECT entered_by FROM corrected_numbers") == [first, third]
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'correct_number'") == 1


@WHEN
async def test_killed_while_a_drand_value_is_recorded_the_draw_has_it_once(
    pool: Pool, keys: Keys, kill: Kill, when: str
) -> None:
    campaign = await phases.listed(pool, keys, beacon_order=["drand"])
    ((_, round_),) = await list_drand_rounds(pool, TEST_CHAIN)
    await kill(when, 1, "record", campaign.id, round_)
    assert ("value" in await _values(pool, campaign.id)) is (when == "after")
    assert await killed_at_commit.STEPS["record"](pool, keys, campaign.id, round_) is (when == "before")
    assert await settle_next_campaign(pool, keys)
    values = await _values(pool, campaign.id)
    assert verify_result(values["result"], keys.public_keys().keys, (TEST_CHAIN,)).is_valid
    beacon = msgspec.json.decode(values["result"])["draw"]["beacon"]
    assert (beacon["round"], beacon["signature"]) == (str(round_), signature_of(round_).hex())
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'keep_beacon'") == 1
