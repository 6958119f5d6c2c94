"""The inbox follows likes and comments, and what has gone is gone from it."""

import asyncio

import asyncpg
import pytest
from asyncpg import Record

from feed.accounts.actions import add_relation, change_notification_settings, remove_relation
from feed.accounts.blocks import RelationKind
from feed.changes.actions import number_changes
from feed.comments.actions import delete_comment
from feed.comments.hide_show import hide_comment, show_comment
from feed.inbox import store as inbox
from feed.inbox.actions import read_inbox
from feed.inbox.model import NewNotification
from feed.keys.store import Keys
from feed.notifications.actions import notify_comments, notify_likes
from feed.postgres import transaction
from feed.posts.actions import delete_post
from feed.posts.hide_show import hide_post, show_post
from tests.support import erasing
from tests.support.notifications import Town


@pytest.fixture
def town(pool: "asyncpg.Pool[Record]") -> Town:
    return Town(pool)


async def test_likes_of_a_post_are_one_message_that_moves_up(town: Town) -> None:
    author, ming, hong = await town.person("作者"), await town.person("小明"), await town.person("小红")
    post, other = await town.post(author), await town.post(author)
    await town.like(post, ming, author)
    assert await town.titles(author) == ["“小明”赞了你的动态"]
    await town.like(other, ming)
    (newest, first) = await town.notifications_of(author)
    assert newest.deep_link == f"/posts/{other}"
    await read_inbox(town.pool, author, int(newest.id))
    assert await town.unread(author) == 0

    await town.like(post, hong)
    top, rest = await town.notifications_of(author)
    assert (top.title, top.read, top.subject["count"]) == ("“小红”等2人赞了你的动态", False, 2)
    assert int(top.id) > int(newest.id) > int(first.id)
    assert (rest.id, rest.read) == (newest.id, True)
    # Read up to what was seen, not up to what has come since.
    await read_inbox(town.pool, author, int(newest.id))
    assert await town.unread(author) == 1


async def test_following_again_tells_nothing_again(town: Town) -> None:
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    await town.like(post, ming)
    (notification,) = await town.notifications_of(author)
    await read_inbox(town.pool, author, int(notification.id))
    await town.pool.execute("UPDATE inbox_position SET number = 0")
    assert [(item.id, item.read) for item in await town.notifications_of(author)] == [(notification.id, True)]


async def test_an_unlike_shrinks_the_message_and_the_last_one_takes_it_away(town: Town) -> None:
    author, ming, hong = await town.person("作者"), await town.person("小明"), await town.person("小红")
    post = await town.post(author)
    await town.like(post, ming, hong)
    (notification,) = await town.notifications_of(author)
    await town.like(post, hong, liked=False)
    (left,) = await town.notifications_of(author)
    assert (left.id, left.title, left.read) == (notification.id, "“小明”赞了你的动态", False)
    await town.like(post, ming, liked=False)
    assert await town.titles(author) == []
    assert await town.unread(author) == 0
    await town.like(post, ming)
    assert await town.titles(author) == ["“小明”赞了你的动态"]


async def test_whoever_likes_again_and_again_is_no_news(town: Town) -> None:
    author, ming, hong = await town.person("作者"), await town.person("小明"), await town.person("小红")
    post = await town.post(author)
    await town.like(post, ming, hong)
    (notification,) = await town.notifications_of(author)
    await read_inbox(town.pool, author, int(notification.id))
    for _ in range(2):
        await town.like(post, hong, liked=False)
        await town.follow()
        await town.like(post, hong)
        (item,) = await town.notifications_of(author)
        assert (item.id, item.read, item.subject["count"]) == (notification.id, True, 2)


async def test_many_likes_are_counted_and_the_newest_named(town: Town) -> None:
    author, post_likers = await town.person("作者"), [await town.person(f"读者{n}") for n in range(14)]
    post = await town.post(author)
    for who in post_likers:
        await town.like(post, who)
    (notification,) = await town.notifications_of(author)
    assert notification.title == "“读者13”等14人赞了你的动态"
    assert notification.subject["names"] == ["读者13", "读者12", "读者11"]


async def test_a_group_rests_between_two_rounds(town: Town) -> None:
    author, ming, hong = await town.person("作者"), await town.person("小明"), await town.person("小红")
    post = await town.post(author)
    await town.like(post, ming)
    await town.follow()
    await town.like(post, hong)
    await number_changes(town.pool)
    assert await notify_likes(town.pool) is False
    due = await town.pool.fetchval("SELECT extract(epoch FROM due_at - now())::float8 FROM like_groups")
    assert 9 < due <= 10.1


async def test_two_workers_follow_without_telling_twice(town: Town) -> None:
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    await town.like(post, ming)
    for n in range(30):
        await town.comment(ming, post, f"第 {n} 条")
    await number_changes(town.pool)
    await asyncio.gather(*(work(town.pool) for work in (notify_likes, notify_comments) for _ in range(4)))
    notifications = await town.notifications_of(author)
    assert len(notifications) == 31
    assert len({item.subject.get("id") for item in notifications if item.kind == "comment"}) == 30


async def test_a_comment_and_a_reply_tell_each_once(town: Town) -> None:
    author, ming, hong = await town.person("作者"), await town.person("小明"), await town.person("小红")
    post = await town.post(author)
    first = await town.comment(ming, post, "沙发")
    await town.comment(hong, post, "同意", first)
    await town.comment(author, post, "谢谢", first)
    await town.comment(ming, post, "不客气")
    assert [(item.kind, item.title, item.body) for item in await town.notifications_of(author)] == [
        ("comment", "“小明”评论了你的动态", "不客气"),
        ("comment", "“小红”评论了你的动态", "同意"),
        ("comment", "“小明”评论了你的动态", "沙发"),
    ]
    assert [(item.kind, item.title) for item in await town.notifications_of(ming)] == [
        ("reply", "“作者”回复了你的评论"),
        ("reply", "“小红”回复了你的评论"),
    ]
    assert await town.titles(hong) == []


async def test_a_deleted_comment_is_gone_from_the_inbox(town: Town) -> None:
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    comment = await town.comment(ming, post)
    unseen = await town.comment(ming, post)
    await delete_comment(town.pool, ming, unseen)
    assert len(await town.notifications_of(author)) == 1
    await delete_comment(town.pool, ming, comment)
    assert await town.titles(author) == []
    assert await town.unread(author) == 0


async def test_what_is_hidden_goes_at_once_and_comes_back_as_it_was(town: Town) -> None:
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    seen = await town.comment(ming, post, "一")
    (notification,) = await town.notifications_of(author)
    await read_inbox(town.pool, author, int(notification.id))
    await town.comment(ming, post, "二")
    await town.like(post, ming)
    before = await town.notifications_of(author)
    assert len(before) == 3

    async with transaction(town.pool) as conn:
        await hide_comment(conn, seen, state="removed")
    assert len(await town.notifications_of(author)) == 2
    async with transaction(town.pool) as conn:
        await show_comment(conn, seen)
    assert sorted(map(repr, await town.notifications_of(author))) == sorted(map(repr, before))

    async with transaction(town.pool) as conn:
        await hide_post(conn, post, state="removed")
    assert (await town.notifications_of(author), await town.unread(author)) == ([], 0)
    async with transaction(town.pool) as conn:
        await show_post(conn, post)
    assert sorted(map(repr, await town.notifications_of(author))) == sorted(map(repr, before))
    assert await town.unread(author) == 2
    await delete_post(town.pool, author, post)
    assert await town.titles(author) == []


async def test_the_erased_are_told_nothing_and_named_nowhere(town: Town) -> None:
    author, ming, hong = await town.person("作者"), await town.person("小明"), await town.person("小红")
    post = await town.post(author)
    await town.like(post, ming, hong)
    await town.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", hong)
    assert await town.titles(author) == ["“小明”赞了你的动态"]
    await town.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", author)
    await town.comment(ming, post)
    await town.like(post, await town.person("小刚"))
    assert await town.titles(author) == []


@pytest.mark.parametrize("kind", ["block", "mute"])
async def test_nothing_is_heard_of_those_whom_one_does_not_want_to_meet(town: Town, kind: RelationKind) -> None:
    author, ming, hong = await town.person("作者"), await town.person("小明"), await town.person("小红")
    post = await town.post(author)
    await town.comment(ming, post, "以前的")
    assert len(await town.notifications_of(author)) == 1
    await town.comment(ming, post, "还没告诉")
    await town.like(post, ming, hong)
    await add_relation(town.pool, author, ming, kind)
    assert await town.titles(author) == ["“小红”赞了你的动态"]
    await remove_relation(town.pool, author, ming, kind)
    assert await town.titles(author) == ["“小红”赞了你的动态", "“小明”评论了你的动态"]


async def test_nothing_is_heard_of_those_who_do_not_want_to_meet_one(town: Town) -> None:
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    await town.like(post, ming)
    await town.comment(ming, post)
    assert len(await town.notifications_of(author)) == 2
    await add_relation(town.pool, ming, author, "mute")
    assert len(await town.notifications_of(author)) == 2
    await add_relation(town.pool, ming, author, "block")
    assert (await town.notifications_of(author), await town.unread(author)) == ([], 0)


async def test_what_one_does_not_want_to_be_told_of_is_not_told(town: Town) -> None:
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    await change_notification_settings(town.pool, author, {"like": False, "reply": False})
    await town.like(post, ming)
    mine = await town.comment(author, post)
    await town.comment(ming, post, "答", mine)
    await town.comment(ming, post)
    assert [item.kind for item in await town.notifications_of(author)] == ["comment"]


async def test_an_erased_account_leaves_nothing_in_any_inbox(town: Town, keys: Keys) -> None:
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    await town.post(ming)
    await town.comment(ming, post)
    await town.like(post, ming)
    assert len(await town.notifications_of(author)) == 2
    await erasing.erase_row(town.pool, keys, ming)
    await erasing.erase_rest(town.pool, keys)
    assert await town.pool.fetchval("SELECT count(*) FROM inbox WHERE account_id = $1", author) == 0


async def test_nobody_is_told_of_people_or_things_that_he_has_turned_off(town: Town) -> None:
    author, muted, blocked, quiet = [await town.person(name) for name in ("作者", "静音", "屏蔽", "安静")]
    post, quiets = await town.post(author), await town.post(quiet)
    await add_relation(town.pool, author, muted, "mute")
    await change_notification_settings(town.pool, quiet, {"like": False, "comment": False})
    await town.like(post, muted, blocked)
    await town.like(quiets, author, muted, blocked)
    await town.comment(muted, post)
    first = await town.comment(author, quiets)
    await add_relation(town.pool, blocked, author, "block")
    assert await town.notifications_of(author) == []
    assert await town.notifications_of(quiet) == []
    await town.comment(quiet, quiets, "谢谢", to=first)
    assert [item.kind for item in await town.notifications_of(author)] == ["reply"]


async def test_counting_the_unread_ends_somewhere(town: Town) -> None:
    author = await town.person("作者")
    async with transaction(town.pool) as conn:
        await inbox.add_notifications(
            conn, [NewNotification(author, "system", "prize.codes", {}, f"k:{n}") for n in range(1_005)]
        )
    assert await town.unread(author) == 1_000
