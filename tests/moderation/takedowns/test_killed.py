"""SIGKILL around every commit of a takedown, of its chunks, of its end and of theirs: the end is that of an undisturbed run."""

from typing import Any

import asyncpg
import pytest
from asyncpg import Record

from feed.cases.holds import Hold
from feed.keys.store import Keys
from tests.moderation.conftest import Newsroom
from tests.prizes.conftest import Kill, kill
from tests.support import killed_at_commit
from tests.support.make_media import medium
from tests.support.takedowns import counters, spread

__all__ = ["kill"]

HELD = """
SELECT (SELECT count(*) FROM posts WHERE author_id = $1 AND holds <> 0)
     + (SELECT count(*) FROM comments WHERE author_id = $1 AND holds <> 0)
"""
EACH_ONCE = """
SELECT account_id, once_key FROM inbox WHERE once_key LIKE 'takedown:%' GROUP BY account_id, once_key HAVING count(*) > 1
"""


async def _is_killed(pool: "asyncpg.Pool[Record]", kill: Kill, when: str, nth: int, *step: Any) -> bool:
    """Whether the step had an nth commit; the process of a shorter one ends by itself."""
    await pool.execute("UPDATE takedowns SET checked_at = '-infinity'")
    try:
        await kill(when, nth, *step)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["", "_post", "_topic", "_image"])
async def test_a_takedown_killed_at_any_commit_ends_as_an_undisturbed_one(
    newsroom: Newsroom, keys: Keys, kill: Kill, when: str, kind: str
) -> None:
    pool = newsroom.pool
    author, reader, reviewer = await newsroom.person(), await newsroom.person(), await newsroom.person("reviewer")
    theirs = await newsroom.post(reader, "别人的")
    first = await newsroom.post(author, "一 #读书#")
    for number in range(2):
        await newsroom.post(author, f"{number} #读书#")
        await newsroom.comment(author, theirs)
    topic = await pool.fetchval("SELECT id FROM topics WHERE name = '读书'")
    image = 0
    for post_id in await pool.fetch("SELECT id FROM posts WHERE author_id = $1", author):
        image = await medium(pool, author, post_id=post_id["id"], sha256=bytes(32))
    target = {"": author, "_post": first, "_topic": topic, "_image": image}[kind]
    held = {"": 5, "_post": 1, "_topic": 3, "_image": 3}[kind]
    before = await counters(pool)

    for step, left in ((f"take_down{kind}", held), (f"lift{kind}", 0)):
        await kill(when, 1, step, reviewer, target)
        # Repeated, as a client does that got no response.
        await killed_at_commit.STEPS[step](pool, keys, reviewer, target)
        nth = 1
        while await _is_killed(pool, kill, when, nth, "spread"):
            await counters(pool)
            nth += 1
            assert nth < 20
        await spread(pool)
        assert await pool.fetchval(HELD, author) == left
        await counters(pool)
    assert await counters(pool) == before
    assert await pool.fetch(EACH_ONCE) == []
    acts = await pool.fetch("SELECT action, count(*) FROM audit WHERE action LIKE 'takedown%' GROUP BY action")
    assert {row["action"]: row["count"] for row in acts} == {"takedown.impose": 1, "takedown.lift": 1}
    assert Hold.AUTHOR not in {row["holds"] for row in await pool.fetch("SELECT holds FROM posts")}
