"""SIGKILL before and after every commit of what is done with a comment that exists: the end is that of an undisturbed run."""

from contextlib import suppress

import pytest

from feed.accounts.model import AccountId
from feed.cases.model import CaseStale
from feed.keys.store import Keys
from feed.moderation.model import AlreadyJudged
from tests.moderation.conftest import Newsroom
from tests.prizes.conftest import Kill, kill
from tests.support.chains import comment, publish
from tests.support.killed_at_commit import EDITED_TEXT, REVISED_TEXT, STEPS
from tests.support.square import miscounted

__all__ = ["kill"]

END = """
SELECT text, state, holds, revision, latest_revision, featured_at IS NOT NULL AS featured,
       (SELECT array_agg((revision, text, approved_at IS NOT NULL) ORDER BY revision) FROM comment_revisions) AS revisions,
       (SELECT array_agg((coalesce(revision, 1), state) ORDER BY id) FROM cases WHERE kind = 'comment') AS cases,
       (SELECT count(*) FROM verdicts WHERE undone_at IS NULL) AS verdicts,
       (SELECT array_agg(action ORDER BY id) FROM audit WHERE subject_kind = 'comment') AS acts,
       (SELECT array_agg(template ORDER BY id) FROM inbox) AS notices,
       (SELECT comment_count FROM post_stats WHERE post_stats.post_id = comments.post_id) AS count
FROM comments
"""


async def play(newsroom: Newsroom, keys: Keys, kill: Kill | None, when: str) -> dict[str, object]:
    """A comment is put first, hidden and shown, edited and revised, and both texts are judged. With `kill` each step is killed, then repeated."""
    pool = newsroom.pool
    owner, author = await newsroom.person(), await newsroom.person()
    one, two = await newsroom.person("reviewer"), await newsroom.person("reviewer")

    async def step(name: str, *ids: int) -> None:
        if kill is not None:
            await kill(when, 1, name, *ids)
        # What a client does that got no response; the verdict may be recorded already.
        with suppress(CaseStale, AlreadyJudged):
            await STEPS[name](pool, keys, *ids)

    async def approve(by: AccountId) -> None:
        case_id = await newsroom.case(comment_id=comment_id)
        await step("approve", by, case_id, await pool.fetchval("SELECT version FROM cases WHERE id = $1", case_id))

    comment_id = await comment(newsroom, author, await publish(newsroom, owner), stages=0)
    await step("feature_comment", owner, comment_id, 1)
    await step("hide_comment", owner, comment_id, 1)
    await step("hide_comment", one, comment_id, 0)
    await step("feature_comment", owner, comment_id, 1)
    await step("edit_comment", author, comment_id, 1)
    assert await pool.fetchval("SELECT text FROM visible_comments") == "真好"
    await approve(one)
    assert await pool.fetchval("SELECT text FROM visible_comments") == EDITED_TEXT
    # The edit is looked at once more, by the reviewer who would now put it differently.
    await pool.execute("UPDATE verdicts SET undone_at = now()")
    await pool.execute("UPDATE cases SET state = 'open', closed_at = NULL WHERE revision = 2")
    case_id = await newsroom.case(comment_id=comment_id)
    await step("revise", one, case_id)
    assert await pool.fetchval("SELECT text FROM visible_comments") == EDITED_TEXT
    await approve(two)
    assert await pool.fetchval("SELECT text FROM visible_comments") == REVISED_TEXT
    assert await miscounted(pool) == []
    row = await pool.fetchrow(END)
    assert row is not None
    return dict(row)


@pytest.mark.parametrize("when", ["undisturbed", "before", "after"])
async def test_comments_killed_at_any_commit_end_as_undisturbed_ones(
    newsroom: Newsroom, keys: Keys, kill: Kill, when: str
) -> None:
    end = await play(newsroom, keys, None if when == "undisturbed" else kill, when)
    assert end == {
        "text": REVISED_TEXT,
        "state": "published",
        "holds": 0,
        "revision": 3,
        "latest_revision": 3,
        "featured": True,
        "revisions": [(1, "真好", True), (2, EDITED_TEXT, True), (3, REVISED_TEXT, True)],
        "cases": [(1, "closed"), (2, "closed"), (3, "closed")],
        "verdicts": 1,
        "acts": ["comment.show", "case.approve", "case.revise", "case.approve"],
        "notices": ["review.edit_published", "review.comment_revised", "review.edit_published"],
        "count": 1,
    }
