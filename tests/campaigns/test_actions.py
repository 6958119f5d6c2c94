"""Creating, copying, changing, publishing and cancelling campaigns."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785

from feed.accounts.model import AccountId, SecondPersonRequired
from feed.campaigns import actions, cancellation, store
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignIncomplete,
    CampaignNotDraft,
    CampaignNotFound,
    CampaignRunning,
    CampaignSettled,
)
from feed.campaigns.jury import members
from feed.campaigns.model import served_state
from feed.errors import FeedError, Invalid
from feed.idempotency import IdempotencyKeyReused, keyed_request
from feed.media.addresses import MediaAddresses
from feed.screens.campaigns import cards
from tests.support import make
from tests.support.campaign_drafts import HOUR, drafted, fields, full, published, seen
from tests.support.campaigns import Stage
from tests.support.make import DAY
from tests.support.notices import said


async def test_a_draft_requires_only_a_title(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    with pytest.raises(Invalid) as raised:
        await actions.create_campaign(stage.pool, editor, fields(topic="读书"))
    assert [error.field for error in raised.value.errors] == ["title"]
    campaign = await actions.create_campaign(stage.pool, editor, fields(title="读书月"))
    card = await seen(stage, campaign)
    assert (card.state, card.title, card.topic, card.starts_at) == ("draft", "读书月", None, None)
    with pytest.raises(CampaignNotFound):
        async with stage.pool.acquire() as conn:
            await cards.get_campaign(conn, campaign, MediaAddresses())


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "a\0b"}, "title"),
        ({"weights": {"quality": "0.5", "likes": "0.5", "comments": "0.5"}}, "weights"),
        ({"prizes": [{"name": "x" * 100, "kind": "goods"}]}, "prizes[0].name"),
        ({"cover_media_id": "x"}, "cover_media_id"),
        ({"cover_media_id": "0"}, "cover_media_id"),
        # Characters without a glyph.
        ({"organiser": "\u3164 "}, "organiser"),
        ({"contact": "\u3164\u2800"}, "contact"),
        ({"body": "\u200b\n\u200d"}, "body"),
        ({"notes": "\u200b"}, "notes"),
        ({"beacon": "\u115f"}, "beacon"),
        *(
            (values, field)
            # Characters that would begin a paragraph in the rules text, are invisible or change its direction.
            for sign in ("\n", "\r", "\x0b", "\x85", "\u2028", "\u2029", "\u202e", "\u200b", "\t")
            for values, field in (
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
async def test_a_draft_rejects_invalid_values(stage: Stage, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        await actions.create_campaign(stage.pool, await stage.person(), fields(**{"title": "读书月", **values}))
    assert [error.field for error in raised.value.errors] == [field]


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
async def test_publishing_requires_every_field(stage: Stage, field: str) -> None:
    editor = await stage.person(role="editor")
    campaign = await drafted(stage, editor, **{field: None})
    with pytest.raises(CampaignIncomplete) as raised:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    assert [(error.field, error.code) for error in raised.value.errors] == [(field, "required")]
    assert (await seen(stage, campaign)).state == "draft"


async def test_publishing_names_all_missing_fields_at_once(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await actions.create_campaign(stage.pool, editor, fields(title="读书月"))
    with pytest.raises(CampaignIncomplete) as raised:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    assert {error.field for error in raised.value.errors} == set(NEEDED)


# Expires before the last winner can have it.
EXPIRING = {
    "name": "月卡", "kind": "code", "value_cny": "30", "terms": "限本人", "valid_until": datetime.now(UTC) + 5 * DAY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"starts_at": datetime(2020, 1, 1, tzinfo=UTC), "ends_at": datetime(2020, 1, 2, tzinfo=UTC)}, "ends_at", "in_the_past"),
        ({"announcement_post_id": "12345"}, "announcement_post_id", "not_found"),
        ({"prizes": [{"name": "好书", "kind": "goods"}]}, "prizes[0].value_cny", "required"),
        ({"prizes": [{"name": "好书", "kind": "goods", "value_cny": "0.00"}]}, "prizes[0].value_cny", "required"),
        ({"prizes": [EXPIRING]}, "prizes[0].valid_until", "expires_before_claimed"),
        ({"organiser": "\u3000 "}, "organiser", "required"),
        ({"contact": " "}, "contact", "required"),
        ({"body": "\n\u3000\n"}, "body", "required"),
        ({"method": "draw", "beacon": ""}, "beacon", "required"),
    ],
)  # fmt: skip
async def test_publishing_checks_dates_references_and_readable_texts(
    stage: Stage, changed: dict[str, Any], field: str, code: str
) -> None:
    editor = await stage.person(role="editor")
    campaign = await drafted(stage, editor, **changed)
    with pytest.raises(CampaignIncomplete) as raised:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    assert [(error.field, error.code) for error in raised.value.errors] == [(field, code)]


async def test_a_published_campaign_has_hashed_rules_and_the_posts_of_its_topic(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    inside = await stage.post(await stage.person(), ago=timedelta(minutes=5))
    await stage.post(await stage.person(), ago=2 * HOUR)
    campaign = await published(stage, editor, opened=True)
    async with stage.pool.acquire() as conn:
        card = await cards.get_campaign(conn, campaign, MediaAddresses())
        rules = await cards.get_rules(conn, campaign, None)
    assert (card.state, card.rules_version, card.entry_count) == ("open", 1, 1)
    assert rules.rules_sha256 == hashlib.sha256(rfc8785.dumps(rules.rules)).hexdigest() == card.rules_sha256
    assert "读书月" in rules.text
    assert await stage.version(inside) == 2
    assert await stage.actions(campaign) == ["campaign_created", "campaign_published"]


async def test_the_state_follows_the_clock(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor)
    assert (await seen(stage, campaign)).state == "scheduled"
    for shift, state in ((2 * HOUR, "open"), (2 * DAY, "closed")):
        await stage.pool.execute(
            """
            UPDATE campaigns
            SET starts_at = published_at + interval '1 hour' - $2::interval,
                ends_at = published_at + interval '1 day' - $2::interval
            WHERE id = $1
            """,
            campaign,
            shift,
        )
        assert (await seen(stage, campaign)).state == state
        # Lists compute it in SQL, everything else in Python.
        async with stage.pool.acquire() as conn:
            stored = await store.find_campaign(conn, campaign)
        assert stored is not None
        assert served_state(stored.state, stored.starts_at, stored.ends_at, stored.now) == state


async def test_before_the_opening_every_field_can_change_and_versions_are_kept(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor)
    later = datetime.now(UTC) + 3 * DAY
    await actions.change_campaign(
        stage.pool, stage.keys, editor, campaign, fields(topic="跑步", ends_at=later, winner_count=1)
    )
    card = await seen(stage, campaign)
    assert (card.topic, card.ends_at, card.winner_count, card.rules_version) == ("跑步", later, 1, 2)
    async with stage.pool.acquire() as conn:
        versions = [await cards.get_rules(conn, campaign, version) for version in (1, 2, None)]
    assert [version.rules["topic"] for version in versions] == ["读书", "跑步", "跑步"]
    assert len({version.rules_sha256 for version in versions}) == 2
    with pytest.raises(Invalid) as raised:
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(contact=None))
    assert [error.field for error in raised.value.errors] == ["contact"]


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
async def test_after_the_opening_unfavourable_changes_are_rejected(stage: Stage, change: dict[str, Any]) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    with pytest.raises(CampaignRunning) as raised:
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change))
    assert [error.field for error in raised.value.errors] == list(change)
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
async def test_after_the_opening_favourable_changes_make_a_new_version(stage: Stage, change: dict[str, Any]) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    for _ in range(2):
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change))
    assert (await seen(stage, campaign)).rules_version == 2
    assert (await stage.actions(campaign))[2:] == ["campaign_changed"]


async def test_concurrent_patches_of_two_editors_are_both_applied(stage: Stage) -> None:
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


async def test_concurrent_publications_publish_once(stage: Stage) -> None:
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


# Actions that a stored state forbids. `open` and `closed` are not stored.
FORBIDDEN: list[tuple[str, str, type[FeedError]]] = [
    ("scheduled", "publish", CampaignNotDraft),
    ("judging", "publish", CampaignNotDraft),
    *(
        (state, action, CampaignNotDraft if action == "publish" else CampaignSettled)
        for state in ("frozen", "decided", "announced", "final", "archived")
        for action in ("publish", "cancel", "change", "jurors")
    ),
    ("cancelled", "publish", CampaignCancelled),
    ("cancelled", "change", CampaignCancelled),
    ("cancelled", "jurors", CampaignCancelled),
]


@pytest.mark.parametrize(("state", "action", "error"), FORBIDDEN)
async def test_actions_that_the_state_forbids_are_rejected(
    stage: Stage, state: str, action: str, error: type[FeedError]
) -> None:
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
    operations: dict[str, Callable[[], Awaitable[object]]] = {
        "publish": lambda: actions.publish_campaign(stage.pool, stage.keys, editor, campaign),
        "cancel": lambda: cancellation.cancel_campaign(stage.pool, editor, campaign, "停办"),
        "change": lambda: actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(body="x")),
        "jurors": lambda: members.assign_jurors(stage.pool, editor, campaign, [editor]),
    }
    before = await seen(stage, campaign)
    with pytest.raises(error):
        await operations[action]()
    assert await seen(stage, campaign) == before


async def test_one_editor_cancels_a_campaign_that_has_not_opened(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    for campaign in (await drafted(stage, editor), await published(stage, editor)):
        for _ in range(2):
            assert await cancellation.cancel_campaign(stage.pool, editor, campaign) == "cancelled"
        assert (await seen(stage, campaign)).state == "cancelled"
        assert (await stage.actions(campaign)).count("campaign_cancelled") == 1
    assert not await cancellation.notify_next_cancellation(stage.pool)


@pytest.mark.parametrize("reason", ["", "　", "\u200b", "\u3164", "停办\n联系方式：骗子", "停\u202e办"])
async def test_cancelling_rejects_an_unreadable_reason(stage: Stage, reason: str) -> None:
    first = await stage.person(role="editor")
    campaign = await published(stage, first, opened=True)
    with pytest.raises(Invalid) as raised:
        await cancellation.cancel_campaign(stage.pool, first, campaign, reason)
    assert [error.field for error in raised.value.errors] == ["reason"]
    assert (await seen(stage, campaign)).cancel_asked_by is None


async def test_an_opened_campaign_is_cancelled_by_two_people_with_a_reason(stage: Stage) -> None:
    first = await stage.person(role="editor", person="one")
    same = await stage.person(role="editor", person="one")
    second = await stage.person(role="editor")
    campaign = await published(stage, first, opened=True)
    request = keyed_request("/cancel", "key", b"{}")
    for _ in range(2):
        assert await cancellation.cancel_campaign(stage.pool, first, campaign, "场地停用", request) == "recorded"
    for editor in (first, same):
        with pytest.raises(SecondPersonRequired):
            await cancellation.cancel_campaign(stage.pool, editor, campaign, "场地停用")
    card = await seen(stage, campaign)
    assert (card.state, card.cancel_asked_by, card.cancel_reason) == ("open", str(first), None)
    assert card.cancel_asked_reason == "场地停用"
    for _ in range(2):
        assert await cancellation.cancel_campaign(stage.pool, second, campaign) == "cancelled"
    card = await seen(stage, campaign)
    assert (card.state, card.cancel_reason) == ("cancelled", "场地停用")
    audited = await stage.actions(campaign)
    assert (audited.count("campaign_cancel_proposed"), audited.count("campaign_cancelled")) == (1, 1)


async def test_each_author_is_notified_once_of_a_cancellation(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "_NOTIFIED_PER_TRANSACTION", 2)
    campaign = await published(stage, await stage.person(role="editor"), opened=True)
    authors = [await make.account(stage.pool) for _ in range(3)]
    for author in (*authors, authors[0]):
        await make.entry(stage.pool, campaign, author)
    for notified_count in (0, 2):
        await cancellation.cancel_campaign(stage.pool, await stage.person(role="editor"), campaign, "场地停用")
        # The first are notified with the cancellation; the others when no entry can be in flight any more.
        assert await stage.pool.fetchval("SELECT count(*) FROM inbox") == notified_count
        assert not await cancellation.notify_next_cancellation(stage.pool)
    # An entry that was in flight, of an author with a lower id than those who are notified.
    late = min(authors) - 1
    await stage.pool.execute("UPDATE accounts SET id = $2 WHERE id = $1", await make.account(stage.pool), late)
    await make.entry(stage.pool, campaign, AccountId(late))
    authors.append(AccountId(late))
    await stage.pool.execute("UPDATE campaigns SET cancelled_at = cancelled_at - interval '10 seconds'")
    outcomes = await asyncio.gather(*(cancellation.notify_next_cancellation(stage.pool) for _ in range(3)))
    assert any(outcomes)
    while await cancellation.notify_next_cancellation(stage.pool):
        pass
    notifications = await stage.pool.fetch("SELECT account_id FROM inbox ORDER BY account_id")
    assert [row["account_id"] for row in notifications] == sorted(authors)
    first = (await said(stage.pool))[0]
    assert first.title == "“读书月”活动已取消"
    assert first.body.startswith("原因：“场地停用”。活动不再评选获奖者")
