"""SIGKILL around every commit of draws by comment and like, from the freeze to the result and when a place ends."""

import pytest

from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.result.verify import verify_result
from tests.prizes.conftest import Kill
from tests.support import killed_at_commit, phases
from tests.support.entry_draws import WAYS, announce, decided, due, holders

WHEN = pytest.mark.parametrize("when", ["before", "after"])


@WHEN
@pytest.mark.parametrize("entry_by", WAYS)
async def test_a_draw_killed_at_any_commit_has_one_list_and_one_result(
    pool: Pool, keys: Keys, kill: Kill, entry_by: str, when: str
) -> None:
    # List, publication time, value, result.
    for nth in range(1, 5):
        draw = await due(pool, keys, entry_by, topic_name=f"{entry_by}{nth}")
        await kill(when, nth, "draw")
        before = await pool.fetchval(
            "SELECT list_sha256 FROM draws JOIN settlements ON id = settlement_id WHERE campaign_id = $1", draw.id
        )
        assert (before is None) is (nth == 1 and when == "before")
        await killed_at_commit.STEPS["draw"](pool, keys)
        after = await pool.fetchval(
            "SELECT list_sha256 FROM draws JOIN settlements ON id = settlement_id WHERE campaign_id = $1", draw.id
        )
        assert before in (None, after)
        result = await phases.result_of(pool, draw.id)
        assert result is not None
        assert verify_result(result, keys.public_keys().keys).is_valid
        assert len(await holders(pool, draw.id)) == 2


@WHEN
async def test_killed_while_a_place_ends_with_its_comment_the_next_reserve_has_it_once(
    pool: Pool, keys: Keys, kill: Kill, when: str
) -> None:
    draw = await decided(pool, keys, "comment")
    await announce(pool, keys, draw.id)
    first, second = await holders(pool, draw.id)
    await pool.execute("UPDATE comments SET state = 'removed' WHERE author_id = $1", first)
    await kill(when, 1, "forfeit")
    assert await killed_at_commit.STEPS["forfeit"](pool, keys) is (when == "before")
    third = await pool.fetchval("SELECT account_id FROM reserves WHERE position = 1")
    assert await holders(pool, draw.id) == [third, second]
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 1
