import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785

from feed.accounts.model import AccountId
from feed.campaigns import actions, store
from feed.campaigns import cancellation as cancelling
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignIncomplete,
    CampaignNotDraft,
    CampaignNotFound,
    CampaignRunning,
    CampaignSettled,
    SecondPersonRequired,
)
from feed.campaigns.jury import members as seating
from feed.campaigns.model import served_state
from feed.errors import FeedError, Invalid
from feed.idempotency import IdempotencyKeyReused, keyed_request
from feed.screens.campaigns import cards as screen
from tests.support import make
from tests.support.campaign_drafts import HOUR, drafted, fields, full, published, seen
from tests.support.campaigns import Stage
from tests.support.make import DAY


async def test_a_draft_needs_a_title_and_nothing_else(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    with pytest.raises(Invalid) as refused:
        await actions.create_campaign(stage.pool, editor, fields(topic="读书"))
    assert [error.field for error in refused.value.errors] == ["title"]
    campaign = await actions.create_campaign(stage.pool, editor, fields(title="读书月"))
    card = await seen(stage, campaign)
    assert (card.state, card.title, card.topic, card.starts_at) == ("draft", "读书月", None, None)
    with pytest.raises(CampaignNotFound):
        async with stage.pool.acquire() as conn:
            await screen.get_campaign(conn, campaign)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": "a\0b"}, "title"),
        ({"winner_count": 0}, "winner_count"),
        ({"winner_count": 10**30}, "winner_count"),
        ({"method": "dice"}, "method"),
        ({"weights": {"quality": "0.5", "likes": "0.5", "comments": "0.5"}}, "weights"),
        ({"starts_at": datetime(2026, 1, 1)}, "starts_at"),
        ({"prizes": [{"name": "x" * 100, "kind": "goods"}]}, "prizes[0].name"),
        ({"cover_media_id": "x"}, "cover_media_id"),
        ({"cover_media_id": "0"}, "cover_media_id"),
        *(
            (given, field)
            # They would begin a paragraph of their own in the rules as people read them, or turn it round.
            for sign in ("\n", "\r", "\x0b", "\x85", "\u2028", "\u2029", "\u202e", "\u200b", "\t")
            for given, field in (
                ({"organiser": f"读特{sign}9. 另附条件"}, "organiser"),
                ({"contact": f"0755{sign}"}, "contact"),
                ({"title": f"读书{sign}月"}, "title"),
                ({"beacon": f"福彩{sign}3D"}, "beacon"),
                ({"delivery": {"place": f"书城{sign}"}}, "delivery.place"),
                ({"criteria": [{"name": f"立{sign}意", "weight": 1}]}, "criteria[0].name"),
                ({"prizes": [{"name": f"好{sign}书", "kind": "goods"}]}, "prizes[0].name"),
                ({"prizes": [{"name": "好书", "kind": "goods", "terms": f"限{sign}用"}]}, "prizes[0].terms"),
            )
        ),
    ],
)
async def test_a_draft_holds_no_wrong_value(stage: Stage, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await actions.create_campaign(stage.pool, await stage.person(), fields(**{"title": "读书月", **given}))
    assert [error.field for error in refused.value.errors] == [field]


NEEDED = [
    "topic",
    "body",
    "starts_at",
    "ends_at",
    "method",
    "winner_count",
    "prizes",
    "claim_days",
    "organiser",
    "contact",
]


@pytest.mark.parametrize("field", NEEDED)
async def test_publishing_is_refused_while_one_field_is_missing(stage: Stage, field: str) -> None:
    editor = await stage.person(role="editor")
    campaign = await drafted(stage, editor, **{field: None})
    with pytest.raises(CampaignIncomplete) as refused:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, "required")]
    assert (await seen(stage, campaign)).state == "draft"


async def test_publishing_names_everything_that_is_missing_at_once(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await actions.create_campaign(stage.pool, editor, fields(title="读书月"))
    with pytest.raises(CampaignIncomplete) as refused:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    assert {error.field for error in refused.value.errors} == set(NEEDED)


# It would be worth nothing before the last winner has it in hand.
PASSED = {
    "name": "月卡", "kind": "code", "value_cny": "30", "terms": "限本人", "valid_until": datetime.now(UTC) + 5 * DAY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"starts_at": datetime(2020, 1, 1, tzinfo=UTC), "ends_at": datetime(2020, 1, 2, tzinfo=UTC)}, "ends_at", "in_the_past"),
        ({"announcement_post_id": "12345"}, "announcement_post_id", "not_found"),
        ({"prizes": [{"name": "好书", "kind": "goods"}]}, "prizes[0].value_cny", "required"),
        ({"prizes": [{"name": "好书", "kind": "goods", "value_cny": "0.00"}]}, "prizes[0].value_cny", "required"),
        ({"prizes": [PASSED]}, "prizes[0].valid_until", "too_early"),
        ({"organiser": "\u3164 "}, "organiser", "required"),
        ({"contact": "\u3164\u2800"}, "contact", "required"),
        ({"body": "\u200b\n\u200d"}, "body", "required"),
        ({"method": "draw", "beacon": "\u115f"}, "beacon", "required"),
        ({"eligibility": {"require_media": True}}, "eligibility.require_media", "not_available"),
        ({"review_chain": 2}, "review_chain", "not_available"),
    ],
)  # fmt: skip
async def test_publishing_looks_at_the_clock_and_at_what_exists(
    stage: Stage, changed: dict[str, Any], field: str, code: str
) -> None:
    editor = await stage.person(role="editor")
    campaign = await drafted(stage, editor, **changed)
    with pytest.raises(CampaignIncomplete) as refused:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]


async def test_a_published_campaign_has_hashed_rules_and_the_posts_of_its_topic(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    inside = await stage.post(await stage.person(), ago=timedelta(minutes=5))
    await stage.post(await stage.person(), ago=2 * HOUR)
    campaign = await published(stage, editor, opened=True)
    async with stage.pool.acquire() as conn:
        card = await screen.get_campaign(conn, campaign)
        rules = await screen.get_rules(conn, campaign, None)
    assert (card.state, card.rules_version, card.entry_count) == ("open", 1, 1)
    assert rules.rules_sha256 == hashlib.sha256(rfc8785.dumps(rules.rules)).hexdigest() == card.rules_sha256
    assert "读书月" in rules.text
    assert await stage.version(inside) == 2
    assert await stage.actions(campaign) == ["campaign_created", "campaign_published"]


async def test_the_state_follows_the_clock(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor)
    assert (await seen(stage, campaign)).state == "scheduled"
    for moved, state in ((2 * HOUR, "open"), (2 * DAY, "closed")):
        await stage.pool.execute(
            """
            UPDATE campaigns
            SET starts_at = published_at + interval '1 hour' - $2::interval,
                ends_at = published_at + interval '1 day' - $2::interval
            WHERE id = $1
            """,
            campaign,
            moved,
        )
        assert (await seen(stage, campaign)).state == state
        # The list says it in SQL, the rest in Python.
        async with stage.pool.acquire() as conn:
            stored = await store.find_campaign(conn, campaign)
        assert stored is not None
        assert served_state(stored.state, stored.starts_at, stored.ends_at, stored.now) == state


async def test_before_the_opening_everything_changes_and_every_version_stays(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor)
    later = datetime.now(UTC) + 3 * DAY
    await actions.change_campaign(
        stage.pool, stage.keys, editor, campaign, fields(topic="跑步", ends_at=later, winner_count=1)
    )
    card = await seen(stage, campaign)
    assert (card.topic, card.ends_at, card.winner_count, card.rules_version) == ("跑步", later, 1, 2)
    async with stage.pool.acquire() as conn:
        versions = [await screen.get_rules(conn, campaign, version) for version in (1, 2, None)]
    assert [version.rules["topic"] for version in versions] == ["读书", "跑步", "跑步"]
    assert len({version.rules_sha256 for version in versions}) == 2
    with pytest.raises(Invalid) as refused:
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(contact=None))
    assert [error.field for error in refused.value.errors] == ["contact"]


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": datetime.now(UTC) + 2 * DAY},
        {"ends_at": datetime.now(UTC) + HOUR},
        {"starts_at": datetime.now(UTC) + HOUR},
        {"settle_at": datetime.now(UTC) + 9 * DAY},
        {"topic": "跑步"},
        {"winner_count": 2},
        {"reserve_count": 1},
        {"claim_days": 6},
        {"prizes": []},
        {"prizes": [{"name": "好书", "kind": "goods", "value_cny": "59.89"}]},
        {"prizes": [{"name": "坏书", "kind": "goods", "value_cny": "100"}]},
        {"weights": {"quality": "0.4", "likes": "0.4", "comments": "0.2"}},
        {"caps": {"likes": 10, "comments": 10}},
        {"tie_break": ["earliest"]},
        {"unclaimed": "void"},
        {"board": "hidden"},
        {"organiser": "别人"},
        {"objection_days": 1},
        {"eligibility": {"min_account_age_days": 1}},
    ],
    ids=lambda change: "-".join(change),
)
async def test_after_the_opening_nothing_that_hurts_is_accepted(stage: Stage, change: dict[str, Any]) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    with pytest.raises(CampaignRunning) as refused:
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change))
    assert [error.field for error in refused.value.errors] == list(change)
    assert (await seen(stage, campaign)).rules_version == 1


@pytest.mark.parametrize(
    "change",
    [
        {"winner_count": 4},
        {"reserve_count": 9},
        {"claim_days": 30},
        {"claim_ends_at": datetime.now(UTC) + 30 * DAY},
        {"body": "新的介绍", "notes": "带上好心情"},
        {"prizes": [{"name": "好书", "kind": "goods", "per_winner": 2, "value_cny": "60"}]},
        {
            "prizes": [
                {"name": "好书", "kind": "goods", "value_cny": "59.90"},
                {"name": "书签", "kind": "goods", "value_cny": "5"},
            ]
        },
    ],
    ids=lambda change: "-".join(change),
)
async def test_after_the_opening_what_favours_people_makes_a_new_version(stage: Stage, change: dict[str, Any]) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    for _ in range(2):
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change))
    assert (await seen(stage, campaign)).rules_version == 2
    assert (await stage.actions(campaign))[2:] == ["campaign_changed"]


async def test_two_editors_who_patch_at_once_both_have_their_way(stage: Stage) -> None:
    first, second = await stage.person(role="editor"), await stage.person(role="editor")
    draft = await drafted(stage, first)
    running = await published(stage, first, opened=True)
    for campaign in (draft, running):
        await asyncio.gather(
            *(
                actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change))
                for editor, change in ((first, {"body": "甲"}), (second, {"notes": "乙"})) * 3
            )
        )
        card = await seen(stage, campaign)
        assert (card.body, card.notes) == ("甲", "乙")
    assert card.rules_version == 3


async def test_two_publications_at_once_make_one_campaign(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await drafted(stage, editor)
    outcomes = await asyncio.gather(
        *(actions.publish_campaign(stage.pool, stage.keys, editor, campaign) for _ in range(4)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [CampaignNotDraft] * 3


async def test_a_retried_post_acts_once(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    request = keyed_request("/campaigns", "key", b"{}")
    made = [await actions.create_campaign(stage.pool, editor, fields(**full()), request) for _ in range(2)]
    assert made[0] == made[1]
    publishing = keyed_request("/publish", "key", b"")
    for _ in range(2):
        await actions.publish_campaign(stage.pool, stage.keys, editor, made[0], publishing)
    with pytest.raises(IdempotencyKeyReused):
        await actions.create_campaign(
            stage.pool, editor, fields(title="x"), keyed_request("/campaigns", "key", b"other")
        )


async def test_a_copy_is_a_draft_without_dates(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor)
    card = await seen(stage, await actions.copy_campaign(stage.pool, editor, campaign))
    assert (card.state, card.starts_at, card.ends_at, card.settle_at) == ("draft", None, None, None)
    assert (card.title, card.winner_count, card.rules_version) == ("读书月", 3, None)
    with pytest.raises(CampaignNotFound):
        await actions.copy_campaign(stage.pool, editor, 1)


# What the state lets nobody do. `open` and `closed` are the clock's; the others are stored.
ILLEGAL: list[tuple[str, str, type[FeedError]]] = [
    ("scheduled", "publish", CampaignNotDraft),
    ("judging", "publish", CampaignNotDraft),
    *(
        (state, verb, CampaignNotDraft if verb == "publish" else CampaignSettled)
        for state in ("frozen", "decided", "announced", "final", "archived")
        for verb in ("publish", "cancel", "change", "jurors")
    ),
    ("cancelled", "publish", CampaignCancelled),
    ("cancelled", "change", CampaignCancelled),
    ("cancelled", "jurors", CampaignCancelled),
]


@pytest.mark.parametrize(("state", "verb", "refusal"), ILLEGAL)
async def test_illegal_moves_are_refused(stage: Stage, state: str, verb: str, refusal: type[FeedError]) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    if state == "frozen":
        await stage.freeze(campaign)
    elif state in ("decided", "announced", "final", "archived"):
        await stage.freeze(campaign)
        await stage.pool.execute(
            "UPDATE campaigns SET state = $2, announced_first_by = 1, announced_by = 2 WHERE id = $1", campaign, state
        )
    else:
        await stage.pool.execute("UPDATE campaigns SET state = $2 WHERE id = $1", campaign, state)
    verbs: dict[str, Callable[[], Awaitable[object]]] = {
        "publish": lambda: actions.publish_campaign(stage.pool, stage.keys, editor, campaign),
        "cancel": lambda: cancelling.cancel_campaign(stage.pool, editor, campaign, "停办"),
        "change": lambda: actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(body="x")),
        "jurors": lambda: seating.assign_jurors(stage.pool, editor, campaign, [editor]),
    }
    before = await seen(stage, campaign)
    with pytest.raises(refusal):
        await verbs[verb]()
    assert await seen(stage, campaign) == before


async def test_what_nobody_takes_part_in_yet_is_cancelled_by_one(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    for campaign in (await drafted(stage, editor), await published(stage, editor)):
        for _ in range(2):
            assert await cancelling.cancel_campaign(stage.pool, editor, campaign) == "cancelled"
        assert (await seen(stage, campaign)).state == "cancelled"
        assert (await stage.actions(campaign)).count("campaign_cancelled") == 1
    assert not await cancelling.notify_next_cancellation(stage.pool)


@pytest.mark.parametrize("reason", ["", "　", "\u200b", "\u3164", "停办\n联系方式：骗子", "停\u202e办"])
async def test_a_reason_that_nobody_can_read_cancels_nothing(stage: Stage, reason: str) -> None:
    first = await stage.person(role="editor")
    campaign = await published(stage, first, opened=True)
    with pytest.raises(Invalid) as refused:
        await cancelling.cancel_campaign(stage.pool, first, campaign, reason)
    assert [error.field for error in refused.value.errors] == ["reason"]
    assert (await seen(stage, campaign)).cancel_asked_by is None


async def test_what_people_take_part_in_is_cancelled_by_two_for_a_reason(stage: Stage) -> None:
    first = await stage.person(role="editor", person="one")
    same = await stage.person(role="editor", person="one")
    second = await stage.person(role="editor")
    campaign = await published(stage, first, opened=True)
    request = keyed_request("/cancel", "key", b"{}")
    for _ in range(2):
        assert await cancelling.cancel_campaign(stage.pool, first, campaign, "场地停用", request) == "recorded"
    for editor in (first, same):
        with pytest.raises(SecondPersonRequired):
            await cancelling.cancel_campaign(stage.pool, editor, campaign, "场地停用")
    card = await seen(stage, campaign)
    assert (card.state, card.cancel_asked_by, card.cancel_reason) == ("open", str(first), None)
    assert card.cancel_asked_reason == "场地停用"
    for _ in range(2):
        assert await cancelling.cancel_campaign(stage.pool, second, campaign) == "cancelled"
    card = await seen(stage, campaign)
    assert (card.state, card.cancel_reason) == ("cancelled", "场地停用")
    acted = await stage.actions(campaign)
    assert (acted.count("campaign_cancel_proposed"), acted.count("campaign_cancelled")) == (1, 1)


async def test_of_a_cancelled_campaign_everybody_who_took_part_is_told_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "_NOTIFIED_PER_TRANSACTION", 2)
    campaign = await published(stage, await stage.person(role="editor"), opened=True)
    authors = [await make.account(stage.pool) for _ in range(3)]
    for author in (*authors, authors[0]):
        await make.entry(stage.pool, campaign, author)
    for known in (0, 2):
        await cancelling.cancel_campaign(stage.pool, await stage.person(role="editor"), campaign, "场地停用")
        # Some with the cancellation itself; the others when nobody can be entering any more.
        assert await stage.pool.fetchval("SELECT count(*) FROM inbox") == known
        assert not await cancelling.notify_next_cancellation(stage.pool)
    # Whose post was on its way: with a lower id than those who have been told.
    late = min(authors) - 1
    await stage.pool.execute("UPDATE accounts SET id = $2 WHERE id = $1", await make.account(stage.pool), late)
    await make.entry(stage.pool, campaign, AccountId(late))
    authors.append(AccountId(late))
    await stage.pool.execute("UPDATE campaigns SET cancelled_at = cancelled_at - interval '10 seconds'")
    told = await asyncio.gather(*(cancelling.notify_next_cancellation(stage.pool) for _ in range(3)))
    assert any(told)
    while await cancelling.notify_next_cancellation(stage.pool):
        pass
    news = await stage.pool.fetch("SELECT account_id, title, body FROM inbox ORDER BY account_id")
    assert [row["account_id"] for row in news] == sorted(authors)
    assert news[0]["title"] == "“读书月”活动已取消"
    assert news[0]["body"].startswith("原因：场地停用。活动不再评选获奖者")
