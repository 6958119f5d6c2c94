"""Leases, verdicts and their undoing, from a published post to its counters and notifications."""

import asyncio

import pytest

from feed.cases.model import CaseFilter, CaseId, CaseLeased, CaseNotFound, CaseNotLeased, CaseStale
from feed.comments.actions import delete_comment
from feed.errors import FeedError
from feed.moderation.actions import extend_case, judge_case, judge_cases, lease_cases, release_case, undo_verdicts
from feed.moderation.model import (
    AlreadyJudged,
    BatchId,
    BatchNotFound,
    NewVerdict,
    OwnSubject,
    VerdictKind,
    VerdictNotApplicable,
    VerdictResult,
)
from feed.posts.actions import delete_post, edit_post
from feed.posts.model import PostChange
from feed.reasons import VerdictReason
from tests.moderation.conftest import Newsroom, Numbers
from tests.support.notices import said

SHOWN = Numbers(state="published", profile=1, under_topics=1, comments=0, replies=0, rows=0)
HIDDEN = Numbers(state="removed", profile=0, under_topics=0, comments=0, replies=0, rows=0)
ALL = CaseFilter()


def verdict(kind: VerdictKind, version: int = 1, reason_code: VerdictReason = "spam") -> NewVerdict:
    return NewVerdict(kind, version, reason_code)


async def test_an_approved_post_stays_as_it_was_and_its_case_is_closed(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    case_id = await newsroom.case(post_id=post_id)
    await judge_case(newsroom.pool, reviewer, case_id, verdict("approve", reason_code="fine"))
    assert await newsroom.numbers(post_id) == SHOWN
    assert await newsroom.pool.fetchval("SELECT state FROM cases WHERE id = $1", case_id) == "closed"
    assert await newsroom.notification_titles(author) == []


async def test_a_removed_post_leaves_every_list_and_count_until_it_is_restored(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    await newsroom.comment(reviewer, post_id)
    before = await newsroom.numbers(post_id)
    version = await newsroom.version(post_id)
    case_id = await newsroom.case(post_id=post_id)

    await judge_case(newsroom.pool, reviewer, case_id, verdict("remove"))
    removed = await newsroom.numbers(post_id)
    assert (removed.state, removed.profile, removed.under_topics, removed.comments) == ("removed", 0, 0, 1)
    assert await newsroom.version(post_id) > version
    assert await newsroom.notification_titles(author) == ["你的动态已被移除"]

    await judge_case(newsroom.pool, reviewer, case_id, verdict("restore", version=2, reason_code="mistaken"))
    assert await newsroom.numbers(post_id) == before
    assert await newsroom.notification_titles(author) == ["你的动态已被移除", "你的动态已恢复显示"]


async def test_a_rejected_post_is_hidden_too(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    await judge_case(newsroom.pool, reviewer, await newsroom.case(post_id=post_id), verdict("reject"))
    numbers = await newsroom.numbers(post_id)
    assert (numbers.state, numbers.profile, numbers.under_topics) == ("rejected", 0, 0)


async def test_a_verdict_records_the_hash_of_the_content_and_is_audited(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    case_id = await newsroom.case(post_id=post_id)
    await judge_case(newsroom.pool, reviewer, case_id, verdict("remove"))
    row = await newsroom.pool.fetchrow(
        """
        SELECT verdicts.content_sha256 = post_revisions.content_sha256 AS bound, audit.action, audit.actor_id
        FROM verdicts
        JOIN post_revisions ON post_revisions.post_id = verdicts.post_id AND post_revisions.revision = verdicts.revision
        JOIN audit ON audit.subject_kind = 'post' AND audit.subject_id = verdicts.post_id
        WHERE case_id = $1
        """,
        case_id,
    )
    assert row is not None
    assert tuple(row) == (True, "case.remove", reviewer)


async def test_the_same_verdict_twice_is_recorded_once(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    case_id = await newsroom.case(post_id=post_id)
    await judge_case(newsroom.pool, reviewer, case_id, verdict("remove"))
    with pytest.raises(CaseStale):
        await judge_case(newsroom.pool, reviewer, case_id, verdict("remove"))
    with pytest.raises(VerdictNotApplicable):
        await judge_case(newsroom.pool, reviewer, case_id, verdict("remove", version=2))
    assert await newsroom.numbers(post_id) == HIDDEN
    assert await newsroom.pool.fetchval("SELECT count(*) FROM verdicts") == 1


async def test_one_of_two_concurrent_verdicts_is_stale(newsroom: Newsroom) -> None:
    author = await newsroom.person()
    reviewers = [await newsroom.person("reviewer") for _ in range(6)]
    post_id = await newsroom.post(author)
    case_id = await newsroom.case(post_id=post_id)
    found = await asyncio.gather(
        *(judge_case(newsroom.pool, each, case_id, verdict("remove")) for each in reviewers), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in found) == ["CaseStale"] * 5 + ["VerdictResult"]
    assert await newsroom.numbers(post_id) == HIDDEN
    assert await newsroom.notification_titles(author) == ["你的动态已被移除"]


async def test_an_edit_makes_the_old_case_stale_and_queues_the_new_revision(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    old = await newsroom.case(post_id=post_id)
    await lease_cases(newsroom.pool, reviewer, ALL, count=1)
    await edit_post(newsroom.pool, author, post_id, PostChange(text="改过的话 #爱读书的深圳人#"))
    for version in (1, 2):
        with pytest.raises(CaseStale):
            await judge_case(newsroom.pool, reviewer, old, verdict("remove", version=version))
    new = await newsroom.case(post_id=post_id)
    assert new != old
    await judge_case(newsroom.pool, reviewer, new, verdict("remove"))
    assert await newsroom.numbers(post_id) == HIDDEN


async def test_a_case_leased_by_another_reviewer_is_rejected(newsroom: Newsroom) -> None:
    author, holder, other = (
        await newsroom.person(),
        await newsroom.person("reviewer"),
        await newsroom.person("reviewer"),
    )
    case_id = await newsroom.case(post_id=await newsroom.post(author))
    assert await lease_cases(newsroom.pool, holder, ALL, count=1) == [case_id]
    for attempt in (
        judge_case(newsroom.pool, other, case_id, verdict("approve")),
        release_case(newsroom.pool, other, case_id),
        extend_case(newsroom.pool, other, case_id),
    ):
        with pytest.raises(CaseLeased):
            await attempt
    await extend_case(newsroom.pool, holder, case_id)
    await release_case(newsroom.pool, holder, case_id)
    await release_case(newsroom.pool, holder, case_id)
    with pytest.raises(CaseNotLeased):
        await extend_case(newsroom.pool, holder, case_id)
    await judge_case(newsroom.pool, other, case_id, verdict("approve"))


async def test_concurrent_leases_never_share_a_case(newsroom: Newsroom) -> None:
    author = await newsroom.person()
    for _ in range(12):
        await newsroom.post(author)
    reviewers = [await newsroom.person("reviewer") for _ in range(8)]
    leased = await asyncio.gather(*(lease_cases(newsroom.pool, each, ALL, count=3) for each in reviewers))
    items = [case_id for one in leased for case_id in one]
    assert len(items) == len(set(items)) == 12


async def test_a_reviewer_cannot_judge_their_own_post(newsroom: Newsroom) -> None:
    reviewer = await newsroom.person("reviewer")
    post_id = await newsroom.post(reviewer)
    assert await lease_cases(newsroom.pool, reviewer, ALL, count=5) == []
    with pytest.raises(OwnSubject):
        await judge_case(newsroom.pool, reviewer, await newsroom.case(post_id=post_id), verdict("approve"))


async def test_a_reviewer_who_escalates_cannot_judge_the_next_stage(newsroom: Newsroom) -> None:
    author, first, second = await newsroom.person(), await newsroom.person("reviewer"), await newsroom.person("editor")
    post_id = await newsroom.post(author)
    case_id = await newsroom.case(post_id=post_id)
    await judge_case(newsroom.pool, first, case_id, verdict("escalate", reason_code="other"))
    assert await lease_cases(newsroom.pool, first, ALL, count=5) == []
    with pytest.raises(AlreadyJudged):
        await judge_case(newsroom.pool, first, case_id, verdict("remove", version=2))
    assert await lease_cases(newsroom.pool, second, CaseFilter(stage=2), count=5) == [case_id]
    await judge_case(newsroom.pool, second, case_id, verdict("remove", version=2))
    assert await newsroom.numbers(post_id) == HIDDEN


async def test_a_removed_comment_is_counted_nowhere_until_it_is_restored(newsroom: Newsroom) -> None:
    author, reader, reviewer = await newsroom.person(), await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    root = await newsroom.comment(reader, post_id)
    reply = await newsroom.comment(author, post_id, "谢谢", root)
    before = await newsroom.numbers(post_id)
    assert (before.comments, before.replies, before.rows) == (2, 1, 2)
    case_id = await newsroom.case(comment_id=reply)

    await judge_case(newsroom.pool, reviewer, case_id, verdict("remove", reason_code="abuse"))
    after = await newsroom.numbers(post_id)
    assert (after.comments, after.replies, after.rows) == (1, 0, 1)
    assert await newsroom.notification_titles(author) == ["你的评论已被移除"]

    await judge_case(newsroom.pool, reviewer, case_id, verdict("restore", version=2))
    assert await newsroom.numbers(post_id) == before


async def test_a_removed_post_that_its_author_deletes_is_counted_once(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    case_id = await newsroom.case(post_id=post_id)
    await judge_case(newsroom.pool, reviewer, case_id, verdict("remove"))
    await delete_post(newsroom.pool, author, post_id)
    assert await newsroom.numbers(post_id) == Numbers("deleted", 0, 0, 0, 0, 0)
    with pytest.raises(CaseStale):
        await judge_case(newsroom.pool, reviewer, case_id, verdict("restore", version=2))
    assert await newsroom.numbers(post_id) == Numbers("deleted", 0, 0, 0, 0, 0)


async def test_a_removed_comment_that_its_author_deletes_is_counted_once(newsroom: Newsroom) -> None:
    author, reader, reviewer = await newsroom.person(), await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    comment_id = await newsroom.comment(reader, post_id)
    case_id = await newsroom.case(comment_id=comment_id)
    await judge_case(newsroom.pool, reviewer, case_id, verdict("remove"))
    await delete_comment(newsroom.pool, reader, comment_id)
    numbers = await newsroom.numbers(post_id)
    assert (numbers.comments, numbers.rows) == (0, 0)
    with pytest.raises(CaseStale):
        await judge_case(newsroom.pool, reviewer, case_id, verdict("restore", version=2))


async def test_a_deleted_post_cannot_be_judged(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    case_id = await newsroom.case(post_id=post_id)
    await delete_post(newsroom.pool, author, post_id)
    assert await lease_cases(newsroom.pool, reviewer, ALL, count=5) == []
    for version in (1, 2):
        with pytest.raises(CaseStale):
            await judge_case(newsroom.pool, reviewer, case_id, verdict("remove", version=version))


async def test_a_concurrent_removal_and_deletion_are_counted_once(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    for _ in range(5):
        post_id = await newsroom.post(author)
        case_id = await newsroom.case(post_id=post_id)
        found = await asyncio.gather(
            judge_case(newsroom.pool, reviewer, case_id, verdict("remove")),
            delete_post(newsroom.pool, author, post_id),
            return_exceptions=True,
        )
        assert found[1] is None
        assert isinstance(found[0], VerdictResult | CaseStale)
        assert await newsroom.numbers(post_id) == Numbers("deleted", 0, 0, 0, 0, 0)


async def test_an_unknown_case_is_rejected(newsroom: Newsroom) -> None:
    reviewer = await newsroom.person("reviewer")
    with pytest.raises(CaseNotFound):
        await judge_case(newsroom.pool, reviewer, CaseId(1), verdict("remove"))


async def test_an_error_of_one_case_does_not_affect_the_rest_of_a_batch(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    mine = await newsroom.post(reviewer)
    posts = [await newsroom.post(author) for _ in range(2)]
    ids = [await newsroom.case(post_id=post_id) for post_id in (*posts, mine)]
    items = [(ids[0], verdict("remove")), (ids[1], verdict("remove", version=7)), (ids[2], verdict("remove"))]
    _, outcomes = await judge_cases(newsroom.pool, reviewer, items)
    codes = [each.code if isinstance(each, FeedError) else "done" for each in outcomes]
    assert codes == ["done", "case_stale", "own_subject"]
    assert [(await newsroom.numbers(post_id)).state for post_id in posts] == ["removed", "published"]


async def test_a_batch_is_undone_except_for_cases_judged_since(newsroom: Newsroom) -> None:
    author, reviewer, other = (
        await newsroom.person(),
        await newsroom.person("reviewer"),
        await newsroom.person("editor"),
    )
    posts = [await newsroom.post(author) for _ in range(3)]
    ids = [await newsroom.case(post_id=post_id) for post_id in posts]
    batch_id, _ = await judge_cases(newsroom.pool, reviewer, [(case_id, verdict("remove")) for case_id in ids])
    await judge_case(newsroom.pool, other, ids[1], verdict("restore", version=2))
    await delete_post(newsroom.pool, author, posts[2])

    with pytest.raises(BatchNotFound):
        await undo_verdicts(newsroom.pool, other, batch_id)
    outcomes = dict(await undo_verdicts(newsroom.pool, reviewer, batch_id))
    assert isinstance(outcomes[ids[0]], VerdictResult)
    assert isinstance(outcomes[ids[1]], CaseStale)
    assert isinstance(outcomes[ids[2]], CaseStale)
    numbers = await newsroom.numbers(posts[0])
    assert (numbers.state, numbers.profile, numbers.under_topics) == ("published", 2, 1)
    assert await lease_cases(newsroom.pool, other, ALL, count=5) == [ids[0]]
    with pytest.raises(BatchNotFound):
        await undo_verdicts(newsroom.pool, reviewer, BatchId(1))


async def test_undoing_a_verdict_removes_its_notification_unless_it_was_seen(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    posts = [await newsroom.post(author) for _ in range(3)]
    ids = [await newsroom.case(post_id=post_id) for post_id in posts]
    batch_id, _ = await judge_cases(newsroom.pool, reviewer, [(case_id, verdict("remove")) for case_id in ids])
    unread, read, pushed = await newsroom.pool.fetch("SELECT id FROM inbox WHERE account_id = $1 ORDER BY id", author)
    assert (await said(newsroom.pool, to=author))[0].body == "一审结果，原因：广告或刷屏。其他人已看不到这条动态。"
    await newsroom.pool.execute("UPDATE inbox SET read_at = now() WHERE id = $1", read["id"])
    await newsroom.pool.execute(
        "INSERT INTO pushes (inbox_id, account_id, once_key, tries) SELECT id, account_id, once_key, 1 FROM inbox WHERE id = $1",
        pushed["id"],
    )
    await undo_verdicts(newsroom.pool, reviewer, batch_id)
    assert await newsroom.notification_titles(author) == ["你的动态已被移除"] * 2 + ["你的动态已恢复显示"] * 2
    assert await newsroom.pool.fetchval("SELECT count(*) FROM inbox WHERE id = $1", unread["id"]) == 0


async def test_undoing_a_restoration_hides_the_subject_for_its_former_reason_and_never_without_one(
    newsroom: Newsroom,
) -> None:
    reviewer, author = await newsroom.person("reviewer"), await newsroom.person()
    posts = [await newsroom.post(author) for _ in range(3)]
    cases_ = [await newsroom.case(post_id=post_id) for post_id in posts]
    cases_ += [await newsroom.case(comment_id=await newsroom.comment(author, posts[2]))]
    for case_id in (cases_[0], cases_[1], cases_[3]):
        await judge_case(newsroom.pool, reviewer, case_id, verdict("remove"))
    await newsroom.pool.execute("UPDATE verdicts SET reason_code = 'fine' WHERE case_id = $1", cases_[1])
    items = [(case_id, verdict("restore", version=2)) for case_id in (cases_[0], cases_[1], cases_[3])]
    batch_id, _ = await judge_cases(newsroom.pool, reviewer, items)
    await newsroom.pool.execute("UPDATE inbox SET read_at = now()")
    outcomes = dict(await undo_verdicts(newsroom.pool, reviewer, batch_id))
    assert isinstance(outcomes[cases_[0]], VerdictResult)
    assert isinstance(outcomes[cases_[1]], VerdictNotApplicable)
    assert isinstance(outcomes[cases_[3]], VerdictResult)
    assert [(await newsroom.numbers(post_id)).state for post_id in posts] == ["removed", "published", "published"]
    in_force = await newsroom.pool.fetch(
        "SELECT case_id, verdict, reason_code FROM verdicts WHERE undone_at IS NULL AND verdict = 'remove' ORDER BY case_id"
    )
    assert [tuple(row) for row in in_force] == [(case_id, "remove", "spam") for case_id in (cases_[0], cases_[3])]
    notices = await newsroom.pool.fetch("SELECT subject FROM inbox WHERE once_key LIKE '%:undone' ORDER BY id")
    assert {each["subject"]["reason_code"] for each in notices} == {"spam"}
    assert [each.body for each in await said(newsroom.pool, "%:undone")] == [
        f"恢复显示的决定已撤销，原因：广告或刷屏。其他人已看不到这条{label}。" for label in ("动态", "评论")
    ]


async def test_each_post_is_announced_after_its_verdict_unless_that_fails(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    posts = [await newsroom.post(author) for _ in range(3)]
    ids = [await newsroom.case(post_id=post_id) for post_id in posts]
    announced: list[int] = []
    items = [(ids[0], verdict("remove")), (ids[1], verdict("remove", version=7)), (ids[2], verdict("remove"))]
    batch_id, _ = await judge_cases(newsroom.pool, reviewer, items, announce=announced.extend)
    assert announced == [posts[0], posts[2]]
    announced.clear()
    with pytest.raises(CaseStale):
        await judge_case(newsroom.pool, reviewer, ids[1], verdict("remove", version=7), announce=announced.extend)
    assert announced == []
    await judge_case(newsroom.pool, reviewer, ids[1], verdict("remove"), announce=announced.extend)
    await delete_post(newsroom.pool, author, posts[2])
    await undo_verdicts(newsroom.pool, reviewer, batch_id, announce=announced.extend)
    assert announced == [posts[1], posts[0]]
