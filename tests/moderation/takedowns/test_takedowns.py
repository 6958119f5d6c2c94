"""Takedowns of items, people and topics: what readers see at once, what the chunks write, and what an undo restores."""

import asyncio

import pytest

from feed.accounts.model import AccountId, AccountNotFound
from feed.cases.holds import Hold
from feed.comments.actions import delete_comment
from feed.comments.hide_show import change_holds as hold_comment
from feed.comments.model import CommentNotFound
from feed.errors import FeedError, Invalid
from feed.moderation.actions import judge_case
from feed.moderation.model import NewVerdict, OwnSubject, StaffProtected
from feed.moderation.takedowns.actions import lift_takedown, take_down
from feed.moderation.takedowns.model import TakedownNotFound, Target, TargetKind
from feed.moderation.takedowns.spread import spread_next_takedown
from feed.posts.actions import delete_post
from feed.posts.model import PostNotFound
from feed.topics.model import TopicNotFound
from tests.moderation.conftest import Newsroom
from tests.support import make
from tests.support.takedowns import counters, holds_of, spread


def target(kind: TargetKind, id_: object) -> Target:
    return Target(kind, str(id_))


async def test_a_post_and_a_comment_are_taken_down_and_come_back_exactly(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reader, reviewer = [await newsroom.person() for _ in range(2)] + [await newsroom.person("reviewer")]
    post_id = await newsroom.post(author)
    comment_id = await newsroom.comment(reader, post_id)
    await newsroom.comment(author, post_id, reply_to_id=comment_id)
    before = await counters(pool)
    for kind, item, owner in (("post", post_id, author), ("comment", comment_id, reader)):
        await take_down(pool, reviewer, target(kind, item), "illegal")  # type: ignore[arg-type]
        assert await holds_of(pool, item) == Hold.SUBJECT
        assert await counters(pool) != before
        assert (await newsroom.notification_titles(owner))[-1].endswith("已停止展示")
        await lift_takedown(pool, reviewer, target(kind, item), "mistaken")  # type: ignore[arg-type]
        assert await counters(pool) == before
        assert (await newsroom.notification_titles(owner))[-1].endswith("的停止展示已撤销")


async def test_a_person_is_taken_down_with_every_account_and_what_is_written_later(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    one, two = [await make.account(pool, person="the same") for _ in range(2)]
    reader, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    theirs = await newsroom.post(reader)
    items: list[int] = [await newsroom.post(one), await newsroom.post(two)]
    items += [await newsroom.comment(one, theirs), await newsroom.comment(two, theirs)]
    before = await counters(pool)
    await take_down(pool, reviewer, target("user", one), "fraud")
    await spread(pool)
    assert [await holds_of(pool, item) for item in items] == [Hold.AUTHOR] * 4
    assert await pool.fetchval("SELECT count(*) FROM visible_posts") == 1
    assert await pool.fetchval("SELECT comment_count FROM post_stats WHERE post_id = $1", theirs) == 0
    # Also from an account that becomes the person's now.
    three = await make.account(pool, person="the same")
    later = [await newsroom.post(two), await newsroom.comment(three, theirs)]
    assert [await holds_of(pool, item) for item in later] == [Hold.AUTHOR] * 2
    await counters(pool)
    await lift_takedown(pool, reviewer, target("user", two), "mistaken")
    await spread(pool)
    assert {await holds_of(pool, item) for item in [*items, *later]} == {0}
    after = await counters(pool)
    for post_id in later:
        await pool.execute("DELETE FROM comments WHERE id = $1", post_id)
    assert len(after) == len(before) + 1
    assert await newsroom.notification_titles(two) == ["你的主页和内容已停止展示", "对你主页和内容的停止展示已撤销"]


async def test_a_topic_is_taken_down_with_its_aliases_and_the_posts_under_them(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    posts = [await newsroom.post(author, "#读书# 一"), await newsroom.post(author, "#看书# 二")]
    other = await newsroom.post(author, "#跑步# 三")
    ids = {row["name"]: row["id"] for row in await pool.fetch("SELECT name, id FROM topics")}
    await pool.execute("UPDATE topics SET alias_of = $1 WHERE name = '看书'", ids["读书"])
    before = await counters(pool)
    await take_down(pool, reviewer, target("topic", "读书"), "illegal")
    await spread(pool)
    assert [await holds_of(pool, post_id) for post_id in posts] == [Hold.TOPIC] * 2
    assert await holds_of(pool, other) == 0
    later = await newsroom.post(author, "#看书# 四")
    await spread(pool)
    assert await holds_of(pool, later) == Hold.TOPIC
    assert await newsroom.notification_titles(author) == ["你的动态已停止展示"]
    await lift_takedown(pool, reviewer, target("topic", ids["读书"]), "mistaken")
    await spread(pool)
    await delete_post(pool, author, later)
    after = [row for row in await counters(pool) if row["id"] != later]
    assert after == before
    assert await pool.fetchval("SELECT count(*) FROM takedown_posts") == 0


async def test_what_something_else_hides_stays_hidden_after_an_undo(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reader, reviewer = await newsroom.person(), await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    comment_id = await newsroom.comment(reader, post_id)
    removed = await newsroom.post(author)
    await judge_case(pool, reviewer, await newsroom.case(post_id=removed), NewVerdict("remove", 1, "spam"))
    deleted = await newsroom.comment(reader, post_id)
    await delete_comment(pool, reader, deleted)
    async with pool.acquire() as conn, conn.transaction():
        await hold_comment(conn, comment_id, add=Hold.REPORT)
    before = await counters(pool)
    targets = [
        target("user", author),
        target("user", reader),
        target("post", post_id),
        target("topic", "爱读书的深圳人"),
    ]
    for each in targets:
        await take_down(pool, reviewer, each, "illegal")
        await spread(pool)
        await counters(pool)
    assert await holds_of(pool, post_id) & (Hold.AUTHOR | Hold.SUBJECT) == Hold.AUTHOR | Hold.SUBJECT
    for each in targets:
        await lift_takedown(pool, reviewer, each, "mistaken")
        await spread(pool)
        await counters(pool)
    assert await counters(pool) == before


async def test_a_post_under_two_topics_stays_hidden_until_both_are_back(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author, "#读书# #写作#")
    await take_down(pool, reviewer, target("topic", "读书"), "illegal")
    await spread(pool)
    await take_down(pool, reviewer, target("topic", "写作"), "illegal")
    await spread(pool)
    await lift_takedown(pool, reviewer, target("topic", "读书"), "mistaken")
    await spread(pool)
    assert await holds_of(pool, post_id) == Hold.TOPIC
    await lift_takedown(pool, reviewer, target("topic", "写作"), "mistaken")
    await spread(pool)
    assert await holds_of(pool, post_id) == 0


async def test_many_items_are_written_in_chunks(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feed.moderation.takedowns.spread._CHUNK", 2)
    pool = newsroom.pool
    author, reader, reviewer = await newsroom.person(), await newsroom.person(), await newsroom.person("reviewer")
    theirs = await newsroom.post(reader)
    for number in range(5):
        await newsroom.post(author, f"第{number}条 #读书#")
        await newsroom.comment(author, theirs, f"第{number}条")
    before = await counters(pool)
    for each in (target("user", author), target("topic", "读书")):
        await take_down(pool, reviewer, each, "spam")
        await spread(pool)
        assert await pool.fetchval("SELECT count(*) FROM visible_posts WHERE author_id = $1", author) == 0
        await lift_takedown(pool, reviewer, each, "mistaken")
        await spread(pool)
        assert await counters(pool) == before


async def test_two_takedowns_of_one_target_are_one(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    one, two = [await make.account(pool, person="the same") for _ in range(2)]
    first, second = await newsroom.person("reviewer"), await newsroom.person("reviewer")
    post_id = await newsroom.post(one)
    for targets in (
        [target("post", post_id)] * 2,
        [target("user", one), target("user", two)],
        [target("image_hash", "ab" * 32)] * 2,
    ):
        made = await asyncio.gather(
            take_down(pool, first, targets[0], "spam"), take_down(pool, second, targets[1], "fraud")
        )
        assert len({takedown.id for takedown in made}) == 1
    assert await pool.fetchval("SELECT count(*) FROM takedowns") == 3
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'takedown.impose'") == 3
    # The end of one is also once.
    await lift_takedown(pool, first, target("user", two), "mistaken")
    await lift_takedown(pool, second, target("user", one), "mistaken")
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'takedown.lift'") == 1


async def test_a_new_takedown_during_the_chunks_of_an_undo_holds(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    for kind, id_ in (("user", author), ("topic", "爱读书的深圳人")):
        await take_down(pool, reviewer, target(kind, id_), "spam")  # type: ignore[arg-type]
        await spread(pool)
        await lift_takedown(pool, reviewer, target(kind, id_), "mistaken")  # type: ignore[arg-type]
        await take_down(pool, reviewer, target(kind, id_), "spam")  # type: ignore[arg-type]
        await spread(pool)
        assert await holds_of(pool, post_id) != 0
        await lift_takedown(pool, reviewer, target(kind, id_), "mistaken")  # type: ignore[arg-type]
        await spread(pool)
        assert await holds_of(pool, post_id) == 0


@pytest.mark.parametrize("kind", ["post", "comment", "user"])
async def test_a_person_acts_on_no_takedown_of_the_own_items(newsroom: Newsroom, kind: TargetKind) -> None:
    pool = newsroom.pool
    author = await make.account(pool, person="the same")
    reviewer = await make.person(pool, role="reviewer", person="the same")
    admin = await newsroom.person("admin")
    post_id = await newsroom.post(author)
    ids = {"post": post_id, "comment": await newsroom.comment(author, post_id), "user": author}
    with pytest.raises(OwnSubject):
        await take_down(pool, reviewer, target(kind, ids[kind]), "spam")
    await take_down(pool, admin, target(kind, ids[kind]), "spam")
    with pytest.raises(OwnSubject):
        await lift_takedown(pool, reviewer, target(kind, ids[kind]), "mistaken")


async def test_only_an_admin_takes_staff_down(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    editor, reviewer, admin = [await newsroom.person(role) for role in ("editor", "reviewer", "admin")]
    with pytest.raises(StaffProtected):
        await take_down(pool, reviewer, target("user", editor), "spam")
    await take_down(pool, admin, target("user", editor), "spam")
    with pytest.raises(StaffProtected):
        await lift_takedown(pool, reviewer, target("user", editor), "mistaken")


@pytest.mark.parametrize(
    ("kind", "id_", "error"),
    [
        ("post", "1", PostNotFound),
        ("post", "x", PostNotFound),
        ("post", "", PostNotFound),
        ("comment", "1", CommentNotFound),
        ("topic", "1", TopicNotFound),
        ("topic", "没有", TopicNotFound),
        ("topic", "##", TopicNotFound),
        ("user", "1", AccountNotFound),
        ("image_hash", "short", Invalid),
    ],
)
async def test_what_does_not_exist_is_not_taken_down(
    newsroom: Newsroom, kind: TargetKind, id_: str, error: type[FeedError]
) -> None:
    reviewer = await newsroom.person("reviewer")
    with pytest.raises(error):
        await take_down(newsroom.pool, reviewer, target(kind, id_), "spam")
    with pytest.raises(Invalid if error is Invalid else TakedownNotFound):
        await lift_takedown(newsroom.pool, reviewer, target(kind, id_), "mistaken")


async def test_a_deleted_item_is_not_taken_down(newsroom: Newsroom) -> None:
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    await delete_post(newsroom.pool, author, post_id)
    with pytest.raises(PostNotFound):
        await take_down(newsroom.pool, reviewer, target("post", post_id), "spam")


async def test_the_job_comes_to_rest_and_looks_again_later(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    await newsroom.post(author)
    await take_down(pool, reviewer, target("user", author), "spam")
    await spread(pool)
    # Transactions that began before may still write: it stays open for longer than any of them lasts.
    assert await pool.fetchval("SELECT spread_at FROM takedowns") is None
    await pool.execute("UPDATE takedowns SET created_at = created_at - interval '1 minute', checked_at = '-infinity'")
    assert await spread_next_takedown(pool)
    assert not await spread_next_takedown(pool)
    assert await pool.fetchval("SELECT spread_at FROM takedowns") is not None
    await pool.execute("UPDATE takedowns SET checked_at = checked_at - interval '1 minute'")
    assert await spread_next_takedown(pool)


async def test_the_account_that_left_the_person_comes_back_too(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    one, two = [await make.account(pool, person="the same") for _ in range(2)]
    reviewer = await newsroom.person("reviewer")
    post_id = await newsroom.post(two)
    await take_down(pool, reviewer, target("user", one), "spam")
    await spread(pool)
    await pool.execute("UPDATE accounts SET person = 'another' WHERE id = $1", AccountId(two))
    assert await holds_of(pool, post_id) == Hold.AUTHOR
    await lift_takedown(pool, reviewer, target("user", one), "mistaken")
    await spread(pool)
    assert await holds_of(pool, post_id) == 0
