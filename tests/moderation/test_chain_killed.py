"""SIGKILL before and after every commit of a chain: the end is that of an undisturbed run."""

from contextlib import suppress

import pytest

from feed.cases.model import CaseStale
from feed.keys.store import Keys
from feed.moderation.model import AlreadyJudged
from tests.moderation.conftest import Newsroom
from tests.prizes.conftest import Kill, kill
from tests.support.killed_at_commit import STEPS
from tests.support.square import miscounted

__all__ = ["kill"]

STAGES = 2
END = """
SELECT posts.state, posts.revision, posts.latest_revision, accounts.post_count,
       (SELECT count(*) FROM posts) AS posts,
       (SELECT count(*) FROM cases WHERE state = 'open') AS waiting,
       (SELECT count(*) FROM verdicts WHERE undone_at IS NULL) AS verdicts,
       (SELECT count(DISTINCT reviewer_person) FROM verdicts) AS persons,
       (SELECT count(*) FROM audit WHERE action = 'case.approve') AS acts,
       (SELECT array_agg(template ORDER BY id) FROM inbox) AS told,
       (SELECT array_agg((violation_count, complete_count) ORDER BY id) FROM chain_attestations WHERE until > now() - interval '1 day') AS proofs
FROM posts JOIN accounts ON accounts.id = posts.author_id
"""


async def play(newsroom: Newsroom, keys: Keys, kill: Kill | None, when: str) -> dict[str, object]:
    """A post is approved twice, edited, and its edit approved twice; a proof follows. With `kill` each step is killed, then repeated."""
    pool = newsroom.pool
    author, one, two = await newsroom.person(), await newsroom.person("reviewer"), await newsroom.person("reviewer")

    async def step(name: str, *ids: int) -> object:
        if kill is not None:
            await kill(when, 1, name, *ids)
        # What a client does that got no response; the verdict may be recorded already.
        with suppress(CaseStale, AlreadyJudged):
            return await STEPS[name](pool, keys, *ids)
        return None

    await step("publish_under_chain", author, STAGES)
    post_id = await pool.fetchval("SELECT id FROM posts")
    for number in (1, 2):
        case_id = await newsroom.case(post_id=post_id)
        await step("approve", one, case_id, 1)
        assert await pool.fetchval("SELECT stage FROM cases WHERE id = $1", case_id) == 2
        shown = await pool.fetchval("SELECT max(revision) FROM visible_posts")
        assert shown == (None if number == 1 else 1)
        await step("approve", two, case_id, 2)
        if number == 1:
            await step("edit_under_chain", author, post_id, STAGES)
    await pool.execute("UPDATE post_revisions SET approved_at = approved_at - interval '1 hour'")
    await pool.execute(
        """
        INSERT INTO chain_attestations (since, until, revision_count, complete_count, violation_count, violations)
        VALUES (now() - interval '4 days', now() - interval '3 days', 0, 0, 0, '[]')
        """
    )
    await step("attest")
    assert await miscounted(pool) == []
    row = await pool.fetchrow(END)
    assert row is not None
    return dict(row)


@pytest.mark.parametrize("when", ["undisturbed", "before", "after"])
async def test_a_chain_killed_at_any_commit_ends_as_an_undisturbed_one(
    newsroom: Newsroom, keys: Keys, kill: Kill, when: str
) -> None:
    end = await play(newsroom, keys, None if when == "undisturbed" else kill, when)
    assert end == {
        "state": "published",
        "revision": 2,
        "latest_revision": 2,
        "post_count": 1,
        "posts": 1,
        "waiting": 0,
        "verdicts": 4,
        "persons": 2,
        "acts": 4,
        "told": ["review.published", "review.edit_published"],
        "proofs": [(0, 1)],
    }
