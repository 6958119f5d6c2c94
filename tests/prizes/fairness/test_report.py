"""The fairness report, checked against campaigns whose likes and comments are known."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from feed.campaigns.actions import create_campaign
from feed.campaigns.rules.draft import CampaignFields
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.draw.actions import give_up_next_beacon
from feed.prizes.fairness.scenarios import EngagementEvent, distributions_of, top_entries, top_likers
from feed.prizes.model import SheetNotFound, SheetRow
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.screens.prizes import live_sheet
from feed.screens.prizes.fairness import FairnessCard, FairnessReports
from feed.screens.prizes.fairness_store import read_engagement, to_events
from tests.support import entry_draws, make, phases
from tests.support.make import DAY, HOUR

AT = make.now() - 5 * DAY


async def _report(pool: Pool, campaign_id: int) -> FairnessCard:
    return await FairnessReports(pool).get(campaign_id)


async def _settle(pool: Pool, keys: Keys) -> None:
    assert await freeze_next_campaign(pool)
    assert await settle_next_campaign(pool, keys)


def _told(report: FairnessCard) -> dict[str, Any]:
    """The report without what says when and from what it was computed."""
    told: dict[str, Any] = msgspec.to_builtins(report)
    return {name: value for name, value in told.items() if name not in ("provisional", "as_of", "basis")}


async def test_there_is_no_report_of_a_campaign_that_has_not_opened_or_is_cancelled(pool: Pool) -> None:
    draft = await create_campaign(pool, await make.person(pool, role="editor"), CampaignFields(title="读书月"))
    scheduled, cancelled = [(await phases.due(pool)).id for _ in range(2)]
    later = make.now() + DAY
    await pool.execute(
        "UPDATE campaigns SET starts_at = $2, ends_at = $3, settle_at = $4 WHERE id = $1",
        scheduled,
        later,
        later + DAY,
        later + 4 * DAY,
    )
    await pool.execute("UPDATE campaigns SET state = 'cancelled', cancelled_at = now() WHERE id = $1", cancelled)
    for campaign_id in (draft, scheduled, cancelled, 1):
        with pytest.raises(SheetNotFound):
            await _report(pool, campaign_id)


async def test_the_report_before_the_freeze_is_that_of_the_settlement_to_come(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, entries=12)
    posts, at = campaign.posts, make.now() - 5 * DAY
    await make.void(pool, campaign.id, post_id=posts[0], kinds=["like"])
    await pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'copied' WHERE post_id = $1", posts[1]
    )
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", posts[2])
    await make.ban(pool, await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", posts[3]), since=at)
    group = [await make.account(pool) for _ in range(8)]
    for post in posts[9:12]:
        for account in group:
            await make.like(pool, post, account, at=at)
        await make.comment(pool, post, group[0], at=at)
    before = await _report(pool, campaign.id)
    assert await freeze_next_campaign(pool)
    frozen = await _report(pool, campaign.id)
    assert await settle_next_campaign(pool, keys)
    after = await _report(pool, campaign.id)
    assert (before.provisional, frozen.provisional, after.provisional) == (True, True, False)
    assert (before.basis, frozen.basis, after.basis) == ("engagement", "full", "full")
    assert _told(before) == _told(frozen) == _told(after)
    assert before.clusters


async def test_marks_are_in_the_report_once_they_are_locked(pool: Pool) -> None:
    campaign = await phases.due(pool, entries=4)
    juror, last = await make.account(pool), campaign.posts[3]
    await make.juror(pool, campaign.id, juror)
    await make.mark(pool, campaign.id, last, juror, "100")
    report = await _report(pool, campaign.id)
    assert (report.basis, str(last) in {each.post_id for each in report.winners}) == ("engagement", False)
    await pool.execute("UPDATE campaigns SET marks_locked_at = now() WHERE id = $1", campaign.id)
    report = await _report(pool, campaign.id)
    assert (report.basis, report.winners[0].post_id) == ("full", str(last))
    assert report.winners[0].parts["quality"] == "50.000000"


async def test_the_entries_that_are_counted_before_the_freeze_are_bounded(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await phases.due(pool, entries=6)
    monkeypatch.setattr(live_sheet, "MAX_ENTRIES", 3)
    report = await _report(pool, campaign.id)
    assert (report.entries, report.looked_at) == (6, 3)
    assert [each.post_id for each in report.winners] == [str(each) for each in campaign.posts[:2]]
    # With a mark the entry with the fewest likes may win, so it is one of them.
    juror = await make.account(pool)
    await make.juror(pool, campaign.id, juror)
    await make.mark(pool, campaign.id, campaign.posts[5], juror, "100")
    await pool.execute("UPDATE campaigns SET marks_locked_at = now() WHERE id = $1", campaign.id)
    report = await _report(pool, campaign.id)
    assert (report.looked_at, report.winners[0].post_id) == (3, str(campaign.posts[5]))


async def test_each_winner_has_parts_and_margins(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys, entries=6)
    report = await _report(pool, campaign.id)
    first, second = report.winners
    assert [first.post_id, second.post_id] == [str(each) for each in campaign.posts[:2]]
    assert first.score == first.parts["likes"]
    # 5, 4 and 3 likes; the third does not win.
    scores = await pool.fetch("SELECT score FROM winners UNION ALL SELECT score FROM reserves ORDER BY score DESC")
    one, two, three = (float(row["score"]) for row in scores)
    assert float(first.margin_to_next or 0) == pytest.approx(one - two)
    assert float(first.margin_to_first_without_prize or 0) == pytest.approx(one - three)
    assert second.margin_to_next == second.margin_to_first_without_prize
    assert first.likes is not None
    assert (first.likes.persons, sum(first.likes.by_hour), sum(first.likes.by_account_age.values())) == (5, 5, 5)
    assert first.comments is None
    assert report.looked_at == report.entries == 6


async def test_the_events_read_are_those_that_were_counted(pool: Pool, keys: Keys) -> None:
    """One like or comment for every reason not to count: the numbers of events equal those of the sheet."""
    campaign = await phases.due(pool, entries=3)
    at, post = make.now() - 5 * DAY, campaign.posts[0]
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post)
    await make.like(pool, post, author, at=at)
    await make.like(pool, post, await make.account(pool, verified=False), at=at)
    twins = [await make.account(pool, person="twins") for _ in range(2)]
    for twin in twins:
        await make.like(pool, post, twin, at=at)
    juror, banned, voided, late, fan = [await make.account(pool) for _ in range(5)]
    await pool.execute("INSERT INTO jurors (campaign_id, account_id) VALUES ($1, $2)", campaign.id, juror)
    await pool.execute(
        "INSERT INTO sanctions (account_id, kind, starts_at, reason_code, imposed_by) VALUES ($1, 'ban', $2, 'spam', 1)",
        banned,
        at,
    )
    await make.void(pool, campaign.id, account_id=voided, kinds=["like"])
    for account in (juror, banned, voided, await make.person(pool, role="editor"), fan):
        await make.like(pool, post, account, at=at)
    await make.like(pool, post, late, at=make.now() - DAY)
    await make.past_like(pool, post, await make.account(pool), at=at, until=make.now() - DAY)
    await make.past_like(pool, post, await make.account(pool), at=at, until=at + HOUR)
    for account in (voided, fan, juror):
        await make.comment(pool, post, account, at=at)
    await make.void(pool, campaign.id, post_id=campaign.posts[1], kinds=["like"])
    await pool.execute("UPDATE staff_rights SET granted_at = $1", at)
    await _settle(pool, keys)

    async with pool.acquire() as conn:
        # Weights that need more than one batch.
        events = to_events(await read_engagement(conn, campaign.id, dict.fromkeys(campaign.posts, 20_000)))

    for row in await pool.fetch("SELECT post_id, likes_counted, commenters_counted FROM sheet_rows"):
        mine = [event for event in events if event.post_id == row["post_id"]]
        found = sum(event.liked for event in mine), sum(not event.liked for event in mine)
        assert found == (row["likes_counted"], row["commenters_counted"])
    assert sum(event.post_id == post and event.liked for event in events) == 2 + 1 + 1 + 1


async def test_each_scenario_has_its_winners(pool: Pool, keys: Keys) -> None:
    # The entries have 6, 5, 4, … likes; those of the first one are voided.
    campaign = await phases.due(pool, entries=7, caps={"likes": 4, "comments": 4})
    await make.void(pool, campaign.id, post_id=campaign.posts[0], kinds=["like"])
    await _settle(pool, keys)

    report = await _report(pool, campaign.id)

    scenarios = {each.name: each for each in report.other_ways}
    assert set(scenarios) == {"without_voids", "without_top_likers", "half_caps", "double_caps"}
    assert [each.post_id for each in report.winners] == [str(each) for each in campaign.posts[1:3]]
    voids = scenarios["without_voids"]
    assert voids.same_winners is False
    assert [each.post_id for each in voids.enters] == [str(campaign.posts[0])]
    (gone,) = voids.leaves
    assert (gone.post_id, gone.rank, gone.rank_then) == (str(campaign.posts[2]), 2, 3)
    assert [(each.post_id, each.rank, each.post_id_then, each.rank_then, each.wins_then) for each in voids.ranks] == [
        (str(campaign.posts[1]), 1, str(campaign.posts[1]), 2, True),
        (str(campaign.posts[2]), 2, str(campaign.posts[2]), 3, False),
    ]
    assert scenarios["double_caps"].same_winners
    assert [(each.rank, each.rank_then) for each in scenarios["double_caps"].ranks] == [(1, 1), (2, 2)]


async def test_without_top_likers_their_comments_do_not_count_either(pool: Pool, keys: Keys) -> None:
    """The only comment of the top liker makes the last entry win; without that liker it would not win."""
    campaign = await phases.due(
        pool,
        entries=4,
        weights={"quality": "0.2", "likes": "0.4", "comments": "0.4"},
        caps={"likes": 200, "comments": 2},
    )
    at, busy = make.now() - 5 * DAY, await make.account(pool)
    for post in campaign.posts:
        await make.like(pool, post, busy, at=at)
    await make.comment(pool, campaign.posts[3], busy, at=at)
    await _settle(pool, keys)

    report = await _report(pool, campaign.id)

    assert report.winners[0].post_id == str(campaign.posts[3])
    (scenario,) = [each for each in report.other_ways if each.name == "without_top_likers"]
    assert (scenario.ranks[0].rank, scenario.ranks[0].rank_then, scenario.ranks[0].wins_then) == (1, 4, False)


async def test_a_winner_is_compared_by_the_best_entry_of_the_person_in_the_scenario(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, entries=4)
    first, second = campaign.posts[:2]
    await pool.execute(
        """
        UPDATE accounts SET person = 'one'
        WHERE id IN (SELECT author_id FROM posts WHERE id = ANY ($1::bigint[]))
        """,
        [first, second],
    )
    await make.void(pool, campaign.id, post_id=first, kinds=["like"])
    await _settle(pool, keys)
    report = await _report(pool, campaign.id)
    (voids,) = [each for each in report.other_ways if each.name == "without_voids"]
    assert voids.same_winners
    best = voids.ranks[0]
    assert (best.post_id, best.post_id_then, best.rank, best.rank_then) == (str(second), str(first), 1, 1)


async def test_concurrent_and_repeated_requests_get_the_same_report(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    reports = FairnessReports(pool)
    responses = await asyncio.gather(*(reports.get(campaign.id) for _ in range(10)))
    responses.append(await reports.get(campaign.id))
    assert {id(each) for each in responses} == {id(responses[0])}


async def test_a_new_settlement_has_a_report_of_its_own(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    reports, editor = FairnessReports(pool), await make.person(pool, role="editor")
    before = await reports.get(campaign.id)
    await undo_settlement(pool, campaign.id, by=editor, reason="补作废")
    assert (await reports.get(campaign.id)).provisional
    await make.void(pool, campaign.id, post_id=campaign.posts[0], kinds=["like"])
    await settle_campaign(pool, keys, campaign.id, by=editor)
    assert (await reports.get(campaign.id)).winners != before.winners


async def test_entries_with_the_same_likers_are_a_cluster(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, entries=6)
    group = [await make.account(pool) for _ in range(8)]
    pushed = campaign.posts[3:6]
    for post in pushed:
        for account in group:
            await make.like(pool, post, account, at=make.now() - 5 * DAY)
    await _settle(pool, keys)
    report = await _report(pool, campaign.id)
    (cluster,) = report.clusters
    assert cluster.post_ids == sorted(map(str, pushed), key=int)
    assert [pair.shared for pair in cluster.pairs] == [8, 8, 8]
    assert (cluster.pair_count, report.clusters_found, report.compared) == (3, 1, 6)
    assert all(pair.by_chance < pair.shared for pair in cluster.pairs)


async def test_a_draw_has_no_scenarios_and_no_clusters(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys, ago=2 * DAY, beacon_order=["public_number"], beacon_wait_hours=1)
    waiting = await _report(pool, campaign.id)
    assert (waiting.provisional, waiting.winners) == (True, [])
    assert await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)
    report = await _report(pool, campaign.id)
    assert report.entrants == waiting.entrants
    assert (report.method, report.other_ways, report.clusters) == ("draw", [], [])
    assert [each.rank for each in report.winners] == [1, 2]
    assert all(each.likes is None for each in report.winners)


async def test_the_entrants_of_a_running_draw_are_the_tickets_of_the_draw_to_come(pool: Pool, keys: Keys) -> None:
    """Six entries, two of one person; of others one is banned, one is staff, one is removed."""
    campaign = await phases.due_draw(pool, keys, entries=6, beacon_order=[])
    authors = [await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post) for post in campaign.posts]
    await make.ban(pool, authors[3], since=make.now() - 5 * DAY)
    await make.staff(pool, authors[4], since=make.now() - 5 * DAY)
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", campaign.posts[5])
    running = await _report(pool, campaign.id)
    await phases.decide_draw(pool, keys)
    settled = await _report(pool, campaign.id)
    assert (running.provisional, settled.provisional) == (True, False)
    assert running.entrants == settled.entrants
    assert running.entrants is not None
    assert (running.entrants.persons, sum(running.entrants.by_hour)) == (2, 2)


async def test_entries_that_have_no_ticket_are_no_entrants(pool: Pool, keys: Keys) -> None:
    """Of three entries one has lost its topic by an edit, and one has no media."""
    eligibility = {"min_account_age_days": 0, "require_media": True}
    campaign = await phases.due_draw(pool, keys, entries=4, beacon_order=[], eligibility=eligibility)
    await pool.execute("UPDATE post_revisions SET media_ids = ARRAY[1::bigint] WHERE post_id <> $1", campaign.posts[3])
    await pool.execute("UPDATE post_revisions SET topic_ids = '{}' WHERE post_id = $1", campaign.posts[2])
    running = await _report(pool, campaign.id)
    await phases.decide_draw(pool, keys)
    settled = await _report(pool, campaign.id)
    assert running.entrants == settled.entrants
    assert running.entrants is not None
    assert running.entrants.persons == 1


@pytest.mark.parametrize("entry_by", entry_draws.WAYS)
async def test_draws_by_comment_and_like_are_reported_as_their_sheet_will_be(
    pool: Pool, keys: Keys, entry_by: str
) -> None:
    """Of seven accounts two are of one person, one is banned, and one has no phone."""
    draw = await entry_draws.due(pool, keys, entry_by, people=4)
    made: dict[str, Any] = {"created_at": draw.ends_at - 90 * DAY}
    twins = [await make.account(pool, person="twin", **made) for _ in range(2)]
    unverified = await make.account(pool, verified=False, **made)
    for account_id in (*twins, unverified):
        await entry_draws.enter(pool, draw, account_id)
    await make.ban(pool, draw.people[0], since=draw.ends_at - DAY)
    if entry_by == "like":
        # Taken back after the end: it counts.
        await pool.execute("DELETE FROM likes WHERE account_id = $1", draw.people[1])
        await make.past_like(pool, draw.post_id, draw.people[1], at=draw.ends_at - 2 * HOUR, until=draw.ends_at)
    running = await _report(pool, draw.id)
    assert await freeze_next_campaign(pool)
    frozen = await _report(pool, draw.id)
    await entry_draws.decide(pool, keys)
    settled = await _report(pool, draw.id)
    assert running.entrants is not None
    assert (running.entries, running.entrants.persons, sum(running.entrants.by_hour)) == (6, 4, 4)
    assert running.entrants == frozen.entrants == settled.entrants
    assert running.entries == frozen.entries == settled.entries
    assert [(each.rank, each.score) for each in settled.winners] == [(1, None), (2, None)]


def _event(post_id: int, person: int, **more: Any) -> EngagementEvent:
    usual: dict[str, Any] = {"liked": True, "at": AT, "account_created_at": AT - 40 * DAY}
    return EngagementEvent(post_id, person, **(usual | more))


def test_ages_are_at_the_time_of_the_like_and_hours_are_of_shenzhen() -> None:
    four_in_the_morning = AT.replace(hour=20, minute=30)
    events = [
        _event(1, 1, at=four_in_the_morning, account_created_at=four_in_the_morning - HOUR),
        _event(1, 2, at=four_in_the_morning, account_created_at=four_in_the_morning - 3 * DAY),
        _event(1, 3, at=four_in_the_morning, account_created_at=four_in_the_morning - 400 * DAY),
        _event(1, 3, at=four_in_the_morning, liked=False),
    ]
    distribution = distributions_of(events, liked=True)[1]
    assert distribution.by_hour[4] == distribution.persons == 3
    assert distribution.by_account_age == {"under_1d": 1, "under_7d": 1, "under_30d": 0, "under_365d": 0, "older": 1}


def test_top_likers_are_one_percent_and_at_least_one() -> None:
    events = [_event(post, person) for person in range(150) for post in range(1 + (person in (7, 8)) * 3)]
    assert top_likers(events) == {7, 8}
    assert top_likers([_event(1, 5)]) == {5}
    assert top_likers([]) == set()


def _row(post_id: int, likes: int, **more: Any) -> SheetRow:
    usual: dict[str, Any] = {
        "account_id": post_id,
        "person": str(post_id).encode(),
        "entered_at": AT,
        "revision": 1,
        "quality": Decimal(0),
        "likes_counted": likes,
        "commenters_counted": 0,
        "eligible": True,
        "reason_code": None,
        "excluded": [],
    }
    return SheetRow(post_id=post_id, **(usual | more))


def test_the_entries_read_are_bounded_also_if_little_of_them_counts() -> None:
    void = [{"kind": "like", "reason_code": "voided", "count": 900}]
    rows = [_row(1, 90, excluded=void), _row(2, 50), _row(3, 40), _row(4, 30)]
    ranks = {1: 1, 2: 2, 3: 3, 4: 4}
    assert top_entries(rows, ranks, {}, max_cost=100) == [2, 3], (
        "the first exceeds the limit by itself, the last in sum"
    )
    assert top_entries(rows, ranks, {2: 30}, max_cost=100) == [2], "one commenter may have written thirty comments"
    assert top_entries(rows, ranks, {}, max_cost=10_000) == [1, 2, 3, 4]
    assert top_entries(rows, {4: 1}, {}, max_cost=100) == [4], "entries without a rank are not read"
