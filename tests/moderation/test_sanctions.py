"""Muting and banning: intervals, and the scores that they change."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from feed.accounts import store as accounts
from feed.accounts.model import AccountId, AccountNotFound, Banned, Muted, Standing
from feed.accounts.sanctions import SanctionKind
from feed.errors import Invalid
from feed.likes.actions import apply_likes
from feed.likes.model import Like
from feed.moderation.model import OwnSubject, StaffProtected
from feed.moderation.sanctions import (
    impose_on_account,
    impose_sanction,
    lapse_next_sanction,
    lift_from_account,
    lift_sanctions,
)
from feed.postgres import transaction
from feed.posts.model import PostId
from tests.moderation.conftest import Newsroom
from tests.support import make

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def impose(
    newsroom: Newsroom, actor: AccountId, account_id: AccountId, kind: SanctionKind = "mute", **more: object
) -> None:
    until = more.get("until")
    assert until is None or isinstance(until, datetime)
    await impose_sanction(newsroom.pool, actor, account_id, kind=kind, reason_code="spam", until=until)


async def standing(newsroom: Newsroom, account_id: AccountId) -> Standing:
    async with newsroom.pool.acquire() as conn:
        return await accounts.get_standing(conn, account_id)


async def test_a_muted_person_does_not_write_until_it_is_lifted(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    await impose(newsroom, reviewer, author)
    with pytest.raises(Muted):
        await newsroom.post(author)
    assert await newsroom.notification_titles(author) == ["你的账号已被禁言"]
    await lift_sanctions(newsroom.pool, reviewer, author)
    await lift_sanctions(newsroom.pool, reviewer, author)
    assert await newsroom.notification_titles(author) == ["你的账号已被禁言", "你的账号已解除禁言"]
    await newsroom.post(author)
    actions = await newsroom.pool.fetch("SELECT action FROM audit WHERE subject_id = $1 ORDER BY id", author)
    assert [row["action"] for row in actions] == ["sanction.impose", "sanction.lift"]


async def test_a_banned_person_does_not_write(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    await impose(newsroom, reviewer, author, "ban", until=TOMORROW)
    with pytest.raises(Banned):
        await newsroom.post(author)
    assert await standing(newsroom, author) == Standing(banned=True)


async def test_a_sanction_ends_by_the_clock_and_can_be_imposed_again(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    await impose(newsroom, reviewer, author, until=TOMORROW)
    await newsroom.pool.execute(
        "UPDATE sanctions SET starts_at = now() - interval '2 days', until = now() - interval '1 day'"
    )
    assert await standing(newsroom, author) == Standing()
    await impose(newsroom, reviewer, author, until=TOMORROW)
    assert await standing(newsroom, author) == Standing(muted=True)


async def test_a_new_end_replaces_the_interval_without_a_gap(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    await impose(newsroom, reviewer, author)
    await impose(newsroom, reviewer, author)
    assert await newsroom.pool.fetchval("SELECT count(*) FROM sanctions") == 1
    await impose(newsroom, reviewer, author, until=TOMORROW)
    first, second = await newsroom.pool.fetch("SELECT starts_at, until, lifted_at FROM sanctions ORDER BY id")
    assert first["lifted_at"] == second["starts_at"]
    assert (second["until"], second["lifted_at"]) == (TOMORROW, None)


async def test_a_mute_and_a_ban_are_independent(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    await impose(newsroom, reviewer, author, "mute")
    await impose(newsroom, reviewer, author, "ban")
    await lift_sanctions(newsroom.pool, reviewer, author, "ban")
    assert await standing(newsroom, author) == Standing(muted=True)


async def end_by_the_clock(newsroom: Newsroom) -> None:
    """Moves every sanction with an end into the past."""
    await newsroom.pool.execute(
        "UPDATE sanctions SET starts_at = now() - interval '2 days', until = now() - interval '1 day' WHERE until IS NOT NULL"
    )


@pytest.mark.parametrize("kind", ["mute", "ban"])
async def test_a_sanction_that_lapses_is_noticed_once(newsroom: Newsroom, kind: SanctionKind) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    await enter(newsroom, post_id)
    await impose(newsroom, reviewer, author, kind, until=TOMORROW)
    assert not await lapse_next_sanction(newsroom.pool)
    await end_by_the_clock(newsroom)
    before = await newsroom.version(post_id)
    # Several workers: each may find it, one notices it.
    await asyncio.gather(*(lapse_next_sanction(newsroom.pool) for _ in range(4)))
    assert not await lapse_next_sanction(newsroom.pool)
    assert await newsroom.version(post_id) == before + 1
    word = {"mute": "禁言", "ban": "封禁"}[kind]
    assert await newsroom.notification_titles(author) == [f"你的账号已被{word}", f"你的账号{word}已到期"]
    acts = await newsroom.pool.fetch("SELECT action, actor_id FROM audit WHERE subject_id = $1 ORDER BY id", author)
    assert [tuple(row) for row in acts] == [("sanction.impose", reviewer), ("sanction.lapse", None)]
    await lift_sanctions(newsroom.pool, reviewer, author)
    assert len(await newsroom.notification_titles(author)) == 2


async def test_a_sanction_that_lapses_beside_another_one_of_the_person_is_not_announced(newsroom: Newsroom) -> None:
    async with newsroom.pool.acquire() as conn:
        one = await make.person(conn, person="one phone")
        other = await make.person(conn, person="one phone")
    reviewer = await newsroom.person("reviewer")
    await impose(newsroom, reviewer, one, until=TOMORROW)
    await impose(newsroom, reviewer, other)
    await end_by_the_clock(newsroom)
    assert await lapse_next_sanction(newsroom.pool)
    assert await newsroom.notification_titles(one) == ["你的账号已被禁言"]
    assert await standing(newsroom, one) == Standing(muted=True)


async def test_an_erased_account_is_not_notified_of_the_end_of_its_sanction(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    await impose(newsroom, reviewer, author, until=TOMORROW)
    await newsroom.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", author)
    await end_by_the_clock(newsroom)
    assert await lapse_next_sanction(newsroom.pool)
    assert not await lapse_next_sanction(newsroom.pool)
    assert len(await newsroom.notification_titles(author)) == 1


async def test_a_sanction_of_the_app_and_one_of_staff_end_by_themselves(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    in_a_week = TOMORROW + timedelta(days=6)

    async def of_the_app(until: datetime | None) -> None:
        async with transaction(newsroom.pool) as conn:
            await impose_on_account(conn, author, kind="ban", reason_code="other", until=until, by=None)

    async def app_lifts() -> None:
        async with transaction(newsroom.pool) as conn:
            await lift_from_account(conn, author, ["ban"], by=None)

    await impose(newsroom, reviewer, author, "ban", until=TOMORROW)
    await of_the_app(in_a_week)
    assert len(await newsroom.notification_titles(author)) == 2
    await app_lifts()
    # The shorter one of the moderator still holds, so nothing has ended for the author.
    assert await standing(newsroom, author) == Standing(banned=True)
    await app_lifts()
    assert len(await newsroom.notification_titles(author)) == 2
    # A ban that ends earlier than another one changes nothing for the author either; it holds once the other one is lifted.
    await of_the_app(TOMORROW - timedelta(hours=1))
    assert len(await newsroom.notification_titles(author)) == 2
    await lift_sanctions(newsroom.pool, reviewer, author)
    assert await standing(newsroom, author) == Standing()
    assert await newsroom.notification_titles(author) == ["你的账号已被封禁", "你的账号已被封禁", "你的账号已解除封禁"]


async def test_concurrent_mutes_of_one_person_leave_one(newsroom: Newsroom) -> None:
    author = await newsroom.person()
    reviewers = [await newsroom.person("reviewer") for _ in range(6)]
    await asyncio.gather(*(impose(newsroom, each, author) for each in reviewers))
    assert await newsroom.pool.fetchval("SELECT count(*) FROM sanctions") == 1


async def test_a_sanction_increments_the_versions_of_engaged_entries(newsroom: Newsroom) -> None:
    author, liker, reader, reviewer = [await newsroom.person() for _ in range(3)] + [await newsroom.person("reviewer")]
    liked, commented, other = [await newsroom.post(author) for _ in range(3)]
    campaign_id = await enter(newsroom, liked, commented, other)
    await apply_likes(newsroom.pool, [Like(liked, liker)])
    await newsroom.comment(reader, commented)
    posts = (liked, commented, other)
    before = [await newsroom.version(post_id) for post_id in posts]

    await impose(newsroom, reviewer, liker, "ban")
    assert [await newsroom.version(post_id) for post_id in posts] == [before[0] + 1, before[1], before[2]]
    await impose(newsroom, reviewer, reader, "ban")
    assert [await newsroom.version(post_id) for post_id in posts] == [before[0] + 1, before[1] + 1, before[2]]
    await lift_sanctions(newsroom.pool, reviewer, liker)
    assert [await newsroom.version(post_id) for post_id in posts] == [before[0] + 2, before[1] + 1, before[2]]

    await newsroom.pool.execute("UPDATE campaigns SET state = 'decided' WHERE id = $1", campaign_id)
    await impose(newsroom, reviewer, author, "ban")
    assert [await newsroom.version(post_id) for post_id in posts] == [before[0] + 2, before[1] + 1, before[2]]


async def enter(newsroom: Newsroom, *post_ids: PostId) -> int:
    """A running campaign that these posts have entered."""
    campaign_id: int = await newsroom.pool.fetchval(
        """
        INSERT INTO campaigns (state, draft, topic_id, rules_version, starts_at, ends_at, settle_at, created_by)
        SELECT 'scheduled', '{}', id, 1, now() - interval '1 day', now() + interval '1 day', now() + interval '3 days', 1
        FROM topics LIMIT 1
        RETURNING id
        """
    )
    await newsroom.pool.execute(
        """
        INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
        SELECT $1, id, author_id, created_at FROM posts WHERE id = ANY ($2::bigint[])
        """,
        campaign_id,
        post_ids,
    )
    return campaign_id


async def test_only_an_admin_sanctions_staff_and_never_themselves(newsroom: Newsroom) -> None:
    reviewer, editor, admin = [await newsroom.person(role) for role in ("reviewer", "editor", "admin")]
    with pytest.raises(StaffProtected):
        await impose(newsroom, reviewer, editor)
    with pytest.raises(OwnSubject):
        await impose(newsroom, admin, admin)
    await impose(newsroom, admin, editor)
    with pytest.raises(StaffProtected):
        await lift_sanctions(newsroom.pool, reviewer, editor)
    with pytest.raises(AccountNotFound):
        await impose(newsroom, admin, AccountId(1))


async def test_an_end_in_the_past_is_rejected(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    past = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(Invalid) as raised:
        await impose_sanction(newsroom.pool, reviewer, author, kind="mute", reason_code="spam", until=past)
    assert {error.field for error in raised.value.errors} == {"until"}
    assert await newsroom.notification_titles(author) == []
