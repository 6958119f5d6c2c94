"""Jurors who leave, who are close to an author, who are one person, who mark at once; and shortlists that fill themselves."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.campaigns.entries import disqualification as disqualifying
from feed.campaigns.entries import shortlist
from feed.campaigns.entries.shortlist import fill_next_shortlist, fill_shortlist
from feed.campaigns.errors import (
    EntryNotShortlisted,
    JurorRecused,
    JuryNeeded,
    MarksLocked,
    MarksMissing,
    NotAJuror,
    OwnEntry,
    PersonMarkedAlready,
    RevisionStale,
    SecondPersonRequired,
    ShortlistFull,
)
from feed.campaigns.inputs import Reason
from feed.campaigns.jury import actions as judging
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import members as seating
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury.mark import NewMark
from feed.campaigns.jury.recusal import NewRecusal, recuse_juror
from feed.campaigns.jury.reminders import remind_next_juror
from feed.campaigns.scoring.engagement import quality_of
from feed.errors import Invalid
from tests.support import make
from tests.support.campaigns import Stage
from tests.support.make import DAY

MINUTE = timedelta(minutes=1)
CLOSE = NewRecusal("作者是我的学生")


def mark(score: str) -> NewMark:
    return NewMark(score=Decimal(score))


async def rule(stage: Stage, campaign: int, **rules: Any) -> None:
    """Puts these into the rules that the campaign is judged by."""
    await make.change_rules(stage.pool, campaign, **rules)


async def jury(stage: Stage, campaign: int, count: int = 2) -> list[AccountId]:
    jurors = [await stage.person() for _ in range(count)]
    await seating.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, jurors)
    return jurors


async def reseat(stage: Stage, campaign: int, wanted: Sequence[AccountId]) -> None:
    """Two editors want the same jury."""
    said = [
        await seating.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, wanted, "另有安排")
        for _ in range(2)
    ]
    assert said == ["recorded", "assigned"]


async def quality(stage: Stage, campaign: int, entry: int) -> Decimal:
    async with stage.pool.acquire() as conn:
        found = await marks.list_marks(conn, campaign)
    return quality_of([each.score for each in found if each.post_id == entry])


async def short(stage: Stage, campaign: int) -> list[tuple[str, int, int]]:
    """What a lock of the marks waits for: entry, marks, needed."""
    with pytest.raises(MarksMissing) as found:
        await judging.lock_marks(stage.pool, await stage.person(role="editor"), campaign)
    return [(each.field, each.params["marks"], each.params["needed"]) for each in found.value.errors]


async def shortlisted(stage: Stage, campaign: int) -> list[int]:
    rows = await stage.pool.fetch(
        "SELECT post_id FROM entries WHERE campaign_id = $1 AND shortlisted_at IS NOT NULL ORDER BY post_id", campaign
    )
    return [row["post_id"] for row in rows]


async def test_a_juror_who_leaves_takes_the_marks_along_and_gets_them_back(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    first, second = await jury(stage, campaign)
    await judging.mark_entry(stage.pool, first, campaign, entry, mark("90"))
    await judging.mark_entry(stage.pool, second, campaign, entry, mark("50"))
    assert await quality(stage, campaign, entry) == 70
    substitute = await stage.person()
    before = await stage.version(entry)
    await reseat(stage, campaign, [second, substitute])
    assert await quality(stage, campaign, entry) == 50
    assert await stage.version(entry) > before
    with pytest.raises(NotAJuror):
        await judging.mark_entry(stage.pool, first, campaign, entry, mark("100"))
    await judging.mark_entry(stage.pool, substitute, campaign, entry, mark("60"))
    assert await quality(stage, campaign, entry) == 55
    await reseat(stage, campaign, [first, second])
    assert await quality(stage, campaign, entry) == 70
    details = await stage.pool.fetch("SELECT detail FROM audit WHERE action = 'jurors_assigned' ORDER BY id")
    assert [(each["detail"]["removed"], each["detail"]["marks_set_aside"]) for each in details] == [
        ([], 0),
        ([str(first)], 1),
        ([str(substitute)], 1),
    ]


async def test_a_dismissed_jury_does_not_come_back_when_nobody_is_named(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor, colleague = await stage.person(role="editor"), await stage.person(role="editor")
    await seating.assign_jurors(stage.pool, editor, campaign, [colleague])
    await judging.mark_entry(stage.pool, colleague, campaign, entry, mark("100"))
    # Before the opening a jury may be dismissed; marks from before it are those of an earlier opening that was put off.
    await stage.pool.execute("UPDATE campaigns SET starts_at = now() + interval '1 hour' WHERE id = $1", campaign)
    await seating.assign_jurors(stage.pool, editor, campaign, [])
    await stage.pool.execute("UPDATE campaigns SET starts_at = now() - interval '1 hour' WHERE id = $1", campaign)
    assert await quality(stage, campaign, entry) == 0
    await judging.mark_entry(stage.pool, editor, campaign, entry, mark("40"))
    assert await quality(stage, campaign, entry) == 40
    # As an editor the colleague may mark again, and saying the same counts.
    await judging.mark_entry(stage.pool, colleague, campaign, entry, mark("100"))
    assert await quality(stage, campaign, entry) == 70


async def test_one_person_has_one_seat_and_one_voice(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    one, other = await stage.person(role="editor", person="twin"), await stage.person(role="editor", person="twin")
    with pytest.raises(Invalid) as refused:
        await seating.assign_jurors(stage.pool, one, campaign, [one, other])
    assert [(error.field, error.code) for error in refused.value.errors] == [("user_ids.1", "repeated")]
    await judging.mark_entry(stage.pool, one, campaign, entry, mark("100"))
    with pytest.raises(PersonMarkedAlready):
        await judging.mark_entry(stage.pool, other, campaign, entry, mark("100"))
    await judging.mark_entry(stage.pool, one, campaign, entry, mark("90"))


async def test_a_conflict_holds_for_every_entry_of_the_person_and_sets_marks_aside(stage: Stage) -> None:
    campaign = await stage.campaign()
    author, second_account = await stage.person(person="pupil"), await stage.person(person="pupil")
    entry, twin, other = [await stage.entry(campaign, each) for each in (author, second_account, None)]
    close, juror = await jury(stage, campaign)
    for post in (entry, twin, other):
        await judging.mark_entry(stage.pool, close, campaign, post, mark("100"))
        await judging.mark_entry(stage.pool, juror, campaign, post, mark("60"))
    before = [await stage.version(post) for post in (entry, twin, other)]
    for _ in range(2):
        await recuse_juror(stage.pool, close, campaign, entry, CLOSE)
    assert [await quality(stage, campaign, post) for post in (entry, twin, other)] == [60, 60, 80]
    assert [await stage.version(post) for post in (entry, twin, other)] == [before[0] + 1, before[1] + 1, before[2]]
    for post in (entry, twin):
        with pytest.raises(JurorRecused):
            await judging.mark_entry(stage.pool, close, campaign, post, mark("0"))
    assert (await stage.actions(campaign)).count("juror_recused") == 1


async def test_a_conflict_lowers_the_quorum_of_that_entry_alone(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await rule(stage, campaign, quorum=2)
    editor = await stage.person(role="editor")
    entry, other = await stage.entry(campaign), await stage.entry(campaign)
    first, second = await jury(stage, campaign)
    for post in (entry, other):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, post)
        await judging.mark_entry(stage.pool, first, campaign, post, mark("60"))
    assert await short(stage, campaign) == [(f"entries.{entry}", 1, 2), (f"entries.{other}", 1, 2)]
    await recuse_juror(stage.pool, second, campaign, entry, CLOSE)
    assert await short(stage, campaign) == [(f"entries.{other}", 1, 2)]
    await judging.mark_entry(stage.pool, second, campaign, other, mark("70"))
    await judging.lock_marks(stage.pool, editor, campaign)
    for juror in (first, second):
        with pytest.raises(MarksLocked):
            await recuse_juror(stage.pool, juror, campaign, other, CLOSE)


async def test_an_own_entry_counts_as_a_conflict_and_nobody_left_means_somebody_must_come(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    writer, juror = await jury(stage, campaign)
    entry = await stage.entry(campaign, writer)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    assert await short(stage, campaign) == [(f"entries.{entry}", 0, 1)]
    await recuse_juror(stage.pool, juror, campaign, entry, CLOSE)
    # One mark is always needed, and none of these may give it.
    assert await short(stage, campaign) == [(f"entries.{entry}", 0, 1)]
    with pytest.raises(OwnEntry):
        await judging.mark_entry(stage.pool, writer, campaign, entry, mark("100"))
    substitute = await stage.person()
    await seating.assign_jurors(stage.pool, editor, campaign, [writer, juror, substitute])
    await judging.mark_entry(stage.pool, substitute, campaign, entry, mark("75"))
    await judging.lock_marks(stage.pool, editor, campaign)


async def test_an_account_that_turns_out_to_be_the_authors_has_no_mark(stage: Stage) -> None:
    campaign = await stage.campaign()
    author = await stage.person(person="author")
    entry = await stage.entry(campaign, author)
    juror = (await jury(stage, campaign, 1))[0]
    await judging.mark_entry(stage.pool, juror, campaign, entry, mark("100"))
    assert await quality(stage, campaign, entry) == 100
    await stage.pool.execute("UPDATE accounts SET person = 'author' WHERE id = $1", juror)
    assert await quality(stage, campaign, entry) == 0


@pytest.mark.parametrize("reason", ["", "  ", "a\0", "x" * 501])
async def test_a_conflict_has_a_reason_that_can_be_read(stage: Stage, reason: str) -> None:
    with pytest.raises(Invalid):
        await recuse_juror(stage.pool, await stage.person(role="editor"), 1, 1, NewRecusal(reason))


async def test_only_who_marks_declares_a_conflict(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    await jury(stage, campaign)
    for other in (await stage.person(), await stage.person(role="editor")):
        with pytest.raises(NotAJuror):
            await recuse_juror(stage.pool, other, campaign, entry, CLOSE)


async def test_a_default_quorum_is_the_whole_jury(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    entry = await stage.entry(campaign)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    jurors = await jury(stage, campaign, 3)
    for given, juror in enumerate(jurors):
        assert await short(stage, campaign) == [(f"entries.{entry}", given, 3)]
        await judging.mark_entry(stage.pool, juror, campaign, entry, mark("60"))
    await judging.lock_marks(stage.pool, editor, campaign)


async def test_an_absent_juror_is_replaced_and_the_quorum_stays(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await rule(stage, campaign, quorum=2)
    editor = await stage.person(role="editor")
    entry = await stage.entry(campaign)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    present, absent = await jury(stage, campaign)
    await judging.mark_entry(stage.pool, present, campaign, entry, mark("80"))
    # To send somebody home is no way to a result: the rules have promised two.
    await seating.assign_jurors(stage.pool, editor, campaign, [present], "出差")
    assert await short(stage, campaign) == [(f"entries.{entry}", 1, 2)]
    substitute = await stage.person()
    await seating.assign_jurors(stage.pool, editor, campaign, [present, substitute])
    await judging.mark_entry(stage.pool, substitute, campaign, entry, mark("60"))
    await judging.lock_marks(stage.pool, editor, campaign)
    assert await quality(stage, campaign, entry) == 70
    with pytest.raises(NotAJuror):
        await judging.mark_entry(stage.pool, absent, campaign, entry, mark("1"))


async def test_who_is_named_or_leaves_the_jury_is_told_each_time(stage: Stage) -> None:
    campaign = await stage.campaign()
    staying, leaving = await jury(stage, campaign)
    editor, substitute = await stage.person(role="editor"), await stage.person()
    await seating.assign_jurors(stage.pool, editor, campaign, [staying, substitute], "出差")
    # The same jury again is no news.
    await seating.assign_jurors(stage.pool, editor, campaign, [staying, substitute])
    await seating.assign_jurors(stage.pool, editor, campaign, [staying, leaving], "回来了")
    rows = await stage.pool.fetch("SELECT account_id, split_part(once_key, ':', 1) AS event FROM inbox ORDER BY id")
    told = {
        each: [row["event"] for row in rows if row["account_id"] == each] for each in (staying, leaving, substitute)
    }
    assert told == {
        staying: ["juror_named"],
        leaving: ["juror_named", "juror_removed", "juror_named"],
        substitute: ["juror_named", "juror_removed"],
    }


async def test_a_jury_that_waits_for_a_second_person_is_told_to_nobody(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    staying, leaving = await jury(stage, campaign)
    await judging.mark_entry(stage.pool, leaving, campaign, entry, mark("80"))
    told = "SELECT count(*) FROM inbox WHERE once_key LIKE 'juror_%'"
    before = await stage.pool.fetchval(told)
    asked = await seating.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, [staying], "离任")
    assert (asked, await stage.pool.fetchval(told)) == ("recorded", before)


async def calls(stage: Stage) -> list[tuple[int, str]]:
    """Everybody who was called, and to what."""
    while await remind_next_juror(stage.pool):
        pass
    rows = await stage.pool.fetch(
        """
        SELECT account_id, split_part(once_key, ':', 1) AS event FROM inbox
        WHERE once_key LIKE 'marking_%' ORDER BY account_id, event
        """
    )
    return [(row["account_id"], row["event"]) for row in rows]


async def test_jurors_are_called_at_the_opening_and_before_the_settlement_while_marks_are_missing(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry = await stage.entry(campaign)
    diligent, late, close = await jury(stage, campaign, 3)
    await stage.pool.execute(
        "UPDATE campaigns SET settle_at = clock_timestamp() + interval '3 days' WHERE id = $1", campaign
    )
    began = [(each, "marking_began") for each in (diligent, late, close)]
    assert await calls(stage) == sorted(began)
    await judging.mark_entry(stage.pool, diligent, campaign, entry, mark("80"))
    await recuse_juror(stage.pool, close, campaign, entry, CLOSE)
    await stage.pool.execute(
        "UPDATE campaigns SET settle_at = clock_timestamp() + interval '47 hours' WHERE id = $1", campaign
    )
    assert await calls(stage) == sorted([*began, (late, "marking_ends")])


async def test_nobody_is_called_to_marks_that_do_not_count_or_are_locked(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await stage.entry(campaign)
    await jury(stage, campaign)
    await rule(stage, campaign, weights={"quality": "0.0", "likes": "0.6", "comments": "0.4"})
    assert await calls(stage) == []
    await rule(stage, campaign, weights={"quality": "0.5", "likes": "0.3", "comments": "0.2"})
    await stage.pool.execute("UPDATE campaigns SET marks_locked_at = now() WHERE id = $1", campaign)
    assert await calls(stage) == []


async def test_criteria_make_the_mark_and_earlier_marks_stay_known(stage: Stage) -> None:
    campaign = await stage.campaign()
    await rule(stage, campaign, criteria=[{"name": "立意", "weight": "0.7"}, {"name": "文采", "weight": "0.3"}])
    entry = await stage.entry(campaign)
    juror = (await jury(stage, campaign, 1))[0]

    def scores(first: str, second: str) -> NewMark:
        return NewMark(scores={"立意": Decimal(first), "文采": Decimal(second)})

    with pytest.raises(Invalid):
        await judging.mark_entry(stage.pool, juror, campaign, entry, mark("80"))
    given = [await judging.mark_entry(stage.pool, juror, campaign, entry, scores(*each)) for each in (("80", "90"), ("1E+1", "0"), ("10", "0"))]  # fmt: skip
    assert given == [Decimal("83"), Decimal("7"), Decimal("7")]
    row = await stage.pool.fetchrow("SELECT score, scores, revision FROM marks WHERE post_id = $1", entry)
    assert row is not None
    assert tuple(row) == (Decimal(7), {"立意": "10", "文采": "0"}, 1)
    past = await stage.pool.fetch("SELECT score, scores FROM past_marks WHERE post_id = $1", entry)
    assert [tuple(each) for each in past] == [(Decimal(83), {"立意": "80", "文采": "90"})]
    # The audit says that there was a mark, and not which.
    details = await stage.pool.fetch("SELECT detail FROM audit WHERE action = 'entry_marked'")
    assert [each["detail"] for each in details] == [{"post_id": str(entry)}] * 2


async def test_a_mark_is_of_the_revision_that_would_be_judged(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    await judging.mark_entry(stage.pool, editor, campaign, entry, mark("80"))
    await stage.pool.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, approved_at)
        SELECT post_id, 2, 'y', topic_ids, '', author_id, now() FROM post_revisions WHERE post_id = $1
        """,
        entry,
    )
    # The same again is news: it is said of other words.
    await judging.mark_entry(stage.pool, editor, campaign, entry, mark("80"))
    assert await stage.pool.fetchval("SELECT revision FROM marks WHERE post_id = $1", entry) == 2
    assert await stage.pool.fetchval("SELECT revision FROM past_marks WHERE post_id = $1", entry) == 1


async def test_jurors_mark_at_once_and_every_mark_is_there(stage: Stage) -> None:
    campaign = await stage.campaign()
    entries = [await stage.entry(campaign) for _ in range(4)]
    jurors = await jury(stage, campaign, 5)
    await asyncio.gather(
        *(
            judging.mark_entry(stage.pool, juror, campaign, entry, mark(str(10 * number + place)))
            for number, juror in enumerate(jurors)
            for place, entry in enumerate(entries)
        )
    )
    assert [await quality(stage, campaign, entry) for entry in entries] == [20, 21, 22, 23]


async def test_a_jury_that_changes_while_it_marks_counts_whoever_is_left(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    jurors = await jury(stage, campaign, 6)

    async def give(juror: AccountId, score: int) -> bool:
        try:
            await judging.mark_entry(stage.pool, juror, campaign, entry, mark(str(score)))
        except NotAJuror:
            return False
        return True

    async def change(left: Sequence[int]) -> None:
        if await seating.assign_jurors(stage.pool, editor, campaign, left, "改期") == "recorded":
            await seating.assign_jurors(stage.pool, await stage.person(role="editor"), campaign, left, "改期")

    outcomes = await asyncio.gather(
        *(give(juror, 10 * number) for number, juror in enumerate(jurors)), change(jurors[3:])
    )
    assert all(outcomes[3:6])
    assert await quality(stage, campaign, entry) == 40
    kept = await stage.pool.fetchval("SELECT count(*) FROM marks WHERE campaign_id = $1", campaign)
    assert kept == sum(1 for given in outcomes[:6] if given)


async def test_a_lock_and_a_mark_at_once_leave_no_mark_behind_the_lock(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    jurors = await jury(stage, campaign, 4)

    async def give(juror: AccountId) -> bool:
        try:
            await judging.mark_entry(stage.pool, juror, campaign, entry, mark("50"))
        except MarksLocked:
            return False
        return True

    lock = asyncio.create_task(judging.lock_marks(stage.pool, editor, campaign))
    given = await asyncio.gather(*map(give, jurors))
    await lock
    locked_at = await stage.pool.fetchval("SELECT marks_locked_at FROM campaigns WHERE id = $1", campaign)
    times = await stage.pool.fetch("SELECT marked_at FROM marks WHERE campaign_id = $1", campaign)
    assert len(times) == sum(given)
    assert all(each["marked_at"] <= locked_at for each in times)


async def liked(stage: Stage, campaign: int, likes: int, author: int | None = None) -> int:
    entry = await stage.entry(campaign, author)
    # Before a campaign's end of a minute ago.
    await stage.pool.execute("UPDATE entries SET entered_at = now() - interval '1 hour' WHERE post_id = $1", entry)
    for _ in range(likes):
        await make.like(stage.pool, entry, at=make.now() - timedelta(minutes=30))
    return entry


async def test_at_the_close_the_shortlist_fills_itself_once(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    await rule(stage, campaign, shortlist_size=4)
    unpopular, third, second, first, out, taken_off = [await liked(stage, campaign, n) for n in (0, 1, 2, 3, 9, 8)]
    hired = await stage.person()
    await make.staff(stage.pool, hired)
    by_staff = await liked(stage, campaign, 7, hired)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, unpopular)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, taken_off)
    await shortlist.unlist_entry(stage.pool, editor, campaign, taken_off)
    await disqualifying.disqualify_entry(stage.pool, editor, campaign, out, Reason("copied"))
    assert await fill_next_shortlist(stage.pool)
    assert await shortlisted(stage, campaign) == sorted([unpopular, first, second, third])
    assert by_staff not in await shortlisted(stage, campaign)
    # What an editor takes off afterwards stays off.
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
        ({}, -MINUTE),  # No size: nothing is promised.
        ({"shortlist_size": 3}, DAY),
        ({"shortlist_size": 3}, -timedelta(seconds=5)),  # Somebody's like may still be on its way.
    ],
)
async def test_nothing_is_filled_before_its_time_or_without_a_size(
    stage: Stage, rules: dict[str, int], ends: timedelta
) -> None:
    campaign = await stage.campaign(ends=ends)
    await rule(stage, campaign, **rules)
    await liked(stage, campaign, 1)
    assert not await fill_next_shortlist(stage.pool)
    assert await shortlisted(stage, campaign) == []


async def test_where_quality_does_not_count_nothing_is_shortlisted(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await rule(stage, campaign, shortlist_size=3, weights={"quality": "0", "likes": "1", "comments": "0"})
    await liked(stage, campaign, 1)
    await fill_next_shortlist(stage.pool)
    assert await shortlisted(stage, campaign) == []


async def test_two_workers_fill_it_once(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    await rule(stage, campaign, shortlist_size=2)
    entries = [await liked(stage, campaign, n) for n in (3, 2, 1)]
    await asyncio.gather(*(fill_next_shortlist(stage.pool) for _ in range(4)))
    assert await shortlisted(stage, campaign) == sorted(entries[:2])
    assert await stage.actions(campaign) == ["shortlist_filled"]


async def test_on_demand_an_editor_says_the_size_that_the_rules_do_not(stage: Stage) -> None:
    campaign = await stage.campaign()
    editor = await stage.person(role="editor")
    entries = [await liked(stage, campaign, n) for n in (1, 3, 2)]
    with pytest.raises(Invalid) as refused:
        await fill_shortlist(stage.pool, editor, campaign, None)
    assert [(error.field, error.code) for error in refused.value.errors] == [("size", "required")]
    await fill_shortlist(stage.pool, editor, campaign, 2)
    assert await shortlisted(stage, campaign) == sorted(entries[1:])
    await rule(stage, campaign, shortlist_size=2)
    for size in (0, 3, 10**30):
        with pytest.raises(Invalid):
            await fill_shortlist(stage.pool, editor, campaign, size)


async def test_after_the_lock_nothing_joins_the_shortlist(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    editor = await stage.person(role="editor")
    entry = await stage.entry(campaign)
    await judging.lock_marks(stage.pool, editor, campaign)
    with pytest.raises(MarksLocked):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    with pytest.raises(MarksLocked):
        await fill_shortlist(stage.pool, editor, campaign, 5)


async def test_conflicts_are_told_with_their_reasons(stage: Stage) -> None:
    campaign = await stage.campaign()
    author = await stage.person()
    entry = await stage.entry(campaign, author)
    juror = (await jury(stage, campaign, 1))[0]
    await recuse_juror(stage.pool, juror, campaign, entry, NewRecusal(" 作者是我的学生 "))
    async with stage.pool.acquire() as conn:
        (found,) = await recusals.list_recusals(conn, campaign)
    assert (found.juror_id, found.author_id, found.post_id, found.reason) == (juror, author, entry, CLOSE.reason)


async def test_nobody_dissolves_a_jury_and_decides_alone(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry = await stage.entry(campaign)
    editor, twin = await stage.person(role="editor", person="one"), await stage.person(role="editor", person="one")
    first, second = await jury(stage, campaign)
    await judging.mark_entry(stage.pool, first, campaign, entry, mark("90"))
    with pytest.raises(JuryNeeded):
        await seating.assign_jurors(stage.pool, editor, campaign, [], "不需要了")
    with pytest.raises(Invalid) as refused:
        await seating.assign_jurors(stage.pool, editor, campaign, [second])
    assert [(each.field, each.code) for each in refused.value.errors] == [("reason", "required")]
    assert await seating.assign_jurors(stage.pool, editor, campaign, [second], "分数太高") == "recorded"
    for again in (editor, twin):
        with pytest.raises(SecondPersonRequired):
            await seating.assign_jurors(stage.pool, again, campaign, [second], "分数太高")
    # Another one who wants another jury begins anew.
    other = await stage.person(role="editor")
    newcomer = await stage.person()
    assert await seating.assign_jurors(stage.pool, other, campaign, [second, newcomer], "换人") == "recorded"
    assert await quality(stage, campaign, entry) == 90
    assert await seating.assign_jurors(stage.pool, editor, campaign, [second, newcomer], "换人") == "assigned"
    assert await quality(stage, campaign, entry) == 0
    assert await stage.pool.fetchval("SELECT count(*) FROM jury_changes") == 0
    assert [each for each in await stage.actions(campaign) if each.startswith("jurors")] == [
        "jurors_assigned",
        "jurors_proposed",
        "jurors_proposed",
        "jurors_assigned",
    ]


async def test_two_who_ask_for_the_same_jury_at_once_are_two(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    first, second = await jury(stage, campaign)
    await judging.mark_entry(stage.pool, first, campaign, entry, mark("90"))
    editors = [await stage.person(role="editor") for _ in range(2)]
    said = await asyncio.gather(
        *(seating.assign_jurors(stage.pool, each, campaign, [second], "离任") for each in editors)
    )
    assert sorted(said) == ["assigned", "recorded"]


async def test_a_mark_counts_only_for_an_entry_on_the_shortlist_that_the_rules_name(stage: Stage) -> None:
    campaign = await stage.campaign()
    await rule(stage, campaign, shortlist_size=1)
    editor = await stage.person(role="editor")
    juror, _ = await jury(stage, campaign)
    listed, unlisted = await stage.entry(campaign), await stage.entry(campaign)
    for entry in (listed, unlisted):
        await judging.mark_entry(stage.pool, juror, campaign, entry, mark("100"))
        assert await quality(stage, campaign, entry) == 0
    before = await stage.version(listed)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, listed)
    assert await stage.version(listed) > before
    assert [await quality(stage, campaign, entry) for entry in (listed, unlisted)] == [100, 0]
    await stage.pool.execute("UPDATE campaigns SET ends_at = now() - interval '1 second' WHERE id = $1", campaign)
    with pytest.raises(EntryNotShortlisted):
        await judging.mark_entry(stage.pool, juror, campaign, unlisted, mark("90"))
    await judging.mark_entry(stage.pool, juror, campaign, listed, mark("90"))


async def test_a_mark_is_of_what_was_read(stage: Stage) -> None:
    campaign = await stage.campaign()
    await rule(stage, campaign, quorum=1)
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    juror, _ = await jury(stage, campaign)
    await judging.mark_entry(stage.pool, juror, campaign, entry, mark("100"))
    await stage.pool.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at)
        SELECT post_id, 2, '广告', topic_ids, content_sha256, author_id, now(), now() FROM post_revisions WHERE post_id = $1
        """,
        entry,
    )
    await stage.pool.execute("UPDATE campaigns SET ends_at = clock_timestamp() WHERE id = $1", campaign)
    assert await quality(stage, campaign, entry) == 0
    assert await short(stage, campaign) == [(f"entries.{entry}", 0, 1)]
    stale = NewMark(score=Decimal(100), revision=1)
    with pytest.raises(RevisionStale):
        await judging.mark_entry(stage.pool, juror, campaign, entry, stale)
    await judging.mark_entry(stage.pool, juror, campaign, entry, NewMark(score=Decimal(5), revision=2))
    assert await quality(stage, campaign, entry) == 5
    await judging.lock_marks(stage.pool, editor, campaign)


async def test_after_the_lock_nothing_leaves_the_shortlist(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-MINUTE)
    entry, other = await stage.entry(campaign), await stage.entry(campaign)
    editor = await stage.person(role="editor")
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    await judging.mark_entry(stage.pool, editor, campaign, entry, mark("90"))
    await judging.lock_marks(stage.pool, editor, campaign)
    with pytest.raises(MarksLocked):
        await shortlist.unlist_entry(stage.pool, editor, campaign, entry)
    # What is not on it stays off, however often it is said.
    await shortlist.unlist_entry(stage.pool, editor, campaign, other)
    assert await shortlisted(stage, campaign) == [entry]


async def test_who_is_disqualified_or_gone_leaves_the_place_on_the_shortlist(stage: Stage) -> None:
    campaign = await stage.campaign()
    await rule(stage, campaign, shortlist_size=2)
    editor = await stage.person(role="editor")
    entries = [await stage.entry(campaign) for _ in range(5)]
    for entry in entries[:2]:
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entry)
    with pytest.raises(ShortlistFull):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[2])
    await disqualifying.disqualify_entry(stage.pool, editor, campaign, entries[0], Reason("plagiarism"))
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[2])
    await stage.pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", entries[1])
    await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[3])
    with pytest.raises(ShortlistFull):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, entries[4])
