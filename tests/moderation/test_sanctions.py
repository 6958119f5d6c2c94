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
from feed.moderation.sanctions import impose_sanction, lift_sanctions
from feed.posts.model import PostId
from tests.moderation.conftest import Newsroom

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
    assert await newsroom.notification_titles(author) == ["您的账号已被禁言"]
    await lift_sanctions(newsroom.pool, reviewer, author)
    await lift_sanctions(newsroom.pool, reviewer, author)
    assert await newsroom.notification_titles(author) == ["您的账号已被禁言", "您的账号已解除禁言"]
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
