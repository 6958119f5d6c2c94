"""Jury members, conflicts of interest, quorum, reminders, concurrent marking, and filling of shortlists."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from feed.accounts.model import AccountId, SecondPersonRequired
from feed.campaigns.entries import disqualification, shortlist
from feed.campaigns.entries.shortlist import fill_next_shortlist, fill_shortlist
from feed.campaigns.errors import (
    CampaignSettled,
    EntryNotShortlisted,
    JurorHasMarked,
    JurorRecused,
    JurorTakesPart,
    JuryNeeded,
    MarksLocked,
    MarksMissing,
    NotAJuror,
    OwnEntry,
    PersonMarkedAlready,
    RevisionStale,
    ShortlistFull,
)
from feed.campaigns.inputs import Disqualifying
from feed.campaigns.jury import actions as jury_actions
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import members
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury import store as jury
from feed.campaigns.jury.mark import NewMark
from feed.campaigns.jury.recusal import NewRecusal, recuse_juror
from feed.campaigns.jury.reminders import remind_next_juror
from feed.campaigns.scoring.engagement import count_engagement, quality_of
from feed.errors import Invalid
from feed.screens.campaigns.my_participation import list_reasons
from tests.support import make
from tests.support.campaigns import Stage
from tests.support.make import DAY

MINUTE = timedelta(minutes=1)
CONFLICT = NewRecusal("作者是我的学生")


def mark(score: str) -> NewMark:
    return NewMark(score=Decimal(score))


async def change_rules(stage: Stage, campaign: int, **rules: Any) -> None:
    """Changes the rules by which the campaign is judged."""
    await make.change_rules(stage.pool, campaign, **rules)


async def assign_jury(stage: Stage, campaign: int, count: int = 2) -> list[AccountId]:
    jurors = [await stage.person() for _ in range(count)]
    await members.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, jurors)
    return jurors


async def replace_jury(stage: Stage, campaign: int, wanted: Sequence[AccountId]) -> None:
    """Two editors request the same jury."""
    outcomes = [
        await members.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, wanted, "另有安排")
        for _ in range(2)
    ]
    assert outcomes == ["recorded", "assigned"]


async def quality(stage: Stage, campaign: int, entry: int) -> Decimal:
    async with stage.pool.acquire() as conn:
        found = await marks.list_marks(conn, campaign)
    return quality_of([each.score for each in found if each.post_id == entry])


async def missing_marks(stage: Stage, campaign: int) -> list[tuple[str, int, int]]:
    """The errors of locking the marks: entry, its marks, marks needed."""
    with pytest.raises(MarksMissing) as found:
        await jury_actions.lock_marks(stage.pool, await stage.person(role="editor"), campaign)
    return [(each.field, each.params["marks"], each.params["needed"]) for each in found.value.errors]


async def shortlisted(stage: Stage, campaign: int) -> list[int]:
    rows = await stage.pool.fetch(
        "SELECT post_id FROM entries WHERE campaign_id = $1 AND shortlisted_at IS NOT NULL ORDER BY post_id", campaign
    )
    return [row["post_id"] for row in rows]


async def test_marks_of_a_removed_juror_do_not_count_until_assigned_again(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    first, second = await assign_jury(stage, campaign)
    await jury_actions.mark_entry(stage.pool, first, campaign, entry, mark("90"))
    await jury_actions.mark_entry(stage.pool, second, campaign, entry, mark("50"))
    assert await quality(stage, campaign, entry) == 70
    substitute = await stage.person()
    before = await stage.version(entry)
    await replace_jury(stage, campaign, [second, substitute])
    assert await quality(stage, campaign, entry) == 50
    assert await stage.version(entry) > before
    with pytest.raises(NotAJuror):
        await jury_actions.mark_entry(stage.pool, first, campaign, entry, mark("100"))
    await jury_actions.mark_entry(stage.pool, substitute, campaign, entry, mark("60"))
    assert await quality(stage, campaign, entry) == 55
    await replace_jury(stage, campaign, [first, second])
    assert await quality(stage, campaign, entry) == 70
    details = await stage.pool.fetch("SELECT detail FROM audit WHERE action = 'jurors_assigned' ORDER BY id")
    assert [(each["detail"]["removed"], each["detail"]["marks_set_aside"]) for each in details] == [
        ([], 0),
        ([str(first)], 1),
        ([str(substitute)], 1),
    ]


async def test_marks_of_a_dismissed_jury_do_not_count_when_editors_mark(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor, colleague = await stage.person(role="editor"), await stage.person(role="editor")
    await members.assign_jurors(stage.pool, editor, campaign, [colleague])
    await jury_actions.mark_entry(stage.pool, colleague, campaign, entry, mark("100"))
    # A jury can be dismissed before the opening only; marks exist by then if the opening was postponed.
    await stage.pool.execute("UPDATE campaigns SET starts_at = now() + interval '1 hour' WHERE id = $1", campaign)
    await members.assign_jurors(stage.pool, editor, campaign, [])
    await stage.pool.execute("UPDATE campaigns SET starts_at = now() - interval '1 hour' WHERE id = $1", campaign)
    assert await quality(stage, campaign, entry) == 0
    await jury_actions.mark_entry(stage.pool, editor, campaign, entry, mark("40"))
    assert await quality(stage, campaign, entry) == 40
    # As an editor the colleague may mark again, and an equal mark counts.
    await jury_actions.mark_entry(stage.pool, colleague, campaign, entry, mark("100"))
    assert await quality(stage, campaign, entry) == 70


async def test_one_person_is_one_juror_with_one_mark(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    one, other = await stage.person(role="editor", person="twin"), await stage.person(role="editor", person="twin")
    with pytest.raises(Invalid) as rejected:
        await members.assign_jurors(stage.pool, one, campaign, [one, other])
    assert [(error.field, error.code) for error in rejected.value.errors] == [("user_ids[1]", "repeated")]
    await jury_actions.mark_entry(stage.pool, one, campaign, entry, mark("100"))
    with pytest.raises(PersonMarkedAlready):
        await jury_actions.mark_entry(stage.pool, other, campaign, entry, mark("100"))
    await jury_actions.mark_entry(stage.pool, one, campaign, entry, mark("90"))


async def test_a_conflict_holds_for_every_entry_of_the_person_and_excludes_marks(stage: Stage) -> None:
    campaign = await stage.campaign()
    author, second_account = await stage.person(person="pupil"), await stage.person(person="pupil")
    entry, twin, other = [await stage.entry(campaign, each) for each in (author, second_account, None)]
    close, juror = await assign_jury(stage, campaign)
    for post in (entry, twin, other):
        await jury_actions.mark_entry(stage.pool, close, campaign, post, mark("100"))
        await jury_actions.mark_entry(stage.pool, juror, campaign, post, mark("60"))
    before = [await stage.version(post) for post in (entry, twin, other)]
    for _ in range(2):
        await recuse_juror(stage.pool, close, campaign, entry, CONFLICT)
    assert [await quality(stage, campaign, post) for post in (entry, twin, other)] == [60, 60, 80]
    assert [await stage.version(post) for post in (entry, twin, other)] == [before[0] + 1, before[1] + 1, before[2]]
    for post in (entry, twin):
        with pytest.raises(JurorRecused):
            await jury_actions.mark_entry(stage.pool, close, campaign, post, mark("0"))
    assert (await stage.actions(campaign)).count("juror_recused") == 1


async def test_a_conflict_lowers_the_quorum_of_that_entry_alone(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await change_rules(stage, campaign, quorum=2)
    editor = await stage.person(role="editor")
    entry, other = await stage.entry(campaign), await stage.entry(campaign)
    first, second = await assign_jury(stage, campaign)
    for post in (entry, other):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, post)
        await jury_actions.mark_entry(stage.pool, first, campaign, post, mark("60"))
    assert await missing_marks(stage, campaign) == [(f"entries.{entry}", 1, 2), (f"entries.{other}", 1, 2)]
    await recuse_juror(stage.pool, second, campaign, entry, CONFLICT)
    assert await missing_marks(stage, campaign) == [(f"entries.{other}", 1, 2)]
    await jury_actions.mark_entry(stage.pool, second, campaign, other, mark("70"))
    await jury_actions.lock_marks(stage.pool, editor, campaign)
    for juror in (first, second):
        with pytest.raises(MarksLocked):
            await recuse_juror(stage.pool, juror, campaign, other, CONFLICT)


async def test_an_own_entry_is_a_conflict_and_an_entry_without_jurors_needs_another_one(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    writer, juror = await assign_jury(stage, campaign)
    entry = await stage.entry(campaign, writer)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    assert await missing_marks(stage, campaign) == [(f"entries.{entry}", 0, 1)]
    await recuse_juror(stage.pool, juror, campaign, entry, CONFLICT)
    # One mark is always needed, and none of these jurors may add it.
    assert await missing_marks(stage, campaign) == [(f"entries.{entry}", 0, 1)]
    with pytest.raises(OwnEntry):
        await jury_actions.mark_entry(stage.pool, writer, campaign, entry, mark("100"))
    substitute = await stage.person()
    await members.assign_jurors(stage.pool, editor, campaign, [writer, juror, substitute])
    await jury_actions.mark_entry(stage.pool, substitute, campaign, entry, mark("75"))
    await jury_actions.lock_marks(stage.pool, editor, campaign)


async def test_a_mark_by_another_account_of_the_author_does_not_count(stage: Stage) -> None:
    campaign = await stage.campaign()
    author = await stage.person(person="author")
    entry = await stage.entry(campaign, author)
    juror = (await assign_jury(stage, campaign, 1))[0]
    await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("100"))
    assert await quality(stage, campaign, entry) == 100
    await stage.pool.execute("UPDATE accounts SET person = 'author' WHERE id = $1", juror)
    assert await quality(stage, campaign, entry) == 0


@pytest.mark.parametrize("reason", ["", "  ", "a\0", "x" * 501])
async def test_a_conflict_needs_a_readable_reason(stage: Stage, reason: str) -> None:
    with pytest.raises(Invalid):
        await recuse_juror(stage.pool, await stage.person(role="editor"), 1, 1, NewRecusal(reason))


async def test_only_jurors_declare_conflicts(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    await assign_jury(stage, campaign)
    for other in (await stage.person(), await stage.person(role="editor")):
        with pytest.raises(NotAJuror):
            await recuse_juror(stage.pool, other, campaign, entry, CONFLICT)


async def test_a_default_quorum_is_the_whole_jury(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    entry = await stage.entry(campaign)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    jurors = await assign_jury(stage, campaign, 3)
    for count, juror in enumerate(jurors):
        assert await missing_marks(stage, campaign) == [(f"entries.{entry}", count, 3)]
        await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("60"))
    await jury_actions.lock_marks(stage.pool, editor, campaign)


async def test_an_absent_juror_is_replaced_and_the_quorum_stays(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await change_rules(stage, campaign, quorum=2)
    editor = await stage.person(role="editor")
    entry = await stage.entry(campaign)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    present, absent = await assign_jury(stage, campaign)
    await jury_actions.mark_entry(stage.pool, present, campaign, entry, mark("80"))
    # Removing a juror does not lower the quorum of the rules.
    await members.assign_jurors(stage.pool, editor, campaign, [present], "出差")
    assert await missing_marks(stage, campaign) == [(f"entries.{entry}", 1, 2)]
    substitute = await stage.person()
    await members.assign_jurors(stage.pool, editor, campaign, [present, substitute])
    await jury_actions.mark_entry(stage.pool, substitute, campaign, entry, mark("60"))
    await jury_actions.lock_marks(stage.pool, editor, campaign)
    assert await quality(stage, campaign, entry) == 70
    with pytest.raises(NotAJuror):
        await jury_actions.mark_entry(stage.pool, absent, campaign, entry, mark("1"))


async def test_assigned_and_removed_jurors_are_notified_each_time(stage: Stage) -> None:
    campaign = await stage.campaign()
    staying, leaving = await assign_jury(stage, campaign)
    editor, substitute = await stage.person(role="editor"), await stage.person()
    await members.assign_jurors(stage.pool, editor, campaign, [staying, substitute], "出差")
    # An unchanged jury is not notified.
    await members.assign_jurors(stage.pool, editor, campaign, [staying, substitute])
    await members.assign_jurors(stage.pool, editor, campaign, [staying, leaving], "回来了")
    rows = await stage.pool.fetch("SELECT account_id, split_part(once_key, ':', 1) AS event FROM inbox ORDER BY id")
    notified = {
        each: [row["event"] for row in rows if row["account_id"] == each] for each in (staying, leaving, substitute)
    }
    assert notified == {
        staying: ["juror_named"],
        leaving: ["juror_named", "juror_removed", "juror_named"],
        substitute: ["juror_named", "juror_removed"],
    }


async def test_a_jury_that_waits_for_approval_is_not_notified(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    staying, leaving = await assign_jury(stage, campaign)
    await jury_actions.mark_entry(stage.pool, leaving, campaign, entry, mark("80"))
    notified = "SELECT count(*) FROM inbox WHERE once_key LIKE 'juror_%'"
    before = await stage.pool.fetchval(notified)
    outcome = await members.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, [staying], "离任")
    assert (outcome, await stage.pool.fetchval(notified)) == ("recorded", before)


async def reminders_sent(stage: Stage) -> list[tuple[int, str]]:
    """Sends due reminders. Returns accounts and events of all that were sent."""
    while await remind_next_juror(stage.pool):
        pass
    rows = await stage.pool.fetch(
        """
        SELECT account_id, split_part(once_key, ':', 1) AS event FROM inbox
        WHERE once_key LIKE 'marking_%' ORDER BY account_id, event
        """
    )
    return [(row["account_id"], row["event"]) for row in rows]


async def test_jurors_are_reminded_at_the_opening_and_before_the_settlement_while_marks_are_missing(
    stage: Stage,
) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry = await stage.entry(campaign)
    diligent, late, close = await assign_jury(stage, campaign, 3)
    await stage.pool.execute(
        "UPDATE campaigns SET settle_at = clock_timestamp() + interval '3 days' WHERE id = $1", campaign
    )
    began = [(each, "marking_began") for each in (diligent, late, close)]
    assert await reminders_sent(stage) == sorted(began)
    await jury_actions.mark_entry(stage.pool, diligent, campaign, entry, mark("80"))
    await recuse_juror(stage.pool, close, campaign, entry, CONFLICT)
    await stage.pool.execute(
        "UPDATE campaigns SET settle_at = clock_timestamp() + interval '47 hours' WHERE id = $1", campaign
    )
    assert await reminders_sent(stage) == sorted([*began, (late, "marking_ends")])


async def test_no_juror_is_reminded_of_marks_that_do_not_count_or_are_locked(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await stage.entry(campaign)
    await assign_jury(stage, campaign)
    await change_rules(stage, campaign, weights={"quality": "0.0", "likes": "0.6", "comments": "0.4"})
    assert await reminders_sent(stage) == []
    await change_rules(stage, campaign, weights={"quality": "0.5", "likes": "0.3", "comments": "0.2"})
    await stage.pool.execute("UPDATE campaigns SET marks_locked_at = now() WHERE id = $1", campaign)
    assert await reminders_sent(stage) == []


async def test_a_mark_by_criteria_is_their_weighted_sum_and_earlier_marks_are_kept(stage: Stage) -> None:
    campaign = await stage.campaign()
    await change_rules(stage, campaign, criteria=[{"name": "立意", "weight": "0.7"}, {"name": "文采", "weight": "0.3"}])
    entry = await stage.entry(campaign)
    juror = (await assign_jury(stage, campaign, 1))[0]

    def scores(first: str, second: str) -> NewMark:
        return NewMark(scores={"立意": Decimal(first), "文采": Decimal(second)})

    with pytest.raises(Invalid):
        await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("80"))
    returned = [await jury_actions.mark_entry(stage.pool, juror, campaign, entry, scores(*each)) for each in (("80", "90"), ("1E+1", "0"), ("10", "0"))]  # fmt: skip
    assert returned == [Decimal("83"), Decimal("7"), Decimal("7")]
    row = await stage.pool.fetchrow("SELECT score, scores, revision FROM marks WHERE post_id = $1", entry)
    assert row is not None
    assert tuple(row) == (Decimal(7), {"立意": "10", "文采": "0"}, 1)
    past = await stage.pool.fetch("SELECT score, scores FROM past_marks WHERE post_id = $1", entry)
    assert [tuple(each) for each in past] == [(Decimal(83), {"立意": "80", "文采": "90"})]
    # The audit log records the mark without its score.
    details = await stage.pool.fetch("SELECT detail FROM audit WHERE action = 'entry_marked'")
    assert [each["detail"] for each in details] == [{"post_id": str(entry)}] * 2


async def test_a_mark_is_bound_to_the_revision_that_would_be_judged(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    await jury_actions.mark_entry(stage.pool, editor, campaign, entry, mark("80"))
    await stage.pool.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, approved_at)
        SELECT post_id, 2, 'y', topic_ids, '', author_id, now() FROM post_revisions WHERE post_id = $1
        """,
        entry,
    )
    # An equal mark of another revision is a new mark.
    await jury_actions.mark_entry(stage.pool, editor, campaign, entry, mark("80"))
    assert await stage.pool.fetchval("SELECT revision FROM marks WHERE post_id = $1", entry) == 2
    assert await stage.pool.fetchval("SELECT revision FROM past_marks WHERE post_id = $1", entry) == 1


async def test_concurrent_marks_are_all_stored(stage: Stage) -> None:
    campaign = await stage.campaign()
    entries = [await stage.entry(campaign) for _ in range(4)]
    jurors = await assign_jury(stage, campaign, 5)
    await asyncio.gather(
        *(
            jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark(str(10 * number + index)))
            for number, juror in enumerate(jurors)
            for index, entry in enumerate(entries)
        )
    )
    assert [await quality(stage, campaign, entry) for entry in entries] == [20, 21, 22, 23]


async def test_a_jury_that_changes_while_it_marks_counts_the_present_jurors(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    jurors = await assign_jury(stage, campaign, 6)

    async def try_mark(juror: AccountId, score: int) -> bool:
        try:
            await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark(str(score)))
        except NotAJuror:
            return False
        return True

    async def change(left: Sequence[int]) -> None:
        if await members.assign_jurors(stage.pool, editor, campaign, left, "改期") == "recorded":
            await members.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, left, "改期")

    outcomes = await asyncio.gather(
        *(try_mark(juror, 10 * number) for number, juror in enumerate(jurors)), change(jurors[3:])
    )
    assert all(outcomes[3:6])
    assert await quality(stage, campaign, entry) == 40
    stored = await stage.pool.fetchval("SELECT count(*) FROM marks WHERE campaign_id = $1", campaign)
    assert stored == sum(1 for accepted in outcomes[:6] if accepted)


async def test_no_mark_is_later_than_a_concurrent_lock(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    jurors = await assign_jury(stage, campaign, 4)

    async def try_mark(juror: AccountId) -> bool:
        try:
            await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("50"))
        except MarksLocked:
            return False
        return True

    lock = asyncio.create_task(jury_actions.lock_marks(stage.pool, editor, campaign))
    accepted = await asyncio.gather(*map(try_mark, jurors))
    await lock
    locked_at = await stage.pool.fetchval("SELECT marks_locked_at FROM campaigns WHERE id = $1", campaign)
    times = await stage.pool.fetch("SELECT marked_at FROM marks WHERE campaign_id = $1", campaign)
    assert len(times) == sum(accepted)
    assert all(each["marked_at"] <= locked_at for each in times)


async def entry_with_likes(stage: Stage, campaign: int, likes: int, author: int | None = None) -> int:
    entry = await stage.entry(campaign, author)
    # Before the end of the campaign, a minute ago.
    await stage.pool.execute("UPDATE entries SET entered_at = now() - interval '1 hour' WHERE post_id = $1", entry)
    for _ in range(likes):
        await make.like(stage.pool, entry, at=make.now() - timedelta(minutes=30))
    return entry


async def test_the_shortlist_is_filled_once_after_the_close(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    await change_rules(stage, campaign, shortlist_size=4)
    unpopular, third, second, first, out, taken_off = [
        await entry_with_likes(stage, campaign, n) for n in (0, 1, 2, 3, 9, 8)
    ]
    hired = await stage.person()
    await make.staff(stage.pool, hired)
    by_staff = await entry_with_likes(stage, campaign, 7, hired)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, unpopular)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, taken_off)
    await shortlist.unlist_entry(stage.pool, editor, campaign, taken_off)
    await disqualification.disqualify_entry(stage.pool, editor, campaign, out, Disqualifying("copied"))
    assert await fill_next_shortlist(stage.pool)
    assert await shortlisted(stage, campaign) == sorted([unpopular, first, second, third])
    assert by_staff not in await shortlisted(stage, campaign)
    # An entry that an editor takes off afterwards is not added again.
    await shortlist.unlist_entry(stage.pool, editor, campaign, third)
    assert not await fill_next_shortlist(stage.pool)
    await fill_shortlist(stage.pool, editor, campaign, None)
    assert await shortlisted(stage, campaign) == sorted([unpopular, first, second])
    await shortlist.shortlist_entry(stage.pool, editor, campaign, third)
    with pytest.raises(ShortlistFull):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, taken_off)
    row = await stage.pool.fetchrow("SELECT actor_id, detail FROM audit WHERE action = 'shortlist_filled'")
    assert row is not None
    assert (row["actor_id"], row["detail"]["post_ids"]) == (None, [str(first), str(second), str(third)])


@pytest.mark.parametrize(
    ("rules", "ends"),
    [
        ({}, -MINUTE),  # The rules have no shortlist size.
        ({"shortlist_size": 3}, DAY),
        ({"shortlist_size": 3}, -timedelta(seconds=5)),  # A like may still be in a batch.
    ],
)
async def test_nothing_is_filled_before_it_is_due_or_without_a_size(
    stage: Stage, rules: dict[str, int], ends: timedelta
) -> None:
    campaign = await stage.campaign(ends=ends)
    await change_rules(stage, campaign, **rules)
    await entry_with_likes(stage, campaign, 1)
    assert not await fill_next_shortlist(stage.pool)
    assert await shortlisted(stage, campaign) == []


async def test_where_quality_does_not_count_nothing_is_shortlisted(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await change_rules(stage, campaign, shortlist_size=3, weights={"quality": "0", "likes": "1", "comments": "0"})
    await entry_with_likes(stage, campaign, 1)
    await fill_next_shortlist(stage.pool)
    assert await shortlisted(stage, campaign) == []


async def test_two_workers_fill_it_once(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await change_rules(stage, campaign, shortlist_size=2)
    entries = [await entry_with_likes(stage, campaign, n) for n in (3, 2, 1)]
    await asyncio.gather(*(fill_next_shortlist(stage.pool) for _ in range(4)))
    assert await shortlisted(stage, campaign) == sorted(entries[:2])
    assert await stage.actions(campaign) == ["shortlist_filled"]


async def test_without_a_size_in_the_rules_an_editor_chooses_it(stage: Stage) -> None:
    campaign = await stage.campaign()
    editor = await stage.person(role="editor")
    entries = [await entry_with_likes(stage, campaign, n) for n in (1, 3, 2)]
    with pytest.raises(Invalid) as rejected:
        await fill_shortlist(stage.pool, editor, campaign, None)
    assert [(error.field, error.code) for error in rejected.value.errors] == [("size", "required")]
    await fill_shortlist(stage.pool, editor, campaign, 2)
    assert await shortlisted(stage, campaign) == sorted(entries[1:])
    await change_rules(stage, campaign, shortlist_size=2)
    for size in (0, 3, 10**30):
        with pytest.raises(Invalid):
            await fill_shortlist(stage.pool, editor, campaign, size)


async def test_after_the_lock_nothing_joins_the_shortlist(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    entry = await stage.entry(campaign)
    await jury_actions.lock_marks(stage.pool, editor, campaign)
    with pytest.raises(MarksLocked):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    with pytest.raises(MarksLocked):
        await fill_shortlist(stage.pool, editor, campaign, 5)


async def test_conflicts_are_listed_with_their_reasons(stage: Stage) -> None:
    campaign = await stage.campaign()
    author = await stage.person()
    entry = await stage.entry(campaign, author)
    juror = (await assign_jury(stage, campaign, 1))[0]
    await recuse_juror(stage.pool, juror, campaign, entry, NewRecusal(" 作者是我的学生 "))
    async with stage.pool.acquire() as conn:
        (found,) = await recusals.list_recusals(conn, campaign)
    assert (found.juror_id, found.author_id, found.post_id, found.reason) == (juror, author, entry, CONFLICT.reason)


async def test_removing_a_juror_with_marks_takes_two_people(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry = await stage.entry(campaign)
    editor, twin = await stage.person(role="editor", person="one"), await stage.person(role="editor", person="one")
    first, second = await assign_jury(stage, campaign)
    await jury_actions.mark_entry(stage.pool, first, campaign, entry, mark("90"))
    with pytest.raises(JuryNeeded):
        await members.assign_jurors(stage.pool, editor, campaign, [], "不需要了")
    with pytest.raises(Invalid) as rejected:
        await members.assign_jurors(stage.pool, editor, campaign, [second])
    assert [(each.field, each.code) for each in rejected.value.errors] == [("reason", "required")]
    assert await members.assign_jurors(stage.pool, editor, campaign, [second], "分数太高") == "recorded"
    for again in (editor, twin):
        with pytest.raises(SecondPersonRequired):
            await members.assign_jurors(stage.pool, again, campaign, [second], "分数太高")
    # A request for another jury replaces the first one.
    other = await stage.person(role="editor")
    newcomer = await stage.person()
    assert await members.assign_jurors(stage.pool, other, campaign, [second, newcomer], "换人") == "recorded"
    assert await quality(stage, campaign, entry) == 90
    assert await members.assign_jurors(stage.pool, editor, campaign, [second, newcomer], "换人") == "assigned"
    assert await quality(stage, campaign, entry) == 0
    assert await stage.pool.fetchval("SELECT count(*) FROM jury_changes") == 0
    assert [each for each in await stage.actions(campaign) if each.startswith("jurors")] == [
        "jurors_assigned",
        "jurors_proposed",
        "jurors_proposed",
        "jurors_assigned",
    ]


async def test_a_banned_juror_marks_nothing_with_any_account(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry = await stage.entry(campaign)
    juror, _ = await assign_jury(stage, campaign)
    other = await stage.person()
    await stage.pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", juror, other
    )
    await make.ban(stage.pool, other)
    with pytest.raises(NotAJuror):
        await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("90"))
    await stage.pool.execute("UPDATE sanctions SET lifted_at = now()")
    await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("90"))


async def test_two_concurrent_requests_for_the_same_jury_approve_it(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    first, second = await assign_jury(stage, campaign)
    await jury_actions.mark_entry(stage.pool, first, campaign, entry, mark("90"))
    editors = [await stage.person(role="editor") for _ in range(2)]
    outcomes = await asyncio.gather(
        *(members.assign_jurors(stage.pool, each, campaign, [second], "离任") for each in editors)
    )
    assert sorted(outcomes) == ["assigned", "recorded"]


async def test_a_mark_counts_only_for_an_entry_on_the_shortlist_that_the_rules_name(stage: Stage) -> None:
    campaign = await stage.campaign()
    await change_rules(stage, campaign, shortlist_size=1)
    editor = await stage.person(role="editor")
    juror, _ = await assign_jury(stage, campaign)
    listed, unlisted = await stage.entry(campaign), await stage.entry(campaign)
    for entry in (listed, unlisted):
        await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("100"))
        assert await quality(stage, campaign, entry) == 0
    before = await stage.version(listed)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, listed)
    assert await stage.version(listed) > before
    assert [await quality(stage, campaign, entry) for entry in (listed, unlisted)] == [100, 0]
    await stage.pool.execute("UPDATE campaigns SET ends_at = now() - interval '1 second' WHERE id = $1", campaign)
    with pytest.raises(EntryNotShortlisted):
        await jury_actions.mark_entry(stage.pool, juror, campaign, unlisted, mark("90"))
    await jury_actions.mark_entry(stage.pool, juror, campaign, listed, mark("90"))


async def test_a_mark_counts_for_the_revision_that_was_read(stage: Stage) -> None:
    campaign = await stage.campaign()
    await change_rules(stage, campaign, quorum=1)
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    juror, _ = await assign_jury(stage, campaign)
    await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("100"))
    await stage.pool.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at)
        SELECT post_id, 2, '广告', topic_ids, content_sha256, author_id, now(), now() FROM post_revisions WHERE post_id = $1
        """,
        entry,
    )
    await stage.pool.execute("UPDATE campaigns SET ends_at = clock_timestamp() WHERE id = $1", campaign)
    assert await quality(stage, campaign, entry) == 0
    assert await missing_marks(stage, campaign) == [(f"entries.{entry}", 0, 1)]
    stale = NewMark(score=Decimal(100), revision=1)
    with pytest.raises(RevisionStale):
        await jury_actions.mark_entry(stage.pool, juror, campaign, entry, stale)
    await jury_actions.mark_entry(stage.pool, juror, campaign, entry, NewMark(score=Decimal(5), revision=2))
    assert await quality(stage, campaign, entry) == 5
    await jury_actions.lock_marks(stage.pool, editor, campaign)


async def test_after_the_lock_nothing_leaves_the_shortlist(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry, other = await stage.entry(campaign), await stage.entry(campaign)
    editor = await stage.person(role="editor")
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    await jury_actions.mark_entry(stage.pool, editor, campaign, entry, mark("90"))
    await jury_actions.lock_marks(stage.pool, editor, campaign)
    with pytest.raises(MarksLocked):
        await shortlist.unlist_entry(stage.pool, editor, campaign, entry)
    # Taking off an entry that is not on the shortlist changes nothing.
    await shortlist.unlist_entry(stage.pool, editor, campaign, other)
    assert await shortlisted(stage, campaign) == [entry]


async def test_disqualified_and_deleted_entries_free_their_places_on_the_shortlist(stage: Stage) -> None:
    campaign = await stage.campaign()
    await change_rules(stage, campaign, shortlist_size=2)
    editor = await stage.person(role="editor")
    entries = [await stage.entry(campaign) for _ in range(5)]
    for entry in entries[:2]:
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    with pytest.raises(ShortlistFull):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[2])
    await disqualification.disqualify_entry(stage.pool, editor, campaign, entries[0], Disqualifying("plagiarism"))
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[2])
    await stage.pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", entries[1])
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[3])
    with pytest.raises(ShortlistFull):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[4])


async def test_a_juror_who_was_not_asked_gives_up_the_seat_before_the_first_mark(stage: Stage) -> None:
    campaign = await stage.campaign()
    editor, asked, other = await stage.person(role="editor"), await stage.person(), await stage.person()
    await stage.pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign, editor)
    await members.assign_jurors(stage.pool, editor, campaign, [asked, other])
    entry = await make.entry(stage.pool, campaign, asked)
    theirs = await stage.entry(campaign)
    for _ in range(2):
        await members.decline_seat(stage.pool, asked, campaign)
    async with stage.pool.acquire() as conn:
        assert [each.account_id for each in await jury.list_jurors(conn, campaign)] == [other]
        assert await list_reasons(conn, campaign, asked) == []
        (counted,) = await count_engagement(conn, campaign, [entry])
    assert counted.author_reason is None
    assert await stage.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'juror_declined'") == 1
    with pytest.raises(JurorTakesPart):
        await members.assign_jurors(stage.pool, editor, campaign, [asked, other])
    await jury_actions.mark_entry(stage.pool, other, campaign, theirs, mark("50"))
    with pytest.raises(JurorHasMarked):
        await members.decline_seat(stage.pool, other, campaign)
    with pytest.raises(NotAJuror):
        await members.decline_seat(stage.pool, await stage.person(), campaign)


async def test_after_the_freeze_no_seat_is_given_up(stage: Stage) -> None:
    campaign = await stage.campaign(starts=-10 * DAY, ends=-DAY)
    juror = await stage.person()
    await make.juror(stage.pool, campaign, juror)
    await stage.pool.execute("UPDATE campaigns SET frozen_at = now() WHERE id = $1", campaign)
    with pytest.raises(CampaignSettled):
        await members.decline_seat(stage.pool, juror, campaign)
