"""Counting engagement: each rule by itself, and all of them against a slow implementation in Python."""

import random
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from feed.campaigns.scoring.engagement import EXCLUSION_REASONS, EntryEngagement, ExclusionReason, count_engagement
from feed.postgres import Connection
from feed.screens.campaigns.my_participation import list_reasons
from feed.screens.prizes.fairness_store import list_engagement
from tests.support import make
from tests.support.make import DAY, HOUR

MICROSECOND = timedelta(microseconds=1)


class Participant(NamedTuple):
    id: int
    person: str | None
    flags: set[str]


@pytest.fixture
def end() -> datetime:
    """A deadline that has passed."""
    return make.now() - HOUR


@pytest.fixture
async def campaign_id(conn: Connection, end: datetime) -> int:
    return await make.campaign(conn, starts_at=end - 10 * DAY, ends_at=end)


@pytest.fixture
async def post_id(conn: Connection, campaign_id: int, end: datetime) -> int:
    return await make.entry(conn, campaign_id, at=end - DAY)


async def count_only_entry(conn: Connection, campaign_id: int) -> EntryEngagement:
    (only,) = await count_engagement(conn, campaign_id)
    return only


async def test_an_entry_without_engagement_counts_nothing(conn: Connection, campaign_id: int, post_id: int) -> None:
    assert await count_only_entry(conn, campaign_id) == EntryEngagement(post_id, 0, 0, 0, 0, {}, {}, None)


async def test_the_last_microsecond_counts_and_the_deadline_does_not(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    await make.like(conn, post_id, at=end - MICROSECOND)
    await make.like(conn, post_id, at=end)
    await make.comment(conn, post_id, at=end - MICROSECOND)
    await make.comment(conn, post_id, at=end)
    found = await count_only_entry(conn, campaign_id)
    assert (found.likes, found.likes_shown, found.commenters, found.commenters_shown) == (1, 1, 1, 1)


async def test_engagement_taken_back_at_the_deadline_or_later_counts(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    for until in (end - MICROSECOND, end, end + DAY):
        account_id = await make.account(conn)
        await make.past_like(conn, post_id, account_id, at=end - DAY, until=until)
        await make.comment(conn, post_id, account_id, at=end - DAY, state="deleted", deleted_at=until)
    found = await count_only_entry(conn, campaign_id)
    assert (found.likes, found.commenters) == (2, 2)


async def test_a_like_taken_back_and_given_again_counts_once(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    account_id = await make.account(conn)
    await make.past_like(conn, post_id, account_id, at=end - 3 * HOUR, until=end - 2 * HOUR)
    await make.like(conn, post_id, account_id, at=end - HOUR)
    assert (await count_only_entry(conn, campaign_id)).likes == 1


async def test_before_the_deadline_the_current_engagement_counts(conn: Connection) -> None:
    now = make.now()
    campaign_id = await make.campaign(conn, starts_at=now - 10 * DAY, ends_at=now + DAY)
    post_id = await make.entry(conn, campaign_id, at=now - DAY)
    account_ids = [await make.account(conn) for _ in range(5)]
    await make.ban(conn, account_ids[0], until=now - HOUR)
    await make.ban(conn, account_ids[1], since=now + HOUR)
    await make.ban(conn, account_ids[2])
    for account_id in account_ids[:4]:
        await make.like(conn, post_id, account_id, at=now - 2 * HOUR)
    await make.like(conn, post_id, account_ids[4], at=now + HOUR)
    found = await count_only_entry(conn, campaign_id)
    assert (found.likes, found.likes_excluded) == (3, {"banned": 1})


@pytest.mark.parametrize("state", ["pending", "rejected", "removed"])
async def test_a_hidden_comment_does_not_count(
    conn: Connection, campaign_id: int, post_id: int, end: datetime, state: str
) -> None:
    await make.comment(conn, post_id, at=end - HOUR, state=state)
    assert (await count_only_entry(conn, campaign_id)).commenters_shown == 0


async def test_a_commenter_counts_once(conn: Connection, campaign_id: int, post_id: int, end: datetime) -> None:
    account_id = await make.account(conn)
    for hours in (1, 2, 3):
        await make.comment(conn, post_id, account_id, at=end - hours * HOUR)
    found = await count_only_entry(conn, campaign_id)
    assert (found.commenters, found.commenters_shown, found.commenters_excluded) == (1, 1, {})


async def test_two_accounts_of_one_person_count_once(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    for _ in range(3):
        account_id = await make.account(conn, person="twins")
        await make.like(conn, post_id, account_id, at=end - HOUR)
        await make.comment(conn, post_id, account_id, at=end - HOUR)
    found = await count_only_entry(conn, campaign_id)
    assert (found.likes, found.commenters) == (1, 1)
    assert found.likes_excluded == found.commenters_excluded == {"same_person": 2}


async def engage(conn: Connection, post_id: int, account_id: int, end: datetime) -> None:
    await make.like(conn, post_id, account_id, at=end - HOUR)
    await make.comment(conn, post_id, account_id, at=end - HOUR)


async def expect(conn: Connection, campaign_id: int, reason: ExclusionReason | None, times: int = 1) -> None:
    found = await count_only_entry(conn, campaign_id)
    assert found.likes_excluded == found.commenters_excluded == ({reason: times} if reason else {})
    assert found.likes == found.commenters == (0 if reason else times)


async def test_the_author_and_the_author_s_other_account_do_not_count(
    conn: Connection, campaign_id: int, end: datetime
) -> None:
    author = await make.account(conn, person="author")
    post_id = await make.entry(conn, campaign_id, author, at=end - DAY)
    await engage(conn, post_id, author, end)
    await engage(conn, post_id, await make.account(conn, person="author"), end)
    await expect(conn, campaign_id, "own", 2)


async def test_an_unverified_author_is_still_the_author(conn: Connection, campaign_id: int, end: datetime) -> None:
    author = await make.account(conn, verified=False)
    post_id = await make.entry(conn, campaign_id, author, at=end - DAY)
    await engage(conn, post_id, author, end)
    await expect(conn, campaign_id, "own")
    assert (await count_only_entry(conn, campaign_id)).author_reason == "not_verified"


async def test_a_phone_must_be_verified_before_the_deadline(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    await engage(conn, post_id, await make.account(conn, verified=False), end)
    await engage(conn, post_id, await make.account(conn, verified=end), end)
    await expect(conn, campaign_id, "not_verified", 2)
    in_time = await make.account(conn, verified=end - MICROSECOND)
    await engage(conn, post_id, in_time, end)
    assert (await count_only_entry(conn, campaign_id)).likes == 1


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (-DAY, None, "staff"),
        (-DAY, MICROSECOND, "staff"),
        (timedelta(), None, "staff"),
        (-DAY, timedelta(), None),
        (MICROSECOND, None, None),
    ],
)
async def test_staff_at_the_deadline_do_not_count(
    conn: Connection,
    campaign_id: int,
    post_id: int,
    end: datetime,
    since: timedelta,
    until: timedelta | None,
    reason: ExclusionReason | None,
) -> None:
    account_id = await make.account(conn)
    await make.staff(conn, account_id, since=end + since, until=None if until is None else end + until)
    await engage(conn, post_id, account_id, end)
    await expect(conn, campaign_id, reason)


async def test_a_second_account_of_a_staff_member_does_not_count(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    await make.staff(conn, await make.account(conn, person="editor"))
    await engage(conn, post_id, await make.account(conn, person="editor"), end)
    await expect(conn, campaign_id, "staff")


async def test_jurors_and_former_jurors_who_have_marked_do_not_count(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    for removed_at in (None, end - 5 * DAY):
        account_id = await make.account(conn)
        await make.juror(conn, campaign_id, account_id, removed_at=removed_at)
        if removed_at is not None:
            await make.mark(conn, campaign_id, post_id, account_id, "50")
        await engage(conn, post_id, account_id, end)
    await expect(conn, campaign_id, "juror", 2)


async def test_a_former_juror_without_a_mark_counts(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    account_id = await make.account(conn)
    await make.juror(conn, campaign_id, account_id, removed_at=end - 5 * DAY)
    await engage(conn, post_id, account_id, end)
    await expect(conn, campaign_id, None)


@pytest.mark.parametrize("reason", ["staff", "banned"])
@pytest.mark.parametrize(
    ("began", "over", "counts"),
    [
        (-timedelta(seconds=1), timedelta(seconds=1), False),
        (-12 * HOUR, 11 * HOUR, False),
        (-12 * HOUR, 12 * HOUR, True),
        (-timedelta(seconds=1), DAY, True),
        (-timedelta(seconds=1), None, True),
    ],
)
async def test_a_fact_of_seconds_across_the_deadline_does_not_count(
    conn: Connection, reason: ExclusionReason, began: timedelta, over: timedelta | None, counts: bool
) -> None:
    end = make.now() - 3 * DAY
    campaign_id = await make.campaign(conn, starts_at=end - 10 * DAY, ends_at=end)
    post_id = await make.entry(conn, campaign_id, at=end - DAY)
    account_id = await make.account(conn)
    since, until = end + began, None if over is None else end + over
    if reason == "staff":
        await make.staff(conn, account_id, since=since, until=until)
    else:
        await make.ban(conn, account_id, since=since, lifted_at=until)
    await engage(conn, post_id, account_id, end)
    await expect(conn, campaign_id, reason if counts else None)


async def test_a_juror_of_another_campaign_counts(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    account_id = await make.account(conn)
    await make.juror(conn, await make.campaign(conn), account_id)
    await engage(conn, post_id, account_id, end)
    await expect(conn, campaign_id, None)


@pytest.mark.parametrize(
    ("since", "until", "lifted", "kind", "reason"),
    [
        (-DAY, None, None, "ban", "banned"),
        (-DAY, DAY, None, "ban", "banned"),
        (timedelta(), None, None, "ban", "banned"),
        (-DAY, DAY, MICROSECOND, "ban", "banned"),
        (-DAY, timedelta(), None, "ban", None),
        (-DAY, DAY, timedelta(), "ban", None),
        (MICROSECOND, None, None, "ban", None),
        (-DAY, None, None, "mute", None),
    ],
)
async def test_banned_accounts_at_the_deadline_do_not_count(
    conn: Connection,
    campaign_id: int,
    post_id: int,
    end: datetime,
    since: timedelta,
    until: timedelta | None,
    lifted: timedelta | None,
    kind: str,
    reason: ExclusionReason | None,
) -> None:
    await make.ban(
        conn,
        await make.account(conn, person="banned"),
        since=end + since,
        until=None if until is None else end + until,
        lifted_at=None if lifted is None else end + lifted,
        kind=kind,
    )
    await engage(conn, post_id, await make.account(conn, person="banned"), end)
    await expect(conn, campaign_id, reason)


async def test_an_account_must_be_old_enough_at_the_deadline(conn: Connection, end: datetime) -> None:
    campaign_id = await make.campaign(
        conn, starts_at=end - 10 * DAY, ends_at=end, eligibility={"min_account_age_days": 3}
    )
    post_id = await make.entry(conn, campaign_id, at=end - DAY)
    await engage(conn, post_id, await make.account(conn, created_at=end - 3 * DAY + MICROSECOND), end)
    await expect(conn, campaign_id, "too_new")
    await engage(conn, post_id, await make.account(conn, created_at=end - 3 * DAY), end)
    assert (await count_only_entry(conn, campaign_id)).likes == 1


async def test_a_void_of_an_account_holds_for_the_person(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    await make.void(conn, campaign_id, account_id=await make.account(conn, person="bought"))
    await engage(conn, post_id, await make.account(conn, person="bought"), end)
    await expect(conn, campaign_id, "voided")


async def test_a_void_holds_for_its_kinds_only(conn: Connection, campaign_id: int, post_id: int, end: datetime) -> None:
    account_id = await make.account(conn)
    await engage(conn, post_id, account_id, end)
    await make.void(conn, campaign_id, account_id=account_id, kinds=["like"])
    found = await count_only_entry(conn, campaign_id)
    assert (found.likes, found.likes_excluded, found.commenters) == (0, {"voided": 1}, 1)


async def test_a_void_of_a_post_excludes_all_of_its_engagement(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    for _ in range(2):
        await engage(conn, post_id, await make.account(conn), end)
    await make.void(conn, campaign_id, post_id=post_id)
    await expect(conn, campaign_id, "voided", 2)


async def test_a_withdrawn_void_and_one_of_another_campaign_exclude_nothing(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    account_id = await make.account(conn)
    await engage(conn, post_id, account_id, end)
    await make.void(conn, campaign_id, account_id=account_id, withdrawn_at=end)
    await make.void(conn, await make.campaign(conn), account_id=account_id)
    await expect(conn, campaign_id, None)


async def test_an_erased_account_stays_counted(conn: Connection, campaign_id: int, post_id: int, end: datetime) -> None:
    account_id = await make.account(conn)
    await engage(conn, post_id, account_id, end)
    await conn.execute("UPDATE accounts SET erased_at = now(), name = '-' WHERE id = $1", account_id)
    await expect(conn, campaign_id, None)


async def test_the_first_reason_that_applies_is_returned(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    account_id = await make.account(conn)
    await make.juror(conn, campaign_id, account_id)
    await make.ban(conn, account_id)
    await make.void(conn, campaign_id, account_id=account_id)
    await engage(conn, post_id, account_id, end)
    await expect(conn, campaign_id, "juror")
    await make.staff(conn, account_id)
    await expect(conn, campaign_id, "staff")


@pytest.mark.parametrize("reason", ["not_verified", "staff", "juror", "banned", "too_new"])
async def test_an_author_may_be_excluded(conn: Connection, end: datetime, reason: ExclusionReason) -> None:
    campaign_id = await make.campaign(
        conn, starts_at=end - 10 * DAY, ends_at=end, eligibility={"min_account_age_days": 3}
    )
    author = await make.account(
        conn, verified=reason != "not_verified", created_at=end - (DAY if reason == "too_new" else 9 * DAY)
    )
    if reason == "staff":
        await make.staff(conn, author, since=end - DAY)
    if reason == "juror":
        await make.juror(conn, campaign_id, author)
    if reason == "banned":
        await make.ban(conn, author, since=end - DAY)
    await make.entry(conn, campaign_id, author, at=end - DAY)
    assert (await count_only_entry(conn, campaign_id)).author_reason == reason


async def test_only_the_requested_entries_are_counted(
    conn: Connection, campaign_id: int, post_id: int, end: datetime
) -> None:
    other = await make.entry(conn, campaign_id, at=end - DAY)
    stranger = await make.post(conn)
    found = await count_engagement(conn, campaign_id, [stranger, other])
    assert [each.post_id for each in found] == [other]
    assert [each.post_id for each in await count_engagement(conn, campaign_id)] == [post_id, other]
    assert await count_engagement(conn, campaign_id, []) == []


@pytest.mark.parametrize("seed", range(3))
async def test_counts_and_exclusions_add_up(conn: Connection, campaign_id: int, end: datetime, seed: int) -> None:
    """Random accounts and engagement against the rules in Python; the fairness report and a user's own view agree."""
    dice = random.Random(seed)
    people: list[Participant] = []
    for _ in range(30):
        name = f"random {seed} {dice.randrange(20)}"
        verified = dice.random() < 0.85
        account_id = await make.account(conn, person=name, verified=verified)
        flags = {flag for flag in ("staff", "juror", "banned", "voided") if dice.random() < 0.08}
        if "staff" in flags:
            await make.staff(conn, account_id)
        if "juror" in flags:
            await make.juror(conn, campaign_id, account_id)
        if "banned" in flags:
            await make.ban(conn, account_id)
        if "voided" in flags:
            await make.void(conn, campaign_id, account_id=account_id)
        people.append(Participant(account_id, name if verified else None, flags))
    flagged: dict[str, set[str]] = {}
    for each in people:
        if each.person is not None:
            flagged.setdefault(each.person, set()).update(each.flags)

    expected: dict[int, tuple[int, dict[str, int]]] = {}
    for author in dice.sample(people, 4):
        post_id = await make.entry(conn, campaign_id, author.id, at=end - DAY)
        persons: set[str] = set()
        excluded: dict[str, int] = {}
        for liker in people:
            if dice.random() < 0.4:
                continue
            await make.like(conn, post_id, liker.id, at=end - HOUR)
            person = liker.person
            if liker is author or (person is not None and person == author.person):
                reason = "own"
            elif person is None:
                reason = "not_verified"
            else:
                reason = next((flag for flag in ("staff", "juror", "banned", "voided") if flag in flagged[person]), "")
            if not reason and person in persons:
                reason = "same_person"
            if reason:
                excluded[reason] = excluded.get(reason, 0) + 1
            elif person is not None:
                persons.add(person)
        expected[post_id] = (len(persons), excluded)

    found = await count_engagement(conn, campaign_id)
    assert {entry.post_id: (entry.likes, entry.likes_excluded) for entry in found} == expected
    assert all(entry.likes + sum(entry.likes_excluded.values()) == entry.likes_shown for entry in found)
    engagements = [row["post_id"] for row in await list_engagement(conn, campaign_id, list(expected))]
    assert {post_id: engagements.count(post_id) for post_id in expected} == {
        post_id: n for post_id, (n, _) in expected.items()
    }
    for each in people:
        conditions = each.flags if each.person is None else flagged[each.person] | {"verified"}
        reasons: list[ExclusionReason] = [] if "verified" in conditions else ["not_verified"]
        reasons += [reason for reason in ("staff", "juror", "banned") if reason in conditions]
        assert await list_reasons(conn, campaign_id, each.id) == reasons


async def test_the_database_has_the_same_reasons_in_the_same_order(conn: Connection) -> None:
    assert await conn.fetchval("SELECT enum_range(NULL::exclusion_reason)::text[]") == list(EXCLUSION_REASONS)


@pytest.mark.parametrize("shift", [-MICROSECOND, timedelta(), MICROSECOND])
async def test_all_readers_agree_at_the_edges_and_read_the_published_rules(
    conn: Connection, end: datetime, shift: timedelta
) -> None:
    campaign_id = await make.campaign(
        conn, starts_at=end - 10 * DAY, ends_at=end, eligibility={"min_account_age_days": 3}
    )
    draft = {"eligibility": {"min_account_age_days": 9}}
    await conn.execute("UPDATE campaigns SET draft = draft || $2 WHERE id = $1", campaign_id, draft)
    post_id = await make.entry(conn, campaign_id, at=end - DAY)
    account_ids = [
        await make.account(conn, verified=end + shift),
        await make.account(conn, created_at=end - 3 * DAY + shift),
        await make.account(conn),
        await make.account(conn),
    ]
    await make.staff(conn, account_ids[2], until=end + shift)
    await make.ban(conn, account_ids[3], lifted_at=end + shift)
    for account_id in account_ids:
        await engage(conn, post_id, account_id, end)
    await make.past_like(conn, post_id, await make.account(conn), at=end - DAY, until=end + shift)
    await make.like(conn, post_id, at=end + shift)
    await make.comment(conn, post_id, at=end - DAY, state="deleted", deleted_at=end + shift)
    await make.comment(conn, post_id, at=end + shift)

    found = await count_only_entry(conn, campaign_id)
    engagements = await list_engagement(conn, campaign_id, [post_id])
    assert (sum(act["liked"] for act in engagements), sum(not act["liked"] for act in engagements)) == (
        found.likes,
        found.commenters,
    )
    own_views = [reason for each in account_ids for reason in await list_reasons(conn, campaign_id, each)]
    assert found.likes_excluded == {
        reason: own_views.count(reason) for reason in EXCLUSION_REASONS if reason in own_views
    }
    at_the_end, later = ["not_verified"], ["not_verified", "staff", "banned", "too_new"]
    assert list(found.likes_excluded) == {-MICROSECOND: [], timedelta(): at_the_end, MICROSECOND: later}[shift]
