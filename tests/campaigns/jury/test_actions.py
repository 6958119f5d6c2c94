from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from feed.campaigns.entries import disqualification, shortlist, voids
from feed.campaigns.entries.voids import NewVoids
from feed.campaigns.errors import (
    CampaignNotClosed,
    CampaignNotFound,
    CampaignNotOpen,
    CampaignSettled,
    EntryDisqualified,
    EntryNotDisqualified,
    EntryNotFound,
    MarksLocked,
    MarksMissing,
    NotAJuror,
    OwnEntry,
    ShortlistFull,
    VoidNotFound,
)
from feed.campaigns.inputs import Disqualifying, Reinstating
from feed.campaigns.jury import actions as jury_actions
from feed.campaigns.jury import members
from feed.campaigns.jury.mark import NewMark
from feed.errors import Invalid
from feed.idempotency import keyed_request
from tests.support import make
from tests.support.campaigns import Stage
from tests.support.make import DAY
from tests.support.notices import said

MINUTE = timedelta(minutes=1)
COPIED = Disqualifying("copied", "抄袭")
CHECKED = Reinstating("checked")


def mark(score: str) -> NewMark:
    return NewMark(score=Decimal(score))


async def test_without_a_jury_only_editors_mark(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor, citizen = await stage.person(role="editor"), await stage.person()
    reviewer = await stage.person(role="reviewer")
    assert await jury_actions.mark_entry(stage.pool, editor, campaign, entry, mark("88.5")) == Decimal("88.500000")
    for other in (citizen, reviewer):
        with pytest.raises(NotAJuror):
            await jury_actions.mark_entry(stage.pool, other, campaign, entry, mark("88.5"))


async def test_with_a_jury_only_jurors_mark_and_need_no_role(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor, juror = await stage.person(role="editor"), await stage.person()
    await members.assign_jurors(stage.pool, editor, campaign, [juror])
    await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("70"))
    with pytest.raises(NotAJuror):
        await jury_actions.mark_entry(stage.pool, editor, campaign, entry, mark("70"))


async def test_a_second_mark_replaces_the_first(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    for score in ("10", "33.333333", "33.333333"):
        await jury_actions.mark_entry(stage.pool, editor, campaign, entry, mark(score))
    rows = await stage.pool.fetch("SELECT score FROM marks WHERE post_id = $1", entry)
    assert [row["score"] for row in rows] == [Decimal("33.333333")]
    # Two changes: the third mark equals the second.
    assert await stage.version(entry) == 3
    assert await stage.actions(campaign) == ["entry_marked", "entry_marked"]


async def test_a_juror_cannot_mark_entries_of_the_same_person(stage: Stage) -> None:
    campaign = await stage.campaign()
    juror = await stage.person(role="editor", person="same")
    second_account = await stage.person(person="same")
    for author in (juror, second_account):
        entry = await stage.entry(campaign, author)
        with pytest.raises(OwnEntry):
            await jury_actions.mark_entry(stage.pool, juror, campaign, entry, mark("100"))


@pytest.mark.parametrize("score", ["-0.000001", "100.000001", "0.0000001", "1E+40", "1E-40"])
async def test_a_mark_is_between_0_and_100_with_six_decimals(stage: Stage, score: str) -> None:
    with pytest.raises(Invalid):
        await jury_actions.mark_entry(stage.pool, await stage.person(role="editor"), 1, 1, mark(score))


async def test_marks_are_locked_after_the_closing_and_only_when_none_is_missing(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    running = await stage.campaign()
    with pytest.raises(CampaignNotClosed):
        await jury_actions.lock_marks(stage.pool, editor, running)

    campaign = await stage.campaign(ends=-MINUTE)
    marked, other = await stage.entry(campaign), await stage.entry(campaign)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, marked)
    with pytest.raises(MarksMissing) as missing:
        await jury_actions.lock_marks(stage.pool, editor, campaign)
    assert [error.field for error in missing.value.errors] == [f"entries.{marked}"]

    await jury_actions.mark_entry(stage.pool, editor, campaign, marked, mark("60"))
    before = await stage.version(other)
    await jury_actions.lock_marks(stage.pool, editor, campaign)
    await jury_actions.lock_marks(stage.pool, editor, campaign)
    assert await stage.version(other) == before + 1
    with pytest.raises(MarksLocked):
        await jury_actions.mark_entry(stage.pool, editor, campaign, marked, mark("61"))
    with pytest.raises(MarksLocked):
        await members.assign_jurors(stage.pool, editor, campaign, [editor])


Step = Callable[[Stage, int, int], Awaitable[None]]


async def _shortlist(stage: Stage, campaign: int, entry: int) -> None:
    await shortlist.shortlist_entry(stage.pool, await stage.person(role="editor"), campaign, entry)


async def _unlist(stage: Stage, campaign: int, entry: int) -> None:
    await shortlist.unlist_entry(stage.pool, await stage.person(role="editor"), campaign, entry)


async def _mark(stage: Stage, campaign: int, entry: int) -> None:
    await jury_actions.mark_entry(stage.pool, await stage.person(role="editor"), campaign, entry, mark("1"))


async def _lock(stage: Stage, campaign: int, entry: int) -> None:
    await jury_actions.lock_marks(stage.pool, await stage.person(role="editor"), campaign)


async def _disqualify(stage: Stage, campaign: int, entry: int) -> None:
    await disqualification.disqualify_entry(stage.pool, await stage.person(role="editor"), campaign, entry, COPIED)


async def _reinstate(stage: Stage, campaign: int, entry: int) -> None:
    await disqualification.reinstate_entry(stage.pool, await stage.person(role="editor"), campaign, entry, CHECKED)


async def _void(stage: Stage, campaign: int, entry: int) -> None:
    new = NewVoids(["like"], "bought", post_id=str(entry))
    await voids.add_voids(stage.pool, await stage.person(role="editor"), campaign, new)


async def _withdraw(stage: Stage, campaign: int, entry: int) -> None:
    await voids.withdraw_void(stage.pool, await stage.person(role="editor"), campaign, 1)


STEPS = [_shortlist, _unlist, _mark, _lock, _disqualify, _reinstate, _void, _withdraw]


@pytest.mark.parametrize("step", STEPS)
async def test_judging_is_accepted_from_the_opening_until_the_freeze(stage: Stage, step: Step) -> None:
    scheduled = await stage.campaign(starts=DAY, ends=2 * DAY)
    with pytest.raises(CampaignNotOpen):
        await step(stage, scheduled, await stage.entry(scheduled))
    frozen = await stage.campaign()
    entry = await stage.entry(frozen)
    await stage.freeze(frozen)
    with pytest.raises(CampaignSettled):
        await step(stage, frozen, entry)
    with pytest.raises(CampaignNotFound):
        await step(stage, 1, entry)


@pytest.mark.parametrize("step", [_shortlist, _unlist, _mark, _disqualify, _reinstate])
async def test_a_post_outside_the_campaign_is_no_entry(stage: Stage, step: Step) -> None:
    campaign = await stage.campaign()
    with pytest.raises(EntryNotFound):
        await step(stage, campaign, await stage.post(await stage.person()))


async def test_a_disqualified_entry_can_be_reinstated(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    with pytest.raises(EntryNotDisqualified):
        await disqualification.reinstate_entry(stage.pool, editor, campaign, entry, CHECKED)
    await disqualification.disqualify_entry(stage.pool, editor, campaign, entry, COPIED)
    with pytest.raises(EntryDisqualified):
        await disqualification.disqualify_entry(stage.pool, editor, campaign, entry, COPIED)
    await disqualification.reinstate_entry(stage.pool, editor, campaign, entry, CHECKED)
    assert await stage.version(entry) == 3
    assert await stage.actions(campaign) == ["entry_disqualified", "entry_reinstated"]


async def test_a_retried_disqualification_acts_once(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    editor = await stage.person(role="editor")
    for _ in range(2):
        await disqualification.disqualify_entry(
            stage.pool, editor, campaign, entry, COPIED, keyed_request("route", "key", b"body")
        )
    assert await stage.actions(campaign) == ["entry_disqualified"]


async def test_the_shortlist_is_limited_by_the_rules(stage: Stage) -> None:
    campaign = await stage.campaign()
    editor = await stage.person(role="editor")
    await make.change_rules(stage.pool, campaign, shortlist_size=1)
    first, second = await stage.entry(campaign), await stage.entry(campaign)
    for _ in range(2):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, first)
    with pytest.raises(ShortlistFull):
        await shortlist.shortlist_entry(stage.pool, editor, campaign, second)
    await shortlist.unlist_entry(stage.pool, editor, campaign, first)
    await shortlist.shortlist_entry(stage.pool, editor, campaign, second)


async def test_a_void_affects_every_entry_that_the_person_engaged_with_and_can_be_withdrawn(stage: Stage) -> None:
    campaign = await stage.campaign()
    editor, cheat = await stage.person(role="editor"), await stage.person(person="cheat")
    second_account = await stage.person(person="cheat")
    liked, commented, unaffected = [await stage.entry(campaign) for _ in range(3)]
    await stage.like(liked, cheat)
    await stage.comment(commented, second_account)
    added = await voids.add_voids(
        stage.pool, editor, campaign, NewVoids(["like", "comment"], "bought", user_ids=[str(cheat)])
    )
    assert [await stage.version(post) for post in (liked, commented, unaffected)] == [
        3,
        3,
        1,
    ]  # A like increments it too.
    for _ in range(2):
        await voids.withdraw_void(stage.pool, editor, campaign, added[0].id)
    assert [await stage.version(post) for post in (liked, commented, unaffected)] == [4, 4, 1]
    assert await stage.actions(campaign) == ["voids_added", "void_withdrawn"]


async def test_a_retried_void_answers_with_the_same_voids(stage: Stage) -> None:
    campaign = await stage.campaign()
    editor = await stage.person(role="editor")
    ids = [str(await stage.person()) for _ in range(2)]
    request = keyed_request("voids", "key", b"body")
    first, again = [
        await voids.add_voids(stage.pool, editor, campaign, NewVoids(["like"], "bought", user_ids=ids), request)
        for _ in range(2)
    ]
    assert len(first) == 2
    assert again == sorted(first, key=lambda void: void.id)


async def test_a_void_belongs_to_its_campaign(stage: Stage) -> None:
    campaign, other = await stage.campaign(), await stage.campaign()
    editor = await stage.person(role="editor")
    new = NewVoids(["like"], "bought", user_ids=[str(await stage.person())])
    added = await voids.add_voids(stage.pool, editor, campaign, new)
    with pytest.raises(VoidNotFound):
        await voids.withdraw_void(stage.pool, editor, other, added[0].id)


@pytest.mark.parametrize(
    ("new", "fields"),
    [
        (NewVoids([], "bought", note="a\0b"), ["note", "kinds", "user_ids"]),
        (NewVoids(["like"], "bought", user_ids=["1"], post_id="2"), ["user_ids"]),
        (NewVoids(["like"], "bought", user_ids=["x", "7"]), ["user_ids[0]"]),
        (NewVoids(["like"], "bought", post_id="99999999999999999999"), ["post_id"]),
        (NewVoids(["like"], "bought", user_ids=["5"]), ["user_ids[0]"]),
        (NewVoids(["like"], "bought", user_ids=["5", "5", "6"]), ["user_ids[0]", "user_ids[2]"]),
        (NewVoids(["like"], "bought", post_id="5"), ["post_id"]),
    ],
)
async def test_a_rejected_void_lists_all_errors(stage: Stage, new: NewVoids, fields: list[str]) -> None:
    campaign = await stage.campaign()
    with pytest.raises(Invalid) as rejected:
        await voids.add_voids(stage.pool, await stage.person(role="editor"), campaign, new)
    assert [error.field for error in rejected.value.errors] == fields


async def test_changing_the_jury_increments_affected_versions(stage: Stage) -> None:
    campaign = await stage.campaign()
    editor, juror = await stage.person(role="editor"), await stage.person()
    liked, marked, other = [await stage.entry(campaign) for _ in range(3)]
    # The engagement of staff does not count anyway, so that they may be put on the jury.
    await make.staff(stage.pool, juror)
    await stage.like(liked, juror)
    await jury_actions.mark_entry(stage.pool, editor, campaign, marked, mark("50"))
    await members.assign_jurors(stage.pool, editor, campaign, [juror])
    assert [await stage.version(post) for post in (liked, marked, other)] == [3, 3, 1]
    with pytest.raises(Invalid) as rejected:
        await members.assign_jurors(stage.pool, editor, campaign, [juror, 12345])
    assert [error.field for error in rejected.value.errors] == ["user_ids[1]"]


async def test_an_author_reads_the_words_of_a_reason(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry = await stage.entry(campaign)
    await disqualification.disqualify_entry(
        stage.pool, await stage.person(role="editor"), campaign, entry, Disqualifying("off_topic")
    )
    assert (await said(stage.pool))[0].body.startswith("原因：与话题或活动主题无关。")
