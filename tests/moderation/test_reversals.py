"""What was decided by mistake can be taken back, as an audited act of its own; a batch acts on exactly what it lists."""

import pytest

from feed.cases.model import CaseStale
from feed.moderation.actions import judge_case, judge_cases, undo_verdicts
from feed.moderation.model import NewVerdict, VerdictKind, VerdictResult
from feed.posts.actions import edit_post
from feed.posts.model import PostChange
from tests.moderation.conftest import Newsroom

ACTS = "SELECT action, actor_id FROM audit WHERE action LIKE 'case.%' AND subject_id = $1 ORDER BY id"


@pytest.mark.parametrize("hiding", ["reject", "remove"])
@pytest.mark.parametrize("kind", ["post", "comment"])
async def test_what_was_hidden_by_mistake_is_restored_by_an_act_of_its_own(
    newsroom: Newsroom, hiding: VerdictKind, kind: str
) -> None:
    author, first, second = (
        await newsroom.person(),
        await newsroom.person("reviewer"),
        await newsroom.person("reviewer"),
    )
    post = await newsroom.post(author)
    comment = await newsroom.comment(author, post)
    subject = post if kind == "post" else comment
    case_id = await newsroom.case(post_id=post) if kind == "post" else await newsroom.case(comment_id=comment)
    before = await newsroom.numbers(post)
    await judge_case(newsroom.pool, first, case_id, NewVerdict(hiding, 1, "spam"))
    assert await newsroom.numbers(post) != before
    await judge_case(newsroom.pool, second, case_id, NewVerdict("restore", 2, "mistaken"))
    assert await newsroom.numbers(post) == before
    acts = [(row["action"], row["actor_id"]) for row in await newsroom.pool.fetch(ACTS, subject)]
    assert acts == [(f"case.{hiding}", first), ("case.restore", second)]


async def test_a_batch_acts_on_the_listed_cases_in_the_listed_versions_and_on_no_later_ones(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    posts = [await newsroom.post(author) for _ in range(4)]
    ids = [await newsroom.case(post_id=post) for post in posts]
    comment_case = await newsroom.case(comment_id=await newsroom.comment(author, posts[0]))
    # One was judged and one was edited since the reviewer has read them.
    other = await newsroom.person("reviewer")
    await judge_case(newsroom.pool, other, ids[1], NewVerdict("approve", 1))
    await edit_post(newsroom.pool, author, posts[2], PostChange(text="改过的 #读书#"))
    later = await newsroom.post(author)
    items = [(case_id, NewVerdict("remove", 1, "spam")) for case_id in (*ids[:3], comment_case)]
    batch_id, outcomes = await judge_cases(newsroom.pool, reviewer, items)
    assert [type(each) for each in outcomes] == [VerdictResult, CaseStale, CaseStale, VerdictResult]
    states = [(await newsroom.numbers(post)).state for post in (*posts, later)]
    assert states == ["removed", "published", "published", "published", "published"]
    undone = dict(await undo_verdicts(newsroom.pool, reviewer, batch_id))
    assert undone.keys() == {ids[0], comment_case}
    assert [(await newsroom.numbers(post)).state for post in posts] == ["published"] * 4
    acts = [row["action"] for row in await newsroom.pool.fetch(ACTS, posts[0])]
    assert acts == ["case.remove", "case.undo"]
