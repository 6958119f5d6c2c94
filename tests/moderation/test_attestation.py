"""The nightly proof of the chains: what it finds, that it is made once, and that a killed one is made again."""

import asyncio

import pytest

from feed.accounts.model import AccountId
from feed.moderation.attestation import attest_chains, find_violation
from feed.moderation.attestation_store import Shown
from feed.posts.actions import edit_post
from feed.posts.model import PostChange, content_sha256
from tests.moderation.conftest import Newsroom
from tests.support.chains import comment, judge, publish, reviewers
from tests.support.proofs import prove, prove_up_to_now


async def a_published_post(newsroom: Newsroom, author: AccountId, stages: int) -> int:
    post_id = await publish(newsroom, author, stages=stages)
    for reviewer in await reviewers(newsroom, stages):
        await judge(newsroom, reviewer, await newsroom.case(post_id=post_id))
    return post_id


async def test_complete_chains_and_what_is_published_first_violate_nothing(newsroom: Newsroom) -> None:
    author = await newsroom.person()
    for stages in (0, 1, 3):
        await a_published_post(newsroom, author, stages)
    await publish(newsroom, author, stages=2)  # Waits: not visible.
    edited = await publish(newsroom, author)
    await edit_post(newsroom.pool, author, edited, PostChange(text="更正"), stages=1)
    result = await prove(newsroom)
    assert (result["revision_count"], result["complete_count"], result["violations"]) == (4, 4, [])
    assert await newsroom.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'chain.attest'") == 1
    # Once a day, by one worker.
    assert not await attest_chains(newsroom.pool)


@pytest.mark.parametrize(
    ("tampering", "reason"),
    [
        ("UPDATE verdicts SET undone_at = now() WHERE id = (SELECT max(id) FROM verdicts)", "incomplete"),
        ("UPDATE cases SET stages = 3", "incomplete"),
        ("UPDATE verdicts SET reviewer_id = (SELECT min(reviewer_id) FROM verdicts), stage = 9 + stage, reviewer_person = NULL", "incomplete"),
        ("UPDATE verdicts SET content_sha256 = '\\x00'", "incomplete"),
        ("UPDATE post_revisions SET text = '另一段话'", "content"),
        ("UPDATE post_revisions SET author_id = (SELECT min(reviewer_id) FROM verdicts)", "author"),
        ("DELETE FROM cases", "no_case"),
    ],
)  # fmt: skip
async def test_what_is_visible_without_its_approvals_is_found(newsroom: Newsroom, tampering: str, reason: str) -> None:
    post_id = await a_published_post(newsroom, await newsroom.person(), 2)
    await newsroom.pool.execute("DROP INDEX verdicts_no_two_stages_by_one")
    await newsroom.pool.execute("ALTER TABLE verdicts DROP CONSTRAINT verdicts_case")
    await newsroom.pool.execute(tampering)
    result = await prove(newsroom)
    assert result["violations"] == [{"kind": "post", "id": str(post_id), "revision": 1, "reason": reason}]
    assert (result["violation_count"], result["complete_count"]) == (1, 0)


async def test_a_comment_that_is_visible_without_its_approvals_is_found(newsroom: Newsroom) -> None:
    author, other = await newsroom.person(), await newsroom.person()
    post_id = await publish(newsroom, author)
    complete, tampered = [await comment(newsroom, other, post_id, stages=1) for _ in range(2)]
    await judge(newsroom, await newsroom.person("reviewer"), await newsroom.case(comment_id=complete))
    await newsroom.pool.execute("UPDATE comments SET state = 'published' WHERE id = $1", tampered)
    # Comments are found by the time in their ids: the interval reaches to now here.
    result = await prove_up_to_now(newsroom)
    assert {(each["kind"], each["id"], each["reason"]) for each in result["violations"]} == {
        ("comment", str(tampered), "incomplete")
    }


async def test_two_workers_prove_an_interval_once(newsroom: Newsroom) -> None:
    await a_published_post(newsroom, await newsroom.person(), 1)
    await prove(newsroom)
    await newsroom.pool.execute(
        "UPDATE chain_attestations SET since = since - interval '3 days', until = until - interval '3 days'"
    )
    made = await asyncio.gather(*(attest_chains(newsroom.pool) for _ in range(4)))
    assert sorted(made) == [False, False, False, True]


def test_the_violation_of_a_revision() -> None:
    shown = Shown(id=1, revision=1, text="a", media_ids=[], content_sha256=content_sha256("a", []), stages=1, approved_by=1, by_author=False)  # fmt: skip
    assert find_violation(shown) is None
