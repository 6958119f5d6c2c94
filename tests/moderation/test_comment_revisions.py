"""Edits of comments under a chain: what others see, what can be judged, what a proof finds, and edits at once with other acts."""

import asyncio
from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.cases.model import CaseId, CaseStale
from feed.comments.edits import edit_comment, feature_comment
from feed.comments.model import CommentId, FeaturedFull
from feed.keys.store import Keys
from feed.moderation.actions import judge_cases, undo_verdicts
from feed.moderation.model import NewVerdict, OwnSubject
from feed.moderation.revisions import revise_case
from feed.moderation.upkeep import queue_waiting_items
from feed.posts.actions import edit_post
from feed.posts.model import PostChange
from feed.reports import model as reports
from feed.reports.actions import report_target
from feed.screening.model import PASSED, Label, MachineResult
from tests.moderation.conftest import Newsroom
from tests.support import erasing
from tests.support.chains import comment, judge, publish, reviewers
from tests.support.proofs import prove_up_to_now
from tests.support.square import miscounted

BLOCKED = MachineResult("block", 100, [Label("illegal", "block", "坏词", 0, 2, "words")])


class Scene:
    """A comment under a post, with the people around it."""

    def __init__(self, newsroom: Newsroom, author: AccountId, comment_id: CommentId, post_id: int) -> None:
        self.newsroom, self.author, self.comment, self.post = newsroom, author, comment_id, post_id

    async def edit(self, text: str, *, stages: int = 0, machine: MachineResult = PASSED) -> None:
        await edit_comment(self.newsroom.pool, self.author, self.comment, text, machine=machine, stages=stages)

    async def shown(self) -> str | None:
        text: str | None = await self.newsroom.pool.fetchval(
            "SELECT text FROM visible_comments WHERE id = $1", self.comment
        )
        return text

    async def case(self, revision: int) -> CaseId:
        return CaseId(
            await self.newsroom.pool.fetchval(
                "SELECT id FROM cases WHERE kind = 'comment' AND comment_id = $1 AND coalesce(revision, 1) = $2",
                self.comment,
                revision,
            )
        )

    async def open_revisions(self) -> list[int]:
        rows = await self.newsroom.pool.fetch(
            """
            SELECT coalesce(revision, 1) AS revision FROM cases
            WHERE kind = 'comment' AND comment_id = $1 AND state = 'open' ORDER BY 1
            """,
            self.comment,
        )
        return [row["revision"] for row in rows]


async def a_comment(newsroom: Newsroom, *, stages: int = 0) -> Scene:
    owner, author = await newsroom.person(), await newsroom.person()
    post_id = await publish(newsroom, owner)
    return Scene(newsroom, author, await comment(newsroom, author, post_id, stages=stages), post_id)


async def approve_and_undo(newsroom: Newsroom, reviewer: AccountId, case_id: CaseId) -> None:
    version = await newsroom.pool.fetchval("SELECT version FROM cases WHERE id = $1", case_id)
    batch, [made] = await judge_cases(newsroom.pool, reviewer, [(case_id, NewVerdict("approve", version))])
    assert not isinstance(made, Exception), made
    [(_, undone)] = await undo_verdicts(newsroom.pool, reviewer, batch)
    assert not isinstance(undone, Exception), undone


async def test_the_case_of_a_text_that_an_approved_edit_replaces_does_not_stay_open(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom)
    await scene.edit("改过的", stages=1)
    assert (await scene.shown(), await scene.open_revisions()) == ("真好", [1, 2])
    reviewer = await newsroom.person("reviewer")
    await approve_and_undo(newsroom, reviewer, await scene.case(2))
    # The former text is shown, unchanged, and both wait as before.
    assert (await scene.shown(), await scene.open_revisions()) == ("真好", [1, 2])
    assert await newsroom.pool.fetchval("SELECT edited_at FROM comments WHERE id = $1", scene.comment) is None
    await judge(newsroom, reviewer, await scene.case(2))
    assert (await scene.shown(), await scene.open_revisions()) == ("改过的", [])


async def test_the_case_of_a_post_that_an_approved_edit_replaces_does_not_stay_open(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await publish(newsroom, author)
    await edit_post(newsroom.pool, author, post_id, PostChange(text="更正"), stages=1)
    await judge(newsroom, reviewer, await newsroom.case(post_id=post_id))
    assert await newsroom.pool.fetchval("SELECT count(*) FROM cases WHERE state = 'open'") == 0


@pytest.mark.parametrize("kind", ["comment", "post"])
async def test_what_the_machine_check_refuses_leaves_no_case_that_cannot_be_judged(
    newsroom: Newsroom, kind: str
) -> None:
    scene = await a_comment(newsroom)
    for text, machine in (("改过的", PASSED), ("坏词", BLOCKED)):
        if kind == "comment":
            await scene.edit(text, stages=1, machine=machine)
        else:
            author = AccountId(await newsroom.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", scene.post))
            await edit_post(newsroom.pool, author, scene.post, PostChange(text=text), stages=1, machine=machine)  # type: ignore[arg-type]
    open_ids = [CaseId(row["id"]) for row in await newsroom.pool.fetch("SELECT id FROM cases WHERE state = 'open'")]
    assert len(open_ids) == 2
    for case_id in open_ids:
        await judge(newsroom, await newsroom.person("reviewer"), case_id)
    assert await scene.shown() == "真好"
    assert await queue_waiting_items(newsroom.pool) == 0


async def test_a_refused_edit_of_what_waits_is_no_item_without_a_case(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom, stages=1)
    await scene.edit("坏词", stages=1, machine=BLOCKED)
    author = await newsroom.person()
    post_id = await publish(newsroom, author, stages=1)
    await edit_post(newsroom.pool, author, post_id, PostChange(text="坏词"), stages=1, machine=BLOCKED)
    assert await queue_waiting_items(newsroom.pool) == 0
    await judge(newsroom, await newsroom.person("reviewer"), await scene.case(1))
    assert await scene.shown() == "真好"


async def test_an_edit_that_waits_without_a_case_is_queued(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom)
    await scene.edit("改过的", stages=1)
    await newsroom.pool.execute("DELETE FROM cases WHERE revision = 2")
    assert await queue_waiting_items(newsroom.pool) == 1
    assert await scene.open_revisions() == [1, 2]
    assert await queue_waiting_items(newsroom.pool) == 0


async def test_each_approval_that_was_taken_back_is_needed_again_after_an_edit(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom, stages=2)
    one, two, three = await reviewers(newsroom, 3)
    first = await scene.case(1)
    batches = []
    for reviewer in (one, two):
        version = await newsroom.pool.fetchval("SELECT version FROM cases WHERE id = $1", first)
        batches.append(
            (reviewer, (await judge_cases(newsroom.pool, reviewer, [(first, NewVerdict("approve", version))]))[0])
        )
    assert await scene.shown() == "真好"
    await scene.edit("改过的", stages=2)
    for reviewer, batch in reversed(batches):
        [(_, undone)] = await undo_verdicts(newsroom.pool, reviewer, batch)
        assert not isinstance(undone, Exception), undone
    assert await scene.shown() is None
    await newsroom.pool.execute("DELETE FROM cases WHERE revision = 2")
    await judge(newsroom, three, first)
    assert await scene.shown() is None


async def test_no_person_who_wrote_a_revision_approves_it(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom)
    writer, other = await reviewers(newsroom, 2)
    case_id = await revise_case(newsroom.pool, writer, await scene.case(1), "审核改的", machine=PASSED)
    assert await scene.shown() == "真好"
    with pytest.raises(OwnSubject):
        await judge(newsroom, writer, case_id)
    await judge(newsroom, other, case_id)
    assert await scene.shown() == "审核改的"
    result = await prove_revisions(newsroom)
    assert (result["violations"], result["revision_count"]) == ([], 2)


async def test_a_reviewers_text_asks_for_the_approvals_that_are_left(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom, stages=3)
    post_id = await publish(newsroom, scene.author, stages=3)
    writer = await newsroom.person("reviewer")
    for case_id in (await scene.case(1), await newsroom.case(post_id=post_id)):
        revised = await revise_case(newsroom.pool, writer, case_id, "审核改的", machine=PASSED)
        row = await newsroom.pool.fetchrow("SELECT stage, stages FROM cases WHERE id = $1", revised)
        assert row is not None
        assert tuple(row) == (2, 2)


async def prove_revisions(newsroom: Newsroom) -> dict[str, Any]:
    """A proof up to now, also of comments by the time of their last approval."""
    await newsroom.pool.execute("UPDATE comment_revisions SET approved_at = approved_at - interval '10 minutes'")
    await newsroom.pool.execute("UPDATE comment_revisions SET comment_id = comment_id - (600000::bigint << 20)")
    return await prove_up_to_now(newsroom)


@pytest.mark.parametrize(
    ("tampering", "reason"),
    [
        ("UPDATE verdicts SET undone_at = now() WHERE revision = 2", "incomplete"),
        ("UPDATE cases SET stages = 3 WHERE revision = 2", "incomplete"),
        ("UPDATE verdicts SET content_sha256 = '\\x00' WHERE revision = 2", "incomplete"),
        ("UPDATE comments SET text = '另一段话'", "content"),
        ("UPDATE comment_revisions SET author_id = (SELECT max(reviewer_id) FROM verdicts) WHERE revision = 2", "author"),
        ("DELETE FROM cases WHERE revision = 2", "no_case"),
    ],
)  # fmt: skip
async def test_an_edit_that_is_visible_without_its_approvals_is_found(
    newsroom: Newsroom, tampering: str, reason: str
) -> None:
    scene = await a_comment(newsroom, stages=1)
    await judge(newsroom, await newsroom.person("reviewer"), await scene.case(1))
    await scene.edit("改过的", stages=1)
    await judge(newsroom, await newsroom.person("reviewer"), await scene.case(2))
    await newsroom.pool.execute("ALTER TABLE verdicts DROP CONSTRAINT verdicts_case")
    await newsroom.pool.execute(tampering)
    result = await prove_revisions(newsroom)
    assert [(each["kind"], each["revision"], each["reason"]) for each in result["violations"]] == [
        ("comment", 2, reason)
    ]


async def test_a_report_is_about_the_revision_that_was_shown(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom)
    reporter, target = await newsroom.person(), reports.Target("comment", scene.comment)
    await scene.edit("坏的")
    await report_target(newsroom.pool, reporter, target, reason_code="spam", thresholds=reports.Thresholds())
    case_id = CaseId(await newsroom.pool.fetchval("SELECT id FROM cases WHERE kind = 'report'"))
    kept = await newsroom.pool.fetchrow("SELECT revision, content ->> 'text' AS text FROM report_evidence")
    assert kept is not None
    assert tuple(kept) == (2, "坏的")
    # It is another text after an edit, which the person may report too; the case is decided all the same.
    await scene.edit("改好的")
    await report_target(newsroom.pool, reporter, target, reason_code="spam", thresholds=reports.Thresholds())
    await scene.edit("又改的")
    await judge(newsroom, await newsroom.person("reviewer"), case_id, "remove")
    assert await scene.shown() is None


async def test_no_word_of_a_reviewers_edit_stays_of_an_erased_account(newsroom: Newsroom, keys: Keys) -> None:
    scene = await a_comment(newsroom)
    writer, other = await reviewers(newsroom, 2)
    await judge(newsroom, other, await revise_case(newsroom.pool, writer, await scene.case(1), "改的", machine=PASSED))
    await erasing.erase_row(newsroom.pool, keys, scene.author)
    await erasing.erase_rest(newsroom.pool, keys)
    texts = await newsroom.pool.fetch("SELECT text FROM comment_revisions UNION SELECT text FROM comments")
    assert {row["text"] for row in texts} == {""}


async def test_an_edit_and_an_approval_at_once_show_an_approved_text(newsroom: Newsroom) -> None:
    reviewer = await newsroom.person("reviewer")
    for _ in range(6):
        scene = await a_comment(newsroom, stages=1)
        done = await asyncio.gather(
            scene.edit("改过的", stages=1),
            judge(newsroom, reviewer, await scene.case(1)),
            return_exceptions=True,
        )
        assert all(each is None or isinstance(each, CaseStale) for each in done), done
        # The approval came first, or was refused because the text that it was about had been replaced.
        assert await scene.shown() == (None if isinstance(done[1], CaseStale) else "真好")
        assert await scene.open_revisions() == [2]
    assert await miscounted(newsroom.pool) == []


async def test_of_two_at_once_one_comment_takes_the_last_place(newsroom: Newsroom) -> None:
    scene = await a_comment(newsroom)
    owner = AccountId(await newsroom.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", scene.post))
    made = [
        await newsroom.comment(scene.author, scene.post, f"第{number}条")  # type: ignore[arg-type]
        for number in range(6)
    ]
    for each in made[:2]:
        await feature_comment(newsroom.pool, owner, each, featured=True)
    done = await asyncio.gather(
        *(feature_comment(newsroom.pool, owner, each, featured=True) for each in made[2:]), return_exceptions=True
    )
    assert sum(each is None for each in done) == 1
    assert all(isinstance(each, FeaturedFull) for each in done if each is not None)
    assert await newsroom.pool.fetchval("SELECT count(*) FROM comments WHERE featured_at IS NOT NULL") == 3
