"""Chains of approvals: who sees what between the writing of a text and its last approval, and who may give which approval."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from feed.campaigns.rules.advice import rules_advice
from feed.campaigns.rules.text import rules_text
from feed.cases.model import CaseId, CaseStale
from feed.comments.edits import edit_comment
from feed.moderation.actions import judge_case, judge_cases, undo_verdicts
from feed.moderation.model import AlreadyJudged, NewVerdict, OwnCampaign, OwnSubject, VerdictKind
from feed.posts.actions import edit_post
from feed.posts.model import PostChange, PostId
from feed.screening.model import PASSED, Label, MachineResult
from feed.screens.staff.chains import count_persons, list_short_chains
from tests.moderation.conftest import Newsroom
from tests.support import make
from tests.support.chains import comment, judge, publish, reviewers
from tests.support.results import RULES
from tests.support.square import miscounted

REVIEW = MachineResult("review", risk=50, labels=[Label("spam", "review", "加微信", 0, 3, "words")])
BLOCKED = MachineResult("block", risk=100, labels=[Label("spam", "block", "加微信", 0, 3, "words")])


async def seen(newsroom: Newsroom, post_id: PostId) -> str | None:
    """The text that others see; None if they see none."""
    text: str | None = await newsroom.pool.fetchval(
        """
        SELECT text FROM visible_posts JOIN post_revisions AS shown
            ON shown.post_id = visible_posts.id AND shown.revision = visible_posts.revision
        WHERE visible_posts.id = $1
        """,
        post_id,
    )
    return text


async def state(newsroom: Newsroom, case_id: CaseId) -> tuple[str, int]:
    row = await newsroom.pool.fetchrow("SELECT state, stage FROM cases WHERE id = $1", case_id)
    assert row is not None
    return row["state"], row["stage"]


@pytest.mark.parametrize("stages", [1, 2, 3])
async def test_a_post_is_visible_after_its_last_approval_by_different_persons(newsroom: Newsroom, stages: int) -> None:
    author = await newsroom.person()
    people = await reviewers(newsroom, stages)
    post_id = await publish(newsroom, author, stages=stages)
    case_id = await newsroom.case(post_id=post_id)
    for number, reviewer in enumerate(people, 1):
        assert await seen(newsroom, post_id) is None
        assert await state(newsroom, case_id) == ("open", number)
        numbers = await newsroom.numbers(post_id)
        assert (numbers.state, numbers.profile, numbers.under_topics) == ("pending", 0, 0)
        assert await miscounted(newsroom.pool) == []
        if number > 1:
            with pytest.raises(AlreadyJudged):
                await judge(newsroom, people[0], case_id)
        await judge(newsroom, reviewer, case_id)
    assert await seen(newsroom, post_id)
    assert (await newsroom.numbers(post_id)).under_topics == 1
    assert await miscounted(newsroom.pool) == []
    assert await newsroom.notification_titles(author) == ["你的动态已通过审核"]


@pytest.mark.parametrize("stages", [1, 2, 3])
async def test_a_comment_is_visible_and_counted_after_its_last_approval(newsroom: Newsroom, stages: int) -> None:
    author = await newsroom.person()
    post_id = await publish(newsroom, await newsroom.person())
    comment_id = await comment(newsroom, author, post_id, stages=stages)
    case_id = await newsroom.case(comment_id=comment_id)
    for reviewer in await reviewers(newsroom, stages):
        assert (await newsroom.numbers(post_id)).comments == 0
        assert not await newsroom.pool.fetchval("SELECT EXISTS (SELECT FROM visible_comments)")
        await judge(newsroom, reviewer, case_id)
    assert (await newsroom.numbers(post_id)).comments == 1
    assert await miscounted(newsroom.pool) == []


async def test_two_accounts_of_a_person_fill_one_stage(newsroom: Newsroom) -> None:
    async with newsroom.pool.acquire() as conn:
        one, two = [await make.person(conn, role="reviewer", person="reviewer") for _ in range(2)]
        other_of_author = await make.person(conn, role="reviewer", person="author")
        writer = await make.person(conn, person="author")
    post_id = await publish(newsroom, writer, stages=2)
    case_id = await newsroom.case(post_id=post_id)
    with pytest.raises(OwnSubject):
        await judge(newsroom, other_of_author, case_id)
    await judge(newsroom, one, case_id)
    with pytest.raises(AlreadyJudged):
        await judge(newsroom, two, case_id)
    assert await seen(newsroom, post_id) is None


async def test_the_database_refuses_two_approvals_of_a_person_and_one_of_the_author(newsroom: Newsroom) -> None:
    """The constraints behind the rules of the program: one approval of a revision per person, none of its author's person."""
    author = await newsroom.person()
    post_id = await publish(newsroom, author, stages=2)
    comment_id = await comment(newsroom, author, await publish(newsroom, await newsroom.person()), stages=2)
    for case_id in (await newsroom.case(post_id=post_id), await newsroom.case(comment_id=comment_id)):
        await judge(newsroom, await newsroom.person("reviewer"), case_id)
        copied = """
            INSERT INTO verdicts (case_id, stage, post_id, comment_id, revision, author_id, reviewer_id, verdict, reason_code,
                                  reviewer_person, author_person)
            SELECT case_id, 2, post_id, comment_id, revision, author_id, reviewer_id + 1, 'approve', 'fine', {}, author_person
            FROM verdicts WHERE case_id = $1
        """
        with pytest.raises(asyncpg.UniqueViolationError):
            await newsroom.pool.execute(copied.format("reviewer_person"), case_id)
        with pytest.raises(asyncpg.CheckViolationError):
            await newsroom.pool.execute(copied.format("author_person"), case_id)


@pytest.mark.parametrize("machine", [PASSED, REVIEW])
async def test_an_edit_is_invisible_before_its_own_approval(newsroom: Newsroom, machine: MachineResult) -> None:
    """Approve, edit: the approved text stays until the edit is approved, under a chain and when the machine asks for a look."""
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    stages = 1
    post_id = await publish(newsroom, author, stages=stages)
    await judge(newsroom, reviewer, await newsroom.case(post_id=post_id))
    before = await seen(newsroom, post_id)
    await edit_post(
        newsroom.pool, author, post_id, PostChange(text="加微信 #别的话题#"), machine=machine, stages=stages
    )
    assert await seen(newsroom, post_id) == before
    assert not await newsroom.pool.fetchval(
        "SELECT EXISTS (SELECT FROM topic_posts JOIN topics ON topics.id = topic_id WHERE key = '别的话题')"
    )
    assert await miscounted(newsroom.pool) == []
    await judge(newsroom, reviewer, await newsroom.case(post_id=post_id))
    assert await seen(newsroom, post_id) == "加微信 #别的话题#"
    assert await miscounted(newsroom.pool) == []
    assert (await newsroom.notification_titles(author))[-1] == "你对动态的修改已通过审核"


@pytest.mark.parametrize("kind", ["post", "comment"])
async def test_no_case_of_a_former_text_is_left_in_the_queue(newsroom: Newsroom, kind: str) -> None:
    """Published first, edited, the edit approved: nothing more can be decided about the former text, until the approval is undone."""
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await publish(newsroom, author)
    if kind == "comment":
        comment_id = await comment(newsroom, author, post_id, stages=0)
        await edit_comment(newsroom.pool, author, comment_id, "加微信", machine=REVIEW, stages=1)
        case_id = await newsroom.case(comment_id=comment_id)
    else:
        await edit_post(newsroom.pool, author, post_id, PostChange(text="加微信"), machine=REVIEW, stages=1)
        case_id = await newsroom.case(post_id=post_id)

    async def waiting() -> list[int]:
        rows = await newsroom.pool.fetch(
            "SELECT coalesce(revision, 1) FROM cases WHERE state = 'open' AND kind = $1 ORDER BY 1", kind
        )
        return [row[0] for row in rows]

    assert await waiting() == [1, 2]
    version = await newsroom.pool.fetchval("SELECT version FROM cases WHERE id = $1", case_id)
    batch_id, _ = await judge_cases(newsroom.pool, reviewer, [(case_id, NewVerdict("approve", version))])
    assert await waiting() == []
    await undo_verdicts(newsroom.pool, reviewer, batch_id)
    assert await waiting() == [1, 2]


async def test_a_refused_edit_leaves_the_approved_text(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await publish(newsroom, author, stages=1)
    await judge(newsroom, reviewer, await newsroom.case(post_id=post_id))
    before = await seen(newsroom, post_id)
    await edit_post(newsroom.pool, author, post_id, PostChange(text="加微信"), stages=1)
    case_id = await newsroom.case(post_id=post_id)
    await judge(newsroom, reviewer, case_id, "reject")
    assert await seen(newsroom, post_id) == before
    assert (await newsroom.notification_titles(author))[-1] == "你对动态的修改未通过审核"
    # The refused edit can be restored, by an approval of its own.
    await judge(newsroom, reviewer, case_id, "restore", "mistaken")
    assert await seen(newsroom, post_id) == "加微信"
    assert await miscounted(newsroom.pool) == []


async def test_a_blocked_edit_is_refused_at_once_and_the_author_may_try_again(newsroom: Newsroom) -> None:
    author = await newsroom.person()
    post_id = await publish(newsroom, author)
    before = await seen(newsroom, post_id)
    await edit_post(newsroom.pool, author, post_id, PostChange(text="加微信"), machine=BLOCKED)
    assert await seen(newsroom, post_id) == before
    await edit_post(newsroom.pool, author, post_id, PostChange(text="读书笔记"))
    assert await seen(newsroom, post_id) == "读书笔记"


@pytest.mark.parametrize(("first", "second"), [(1, 0), (2, 1), (3, 0)])
async def test_editing_a_post_that_waits_never_publishes_it(newsroom: Newsroom, first: int, second: int) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await publish(newsroom, author, stages=first)
    old_case = await newsroom.case(post_id=post_id)
    if first > 1:
        await judge(newsroom, reviewer, old_case)
    await edit_post(newsroom.pool, author, post_id, PostChange(text="另一段话"), stages=second)
    assert await seen(newsroom, post_id) is None
    # The approvals were of another text.
    new_case = await newsroom.case(post_id=post_id)
    assert new_case != old_case
    assert await state(newsroom, new_case) == ("open", 1)
    with pytest.raises(CaseStale):
        await judge(newsroom, await newsroom.person("reviewer"), old_case)
    await judge(newsroom, reviewer, new_case)
    assert await seen(newsroom, post_id) == ("另一段话" if max(second, 1) == 1 else None)


async def test_what_others_see_can_be_taken_down_while_an_edit_waits(newsroom: Newsroom) -> None:
    author, one, two = await newsroom.person(), *await reviewers(newsroom, 2)
    post_id = await publish(newsroom, author)
    shown_case = await newsroom.case(post_id=post_id)
    await edit_post(newsroom.pool, author, post_id, PostChange(text="更正"), stages=1)
    edit_case = await newsroom.case(post_id=post_id)
    assert await state(newsroom, shown_case) == ("open", 1)
    await judge(newsroom, one, shown_case, "remove")
    assert await seen(newsroom, post_id) is None
    await judge(newsroom, two, shown_case, "restore", "mistaken")
    assert await seen(newsroom, post_id)
    await judge(newsroom, two, edit_case)
    assert await seen(newsroom, post_id) == "更正"
    assert await miscounted(newsroom.pool) == []


async def test_a_text_that_the_machine_blocks_is_rejected_with_its_reason_and_can_be_restored(
    newsroom: Newsroom,
) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await publish(newsroom, author, machine=BLOCKED)
    comment_id = await comment(newsroom, author, await publish(newsroom, reviewer), stages=0, machine=BLOCKED)
    for case_id in (await newsroom.case(post_id=post_id), await newsroom.case(comment_id=comment_id)):
        assert await state(newsroom, case_id) == ("closed", 1)
    assert (await newsroom.numbers(post_id)).state == "rejected"
    assert await seen(newsroom, post_id) is None
    assert await miscounted(newsroom.pool) == []
    other = await newsroom.person("reviewer")
    for case_id in (await newsroom.case(post_id=post_id), await newsroom.case(comment_id=comment_id)):
        await judge(newsroom, other, case_id, "restore", "mistaken")
    assert await seen(newsroom, post_id)
    assert await newsroom.pool.fetchval("SELECT count(*) FROM visible_comments") == 1
    assert await miscounted(newsroom.pool) == []


async def test_rejecting_at_a_later_stage_and_restoring_needs_the_rest_of_the_chain(newsroom: Newsroom) -> None:
    author, one, two, three = await newsroom.person(), *await reviewers(newsroom, 3)
    post_id = await publish(newsroom, author, stages=3)
    case_id = await newsroom.case(post_id=post_id)
    await judge(newsroom, one, case_id)
    await judge(newsroom, two, case_id, "reject")
    assert (await newsroom.numbers(post_id)).state == "rejected"
    await judge(newsroom, two, case_id, "restore", "mistaken")
    assert (await newsroom.numbers(post_id)).state == "pending"
    assert await state(newsroom, case_id) == ("open", 3)
    await judge(newsroom, three, case_id)
    assert await seen(newsroom, post_id)
    assert await miscounted(newsroom.pool) == []


@pytest.mark.parametrize("kind", ["approve", "reject"])
@pytest.mark.parametrize("what", ["post", "edit", "comment"])
async def test_undoing_the_last_verdict_of_a_chain_restores_what_was_before(
    newsroom: Newsroom, what: str, kind: VerdictKind
) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    comment_id = None
    if what == "comment":
        post_id = await publish(newsroom, await newsroom.person())
        comment_id = await comment(newsroom, author, post_id, stages=1)
    else:
        post_id = await publish(newsroom, author, stages=0 if what == "edit" else 1)
    if what == "edit":
        await edit_post(newsroom.pool, author, post_id, PostChange(text="更正"), stages=1)
    case_id = await newsroom.case(post_id=None if comment_id else post_id, comment_id=comment_id)

    async def facts() -> list[Any]:
        return [
            await newsroom.numbers(post_id),
            await seen(newsroom, post_id),
            await newsroom.pool.fetchval("SELECT count(*) FROM visible_comments"),
            await newsroom.pool.fetchval(
                "SELECT array_agg((approved_at IS NULL, refused_at IS NULL) ORDER BY post_id, revision) FROM post_revisions"
            ),
            await state(newsroom, case_id),
        ]

    before = await facts()
    version = await newsroom.pool.fetchval("SELECT version FROM cases WHERE id = $1", case_id)
    batch_id, _ = await judge_cases(newsroom.pool, reviewer, [(case_id, NewVerdict(kind, version, "spam"))])
    assert await facts() != before
    [(_, outcome)] = await undo_verdicts(newsroom.pool, reviewer, batch_id)
    assert not isinstance(outcome, Exception), outcome
    assert await facts() == before
    assert await miscounted(newsroom.pool) == []


async def test_approving_does_not_depend_on_the_authors_limits(newsroom: Newsroom) -> None:
    """A ban, a mute or the loss of the phone concern what the author may write next, not what was written before."""
    for kind in ("ban", "mute"):
        author = await newsroom.person()
        post_id = await publish(newsroom, author, stages=1)
        await make.ban(newsroom.pool, author, kind=kind)
        await judge(newsroom, await newsroom.person("reviewer"), await newsroom.case(post_id=post_id))
        assert await seen(newsroom, post_id)


async def test_two_reviewers_at_once_give_one_approval_of_a_stage(newsroom: Newsroom) -> None:
    author, *people = await newsroom.person(), *await reviewers(newsroom, 4)
    post_id = await publish(newsroom, author, stages=2)
    case_id = await newsroom.case(post_id=post_id)
    done = await asyncio.gather(
        *(judge_case(newsroom.pool, each, case_id, NewVerdict("approve", 1)) for each in people), return_exceptions=True
    )
    assert sum(not isinstance(each, Exception) for each in done) == 1
    assert all(isinstance(each, CaseStale) for each in done if isinstance(each, Exception))
    assert await state(newsroom, case_id) == ("open", 2)
    assert await newsroom.pool.fetchval("SELECT count(*) FROM verdicts") == 1


async def test_the_strictest_of_topic_campaign_and_site_decides(newsroom: Newsroom) -> None:
    author = await newsroom.person()
    await publish(newsroom, author)
    pool = newsroom.pool

    async def stages() -> int:
        post_id = await publish(newsroom, author, stages=1)
        return int(await pool.fetchval("SELECT stages FROM cases WHERE post_id = $1", post_id))

    assert await stages() == 1
    await pool.execute("UPDATE topics SET review_stages = 2")
    assert await stages() == 2
    campaign = await make.campaign(pool, topic_name="爱读书的深圳人")
    await pool.execute("UPDATE campaigns SET review_stages = 3 WHERE id = $1", campaign)
    assert await stages() == 3
    await pool.execute("UPDATE campaigns SET ends_at = now() - interval '1 hour' WHERE id = $1", campaign)
    assert await stages() == 2
    # An alias leads to the stages of its target.
    await pool.execute("UPDATE topics SET review_stages = 0")
    target = await make.topic(pool, "读书月")
    await pool.execute("UPDATE topics SET review_stages = 3 WHERE id = $1", target)
    await pool.execute("UPDATE topics SET alias_of = $1 WHERE id <> $1", target)
    assert await stages() == 3


async def test_a_late_approval_misses_no_deadline_of_a_campaign(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    campaign = await make.campaign(newsroom.pool, topic_name="爱读书的深圳人")
    post_id = await publish(newsroom, author, stages=1)
    sent_at = await newsroom.pool.fetchval("SELECT created_at FROM posts WHERE id = $1", post_id)
    assert await newsroom.pool.fetchval("SELECT entered_at FROM entries WHERE campaign_id = $1", campaign) == sent_at
    await newsroom.pool.execute("UPDATE campaigns SET ends_at = clock_timestamp() WHERE id = $1", campaign)
    await judge(newsroom, reviewer, await newsroom.case(post_id=post_id))
    judged = "SELECT bears_topic FROM judged_revisions WHERE campaign_id = $1 AND post_id = $2"
    assert await newsroom.pool.fetchval(judged, campaign, post_id)
    assert await newsroom.pool.fetchval("SELECT published_at > created_at FROM posts WHERE id = $1", post_id)


async def test_editors_of_a_campaign_judge_no_case_of_its_entries(newsroom: Newsroom) -> None:
    author = await newsroom.person()
    async with newsroom.pool.acquire() as conn:
        editor = await make.person(conn, role="editor", person="editor")
        second = await make.person(conn, role="reviewer", person="editor")
    campaign = await make.campaign(newsroom.pool, topic_name="爱读书的深圳人")
    await newsroom.pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign, editor)
    post_id = await publish(newsroom, author, stages=1)
    other = await publish(newsroom, await newsroom.person(), stages=0)
    comment_id = await comment(newsroom, author, other, stages=1)
    for case_id in (await newsroom.case(post_id=post_id), await newsroom.case(comment_id=comment_id)):
        for account in (editor, second):
            with pytest.raises(OwnCampaign):
                await judge(newsroom, account, case_id)
        await judge(newsroom, await newsroom.person("reviewer"), case_id)


async def test_a_chain_with_more_stages_than_persons_is_reported(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    async with pool.acquire() as conn:
        editor = await make.person(conn, role="editor", person="editor")
        await make.person(conn, role="reviewer", person="editor")
        await make.person(conn, role="reviewer")
    campaign = await make.campaign(pool, topic_name="爱读书的深圳人")
    await pool.execute("UPDATE campaigns SET created_by = $2, review_stages = 1 WHERE id = $1", campaign, editor)

    async def short(site: int = 0) -> set[tuple[str, int, int]]:
        async with pool.acquire() as conn:
            return {(each.kind, each.stages, each.persons) for each in await list_short_chains(conn, site_stages=site)}

    assert await short() == set()
    await pool.execute("UPDATE campaigns SET review_stages = 2")
    await pool.execute("UPDATE topics SET review_stages = 3")
    assert await short() == {("campaign", 2, 1), ("topic", 3, 2)}
    assert await short(3) == {("site", 3, 2), ("campaign", 3, 1), ("topic", 3, 2)}
    await newsroom.person("reviewer")
    assert await short() == set()
    async with pool.acquire() as conn:
        rules = msgspec.structs.replace(RULES, review_chain=3)
        advice = rules_advice(rules, has_judges=True, reviewers=await count_persons(conn, campaign))
        assert ("review_chain", "too_few_reviewers") in {(each.field, each.code) for each in advice}


def test_the_rules_text_says_that_entries_are_reviewed_before_they_are_public() -> None:
    said = {
        chain: rules_text(msgspec.structs.replace(RULES, review_chain=chain)) for chain in (None, "publish_first", 1, 3)
    }
    assert said[None] == said["publish_first"]
    assert "动态经审核通过后公开；参与时间以提交时间为准" in said[1]
    assert "动态经由不同人员依次进行的3次审核通过后公开" in said[3]
