"""Texts and recipients of notifications: pure."""

from datetime import UTC, datetime, timedelta

import msgspec

from feed.inbox.model import NewNotification
from feed.notifications.model import CommentEvent, Group, Liker, comment_notifications, is_news, likes_notification
from feed.screens.notices.render import render
from feed.screens.notices.template import Words

NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)
GROUP = Group(
    post_id=7, author_id=1, like_count=3, notified_count=3, notified_until=NOON, author_erased=False
)  # Notified of three likes until noon.
COMMENT = CommentEvent(7, 70, 5, "小红", "真好", post_author_id=1, answered_author_id=None)


def liker(account_id: int, name: str, *, after: int = 0, liked_before: bool = False) -> Liker:
    return Liker(7, account_id, name, NOON + timedelta(seconds=after), erased=False, liked_before=liked_before)


def words(notification: NewNotification, language: str = "zh-CN") -> Words:
    return render(notification.template, notification.params, language)


def test_one_is_named_and_many_are_counted() -> None:
    some = [liker(2, "小明"), liker(3, "小红"), liker(4, "小刚"), liker(5, "小李")]
    assert words(likes_notification(GROUP, some[:1], 1)).title == "“小明”赞了你的动态"
    many = likes_notification(GROUP, some, 12)
    assert words(many) == Words("“小明”等12人赞了你的动态", "“小明”、“小红”、“小刚”等12人")
    assert words(many, "en") == Words(
        "“小明” and 11 others liked your post", "“小明”, “小红”, “小刚” and others, 12 people in all"
    )
    both = words(likes_notification(GROUP, some[:2], 2))
    assert both == Words("“小明”等2人赞了你的动态", "“小明”、“小红”")
    assert (many.subject["count"], many.subject["user_ids"]) == (12, ["2", "3", "4"])
    assert words(likes_notification(GROUP, [], 2)).title == "2人赞了你的动态"


def test_a_name_is_in_quotes_that_it_cannot_end() -> None:
    name = "小\u202e明\n”已中奖，“点此"
    like = words(likes_notification(GROUP, [liker(2, name)], 1))
    assert like == Words("“小明 ’已中奖，‘点此”赞了你的动态", "“小明 ’已中奖，‘点此”")
    [comment] = comment_notifications(msgspec.structs.replace(COMMENT, actor_name=name))
    assert words(comment).title == "“小明 ’已中奖，‘点此”评论了你的动态"


def test_a_new_like_is_news_and_a_repeated_one_is_not() -> None:
    assert is_news(GROUP, [liker(2, "小明", after=1)])
    assert not is_news(GROUP, [liker(2, "小明", after=1, liked_before=True)])
    assert not is_news(GROUP, [liker(2, "小明", after=-1)])
    # Committed late with an early time: the count shows it.
    assert is_news(msgspec.structs.replace(GROUP, like_count=4), [liker(2, "小明", after=-1)])


def test_a_comment_tells_the_author_and_a_reply_two_people() -> None:
    assert [(each.account_id, each.kind) for each in comment_notifications(COMMENT)] == [(1, "comment")]
    reply = msgspec.structs.replace(COMMENT, answered_author_id=2)
    assert [(each.account_id, each.kind) for each in comment_notifications(reply)] == [(1, "comment"), (2, "reply")]


def test_nobody_is_told_twice_nor_of_his_own() -> None:
    same = msgspec.structs.replace(COMMENT, answered_author_id=1)
    assert [(each.account_id, each.kind) for each in comment_notifications(same)] == [(1, "reply")]
    assert comment_notifications(msgspec.structs.replace(COMMENT, actor_id=1)) == []
    own_answer = msgspec.structs.replace(COMMENT, answered_author_id=5)
    assert [(each.account_id, each.kind) for each in comment_notifications(own_answer)] == [(1, "comment")]
    assert comment_notifications(msgspec.structs.replace(COMMENT, post_author_id=None)) == []
