"""SIGKILL before and after the commit of a report, an appeal, their verdicts and the end of a sanction: each ends as an undisturbed one."""

import pytest

from feed.accounts.model import AccountId
from feed.errors import Conflict, NotFound
from feed.keys.store import Keys
from feed.moderation.sanctions import impose_sanction
from tests.moderation.conftest import Newsroom
from tests.prizes.conftest import Kill, kill
from tests.support import killed_at_commit

__all__ = ["kill"]

STATE = """
SELECT (SELECT jsonb_build_object('state', state, 'holds', holds, 'version', version)
        FROM posts JOIN post_stats ON post_stats.post_id = posts.id WHERE posts.id = $1) AS post,
       (SELECT jsonb_agg(jsonb_build_object('kind', kind, 'state', state, 'version', version) ORDER BY id)
        FROM cases WHERE post_id = $1) AS cases,
       (SELECT jsonb_agg(jsonb_build_object('state', state, 'notified', notified)) FROM reports WHERE target_id = $1) AS reports,
       (SELECT jsonb_agg(content) FROM report_evidence WHERE author_id = $2) AS evidence,
       (SELECT jsonb_agg(state) FROM appeals WHERE account_id = $2) AS appeals,
       (SELECT jsonb_agg(jsonb_build_object('verdict', verdict, 'lifted', lifted_holds) ORDER BY id)
        FROM verdicts WHERE post_id = $1) AS verdicts,
       (SELECT jsonb_agg(jsonb_build_object('lifted', lifted_at IS NOT NULL, 'lapsed', lapsed_at IS NOT NULL))
        FROM sanctions WHERE account_id = $3) AS sanctions,
       (SELECT jsonb_agg(template ORDER BY id) FROM inbox WHERE account_id IN ($2, $3)) AS inbox,
       (SELECT jsonb_agg(action ORDER BY id) FROM audit WHERE subject_id IN ($1, $2, $3)) AS audit,
       (SELECT post_count FROM accounts WHERE id = $2) AS profile
"""
# Each step with the people and things that it takes; the first word names the step.
STORY = (
    ("report", "reader", "post"),
    ("judge_dispute", "reviewer", "remove"),
    ("appeal", "author", "post"),
    ("judge_dispute", "other", "restore"),
    ("lapse_sanction",),
)


async def play(newsroom: Newsroom, keys: Keys, kill: Kill | None, when: str) -> dict[str, object]:
    """A reported post is hidden, removed, appealed and restored; a mute lapses. With `kill` each step is killed first, then repeated."""
    pool = newsroom.pool
    who: dict[str, int] = {"author": await newsroom.person(), "reader": await newsroom.person()}
    who |= {"reviewer": await newsroom.person("reviewer"), "other": await newsroom.person("reviewer")}
    who["post"] = await newsroom.post(AccountId(who["author"]))
    # The steps take numbers.
    who |= {"remove": 0, "restore": 1}
    await impose_sanction(
        pool, AccountId(who["reviewer"]), AccountId(who["reader"]), kind="mute", reason_code="spam", until=None
    )
    await pool.execute("UPDATE sanctions SET starts_at = now() - interval '2 days', until = now() - interval '1 day'")
    for name, *given in STORY:
        ids = [who[each] for each in given]
        if kill is not None:
            await kill(when, 1, name, *ids)
        try:
            await killed_at_commit.STEPS[name](pool, keys, *ids)
        except (Conflict, NotFound):
            # The killed process had committed.
            assert (kill is not None, when) == (True, "after"), name
    row = await pool.fetchrow(STATE, who["post"], who["author"], who["reader"])
    assert row is not None
    return dict(row)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_disputes_killed_at_any_commit_end_as_undisturbed_ones(
    newsroom: Newsroom, keys: Keys, kill: Kill, when: str
) -> None:
    killed = await play(newsroom, keys, kill, when)
    assert killed["appeals"] == ["upheld"]
    assert killed == await play(newsroom, keys, None, when)
