"""Moderation goes by person: no account of a person judges what the person wrote, or twice in one case."""

import pytest

from feed.accounts.model import AccountId
from feed.cases import store as cases
from feed.cases.model import CaseFilter, CaseId
from feed.errors import FeedError
from feed.moderation.actions import judge_case, judge_cases, lease_cases, undo_verdicts
from feed.moderation.model import AlreadyJudged, NewVerdict, OwnSubject, VerdictKind
from feed.moderation.sanctions import impose_sanction, lift_sanctions
from feed.reasons import VerdictReason
from tests.moderation.conftest import Newsroom
from tests.support import make

ALL = CaseFilter()
VERDICTS = ("approve", "reject", "remove", "escalate")


async def two_accounts(newsroom: Newsroom) -> tuple[AccountId, AccountId]:
    """A reviewer's account, and a second one of the same person, a reviewer too."""
    first, second = await newsroom.person("reviewer"), await newsroom.person("reviewer")
    await become_one(newsroom, first, second)
    return first, second


async def become_one(newsroom: Newsroom, first: AccountId, second: AccountId) -> None:
    await newsroom.pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", first, second
    )


async def version(newsroom: Newsroom, case_id: CaseId) -> int:
    return int(await newsroom.pool.fetchval("SELECT version FROM cases WHERE id = $1", case_id))


async def judge(
    newsroom: Newsroom, reviewer: AccountId, case_id: CaseId, verdict: VerdictKind, reason: VerdictReason = "spam"
) -> None:
    await judge_case(newsroom.pool, reviewer, case_id, NewVerdict(verdict, await version(newsroom, case_id), reason))


async def cases_of(newsroom: Newsroom, author: AccountId) -> list[CaseId]:
    """A post of the author, and a comment under another's post, each with its case; the author's name, too."""
    post = await newsroom.post(author)
    comment = await newsroom.comment(author, await newsroom.post(await newsroom.person()))
    async with newsroom.pool.acquire() as conn:
        name = await cases.add_case(conn, kind="name", author_id=author, account_id=author)
    return [await newsroom.case(post_id=post), await newsroom.case(comment_id=comment), name]


@pytest.mark.parametrize("verdict", VERDICTS)
async def test_what_another_account_wrote_is_an_own_subject(newsroom: Newsroom, verdict: VerdictKind) -> None:
    reviewer, author = await two_accounts(newsroom)
    for case_id in await cases_of(newsroom, author):
        with pytest.raises(OwnSubject):
            await judge(newsroom, reviewer, case_id, verdict)
        found = await judge_cases(newsroom.pool, reviewer, [(case_id, NewVerdict(verdict, 1, "spam"))])
        assert isinstance(found[1][0], OwnSubject)


async def test_own_subjects_and_second_looks_are_not_leased(newsroom: Newsroom) -> None:
    reviewer, author = await two_accounts(newsroom)
    own = await cases_of(newsroom, author)
    other = await newsroom.case(post_id=await newsroom.post(await newsroom.person()))
    await judge(newsroom, author, other, "escalate")
    for account in (reviewer, author):
        leased = await lease_cases(newsroom.pool, account, ALL, count=50)
        assert not {*own, other} & {*leased}
    stranger = await newsroom.person("reviewer")
    assert {other} <= {*await lease_cases(newsroom.pool, stranger, ALL, count=50)}


async def test_the_stages_of_a_case_are_of_different_persons(newsroom: Newsroom) -> None:
    first, second = await two_accounts(newsroom)
    third = await newsroom.person("reviewer")
    case_id = await newsroom.case(post_id=await newsroom.post(await newsroom.person()))
    await judge(newsroom, first, case_id, "escalate")
    for same in (first, second):
        with pytest.raises(AlreadyJudged):
            await judge(newsroom, same, case_id, "approve")
    await judge(newsroom, third, case_id, "approve")


async def test_a_second_verdict_of_the_person_at_a_stage_replaces_the_first(newsroom: Newsroom) -> None:
    first, second = await two_accounts(newsroom)
    case_id = await newsroom.case(post_id=await newsroom.post(await newsroom.person()))
    await judge(newsroom, first, case_id, "approve")
    await judge(newsroom, second, case_id, "remove")
    rows = await newsroom.pool.fetch(
        "SELECT reviewer_id FROM verdicts WHERE case_id = $1 AND undone_at IS NULL", case_id
    )
    assert [row["reviewer_id"] for row in rows] == [second]


async def test_accounts_that_became_one_person_undo_nothing_about_themselves(newsroom: Newsroom) -> None:
    reviewer, author = await newsroom.person("reviewer"), await newsroom.person()
    case_id = await newsroom.case(post_id=await newsroom.post(author))
    batch, _ = await judge_cases(newsroom.pool, reviewer, [(case_id, NewVerdict("remove", 1, "spam"))])
    await become_one(newsroom, reviewer, author)
    ((_, outcome),) = await undo_verdicts(newsroom.pool, reviewer, batch)
    assert isinstance(outcome, OwnSubject)


@pytest.mark.parametrize("subject", ["post", "comment", "account"])
async def test_an_appeal_goes_to_another_person_than_the_decision(newsroom: Newsroom, subject: str) -> None:
    first, second = await two_accounts(newsroom)
    author = await newsroom.person()
    post = await newsroom.post(author)
    comment = await newsroom.comment(author, post)
    async with newsroom.pool.acquire() as conn:
        if subject == "account":
            await impose_sanction(newsroom.pool, first, author, kind="ban", reason_code="spam", until=None)
            appeal = await cases.add_case(conn, kind="appeal", author_id=author, account_id=author)
        elif subject == "post":
            await judge(newsroom, first, await newsroom.case(post_id=post), "remove")
            appeal = await cases.add_case(conn, kind="appeal", author_id=author, post_id=post)
        else:
            await judge(newsroom, first, await newsroom.case(comment_id=comment), "remove")
            appeal = await cases.add_case(conn, kind="appeal", author_id=author, post_id=post, comment_id=comment)
    for same in (first, second):
        assert appeal not in await lease_cases(newsroom.pool, same, ALL, count=50)
        with pytest.raises(AlreadyJudged):
            await judge(newsroom, same, appeal, "dismiss")
    other = await newsroom.person("reviewer")
    assert appeal in await lease_cases(newsroom.pool, other, ALL, count=50)
    await judge(newsroom, other, appeal, "dismiss")


@pytest.mark.parametrize("role", ["reviewer", "editor", "admin"])
async def test_no_account_lifts_or_changes_a_sanction_of_the_person(newsroom: Newsroom, role: str) -> None:
    reviewer, other = await two_accounts(newsroom)
    await newsroom.pool.execute("DELETE FROM staff_rights WHERE account_id = $1", other)
    await newsroom.pool.execute("UPDATE staff_rights SET role = $2 WHERE account_id = $1", reviewer, role)
    await make.ban(newsroom.pool, other, kind="mute")
    attempts = (
        lift_sanctions(newsroom.pool, reviewer, other),
        lift_sanctions(newsroom.pool, reviewer, reviewer),
        impose_sanction(newsroom.pool, reviewer, other, kind="mute", reason_code="other", until=make.now() + make.DAY),
    )
    for attempt in attempts:
        with pytest.raises(OwnSubject):
            await attempt


async def test_the_rule_is_one_view(newsroom: Newsroom) -> None:
    """Accounts without a phone are a person each."""
    reviewer, author = await newsroom.person("reviewer"), await newsroom.person()
    await newsroom.pool.execute("UPDATE accounts SET person = NULL, phone_verified_at = NULL")
    case_id = await newsroom.case(post_id=await newsroom.post(author))
    async with newsroom.pool.acquire() as conn:
        assert await cases.list_bars(conn, case_id, author) == {"own"}
        assert await cases.list_bars(conn, case_id, reviewer) == set()
    try:
        await judge(newsroom, reviewer, case_id, "approve", "fine")
    except FeedError:
        pytest.fail("another person may judge")
