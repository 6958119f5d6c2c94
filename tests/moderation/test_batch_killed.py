"""SIGKILL around every commit of a batch of verdicts and of its undo: the repeated request ends as an undisturbed one."""

import pytest

from feed.keys.store import Keys
from tests.moderation.conftest import Newsroom
from tests.prizes.conftest import Kill, kill
from tests.support.killed_at_commit import STEPS

__all__ = ["kill"]

CASES = 3
ACTS = "SELECT action, count(*) AS number FROM audit WHERE action LIKE 'case.%' GROUP BY action ORDER BY action"
IN_FORCE = "SELECT count(*) FROM verdicts WHERE undone_at IS NULL AND verdict = 'remove'"


async def states(newsroom: Newsroom) -> list[tuple[str, str]]:
    """The state of each post with that of its case; others than those of the batch are not touched."""
    rows = await newsroom.pool.fetch(
        "SELECT posts.state, cases.state AS of_case FROM posts JOIN cases ON cases.post_id = posts.id ORDER BY posts.id"
    )
    return [(row["state"], row["of_case"]) for row in rows]


# The request's key is stored by the first commit, each case is one more; the undo begins with one that writes nothing.
@pytest.mark.parametrize("nth", range(1, CASES + 2))
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_batch_killed_at_any_commit_ends_as_an_undisturbed_one(
    newsroom: Newsroom, keys: Keys, kill: Kill, when: str, nth: int
) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    cases = [await newsroom.case(post_id=await newsroom.post(author)) for _ in range(CASES)]
    await kill(when, nth, "judge_batch", reviewer, *cases)
    # Arrives while the batch is interrupted, and is no part of it.
    await newsroom.post(author)
    batch_id = await STEPS["judge_batch"](pool, keys, reviewer, *cases)
    assert await states(newsroom) == [("removed", "closed")] * CASES + [("published", "open")]
    assert await pool.fetchval(IN_FORCE) == CASES
    assert [tuple(row) for row in await pool.fetch(ACTS)] == [("case.remove", CASES)]
    assert len(await newsroom.notification_titles(author)) == CASES
    assert await STEPS["judge_batch"](pool, keys, reviewer, *cases) == batch_id

    await kill(when, nth, "undo_batch", reviewer, batch_id)
    if nth <= CASES or when == "before":
        await STEPS["undo_batch"](pool, keys, reviewer, batch_id)
    assert await states(newsroom) == [("published", "open")] * (CASES + 1)
    assert await pool.fetchval(IN_FORCE) == 0
    assert [tuple(row) for row in await pool.fetch(ACTS)] == [("case.remove", CASES), ("case.undo", CASES)]
