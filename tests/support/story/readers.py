"""September: readers sign in, post, like and comment."""

from typing import NamedTuple

import msgspec

from feed.accounts.model import AccountId
from feed.curation.trends import count_trends
from feed.exports.jobs import make_next_export
from feed.media.inputs import PART_BYTES
from feed.posts.media import release_ready_posts
from feed.sms.actions import open_recipient
from feed.sms.model import SendAttempt
from tests.support import make, make_media
from tests.support.media_files import announced
from tests.support.story.people import (
    AUTHOR,
    BEST_NAME,
    BEST_PHONE,
    BEST_TEXT,
    CHEAT,
    DRAW,
    EDITOR,
    FANS,
    FIFTH,
    FOURTH,
    OTHER_EDITOR,
    POPULAR,
    READER,
    REVIEWER,
    SPAMMER,
    TEXTS,
    THIRD,
    TOPIC,
)
from tests.support.story.stage import Person, Stage


class Readers(NamedTuple):
    """The author who signed in by phone, and the posts by their author."""

    best: Person
    posts: dict[Person, str]


async def sign_in(stage: Stage) -> Person:
    """The first sign-in of the best author, and what an account can set."""
    await stage.at("2026-09-03 20:00")
    await stage.call("get_challenge")
    await stage.call("request_code", None, {"phone": BEST_PHONE})
    row = await stage.pool.fetchrow(
        "SELECT id, purpose, once_key, sealed, created_at AS sending_at FROM messages ORDER BY id DESC LIMIT 1"
    )
    recipient = open_recipient(stage.keys, msgspec.convert(row, SendAttempt))
    assert recipient is not None
    tokens = await stage.call("exchange_code", None, {"phone": BEST_PHONE, "code": recipient.params["code"]})
    again = await stage.call("refresh", None, {"refresh_token": tokens["refresh_token"]})
    sub = await stage.pool.fetchval("SELECT sub FROM accounts WHERE id = $1", int(tokens["user"]["id"]))
    best = Person(sub, BEST_NAME, BEST_PHONE)
    profile = {"name": BEST_NAME, "bio": "退休教师，深圳书城义工。"}
    await stage.call("change_me", best, profile)
    await stage.call("get_me", best)
    await stage.call("change_settings", best, {"notify": {"likes": False}})
    await stage.call("protect_me", best, {"until": "2026-09-20T16:00:00Z"})
    await stage.call("get_settings", best)
    await stage.call("request_export", best)
    while (await stage.call("get_export", best, kept=False))["state"] == "preparing":
        await make_next_export(stage.pool, stage.keys)
    export = await stage.call("get_export", best)
    await stage.call("download_export", best, export_id=export["id"])
    await stage.call("issue_web_ticket", best, {"path": "/me"})
    (session,) = (await stage.call("list_sessions", best, limit=20))["items"]
    await stage.call("end_session", best, session_id=session["id"])
    await stage.call("delete_me", best)
    await stage.call("restore_me", best)
    await stage.call("end_protection", best)
    await stage.call("sign_out", None, {"refresh_token": again["refresh_token"]}, everywhere=False)
    return best


async def take_part(stage: Stage, campaign: str) -> Readers:
    """Posts with the topic, and what readers do with them."""
    best = await sign_in(stage)
    await stage.at("2026-09-03 20:15")
    new = {"text": BEST_TEXT, "location": {"name": "深圳书城中心城", "lat": 22.5446, "lng": 114.0594}}
    post = await stage.call("publish_post", best, new)
    posts = {best: post["id"]}
    await stage.call("edit_post", best, {"text": BEST_TEXT.replace("打烊", "书城打烊")}, post_id=post["id"])
    await _upload(stage, best)
    blurred = (await stage.call("publish_post", READER, {"text": "随手拍，书桌一角，有点糊。"}))["id"]
    for number, (author, text) in enumerate(TEXTS.items()):
        await stage.at(f"2026-09-0{4 + number // 3} {10 + number}:30")
        posts[author] = (await stage.call("publish_post", author, {"text": text}))["id"]

    await _talk(stage, best, posts)
    await _engage(stage, posts)
    await _read(stage, best, posts, campaign, blurred)
    await stage.call("delete_post", READER, post_id=blurred)
    return Readers(best, posts)


async def _upload(stage: Stage, author: Person) -> None:
    """A photo in one request, and a video in parts, of which the last one is lost at first."""
    photo = await stage.call("upload_media", author, {"file": "书桌.png", "kind": "image", "alt": "窗边的书桌"})
    await stage.call("change_media", author, {"alt": "窗边的书桌，摊开一本书"}, media_id=photo["id"])
    text = {"text": "窗边的书桌，下午三点的光。", "media_ids": [photo["id"]]}
    post = await stage.call("publish_post", author, text, example="with a photo")
    await make_media.make_ready(stage.pool, int(photo["id"]))
    await release_ready_posts(stage.pool, [int(photo["id"])])
    await stage.call("get_post", READER, post_id=post["id"], example="with a photo")
    portrait = await stage.call("upload_media", author, {"file": "头像.png", "kind": "image"}, kept=False)
    await make_media.make_ready(stage.pool, int(portrait["id"]))
    await stage.call("change_me", author, {"avatar_media_id": portrait["id"]}, kept=False)
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".ljust(PART_BYTES + 700_000, b"\0")
    begun = await stage.call("begin_upload", author, announced(video, alt="书城一角", cover_ms=1500))
    id_ = begun["media"]["id"]
    key = await stage.pool.fetchval("SELECT key FROM media WHERE id = $1", int(id_))
    storage = stage.app_state.storage
    await storage.put(f"incoming/{key}/1", video[:PART_BYTES], content_type="video/mp4")
    await stage.call("get_media", author, media_id=id_)
    await storage.put(f"incoming/{key}/2", video[PART_BYTES:], content_type="video/mp4")
    arrived = [await storage.find(f"incoming/{key}/{number}") for number in (1, 2)]
    parts = [{"number": number, "etag": each.etag} for number, each in enumerate(arrived, 1) if each is not None]
    await stage.call("complete_upload", author, {"parts": parts}, media_id=id_)
    await make_media.medium(stage.pool, await stage.pool.fetchval("SELECT id FROM accounts WHERE sub = $1", author.sub))
    await stage.call("list_my_media", author, limit=2)
    await stage.call("delete_media", author, media_id=id_)


async def _talk(stage: Stage, best: Person, posts: dict[Person, str]) -> None:
    post = posts[best]
    await stage.at("2026-09-06 21:00")
    said = await stage.call("add_comment", AUTHOR, {"text": "有画面感，像就坐在旁边。"}, post_id=post)
    replied = await stage.call(
        "add_comment", best, {"text": "下次一起去书城！", "reply_to_id": said["id"]}, post_id=post
    )
    await stage.call("add_comment", READER, {"text": "看得眼眶一热。"}, post_id=post)
    await stage.call("add_comment", THIRD, {"text": "想起了我的外婆。"}, post_id=post)
    await stage.call("like_comment", READER, comment_id=said["id"])
    shown = (await stage.call("list_comments", READER, post_id=post, sort="hot", limit=2))["items"]
    await stage.call("list_replies", READER, comment_id=said["id"], limit=2)
    await stage.call("get_comment", READER, comment_id=replied["id"])
    await stage.call("edit_comment", AUTHOR, {"text": "有画面感，就像坐在旁边听。"}, comment_id=said["id"])
    await stage.call("feature_comment", best, comment_id=said["id"])
    await stage.call("end_featuring", best, comment_id=said["id"])
    await stage.call("hide_comment", best, comment_id=said["id"])
    await stage.call("show_comment", best, comment_id=said["id"])
    await stage.call("unlike_comment", READER, comment_id=said["id"])
    assert replied["reply_to"]["id"] == said["id"]
    last = next(each for each in shown if each["author"]["name"] in (READER.name, THIRD.name))
    by = READER if last["author"]["name"] == READER.name else THIRD
    await stage.call("delete_comment", by, comment_id=last["id"])
    await stage.call("like_post", READER, post_id=post)
    await stage.call("unlike_post", READER, post_id=posts[FIFTH])
    await stage.call("like_post", AUTHOR, post_id=post)


# Likes and commenters of the posts in the campaign; that of the author who signed in by phone comes first.
_BEST_COUNTS = (38, 14)
_COUNTS = {
    AUTHOR: (52, 18),
    THIRD: (30, 9),
    FOURTH: (34, 11),
    FIFTH: (22, 6),
    POPULAR: (92, 21),
    CHEAT: (12, 0),
    SPAMMER: (0, 0),
}


async def _engage(stage: Stage, posts: dict[Person, str]) -> None:
    """Likes and comments of other readers. The same ones like the posts of two authors, which the fairness report finds."""
    at = stage.clock() - make.HOUR
    fans: dict[Person, list[AccountId]] = {}
    for author, post in posts.items():
        likes, comments = _COUNTS.get(author, _BEST_COUNTS)
        fans[author] = fans.get(FIFTH, [])[:18] if author == FOURTH else []
        for number in range(likes):
            if number == len(fans[author]):
                fan = await make.person(stage.pool)
                await stage.pool.execute("UPDATE accounts SET name = $2 WHERE id = $1", fan, FANS[number % len(FANS)])
                fans[author].append(fan)
            await make.like(stage.pool, int(post), fans[author][number], at=at)
            if number < comments:
                await make.comment(stage.pool, int(post), fans[author][number])


async def _read(stage: Stage, best: Person, posts: dict[Person, str], campaign: str, blurred: str) -> None:
    post, author = posts[best], (await stage.call("get_me", AUTHOR, kept=False))["id"]
    await stage.at("2026-09-07 12:00")
    await stage.call("get_post", READER, post_id=post)
    await stage.call("list_posts", READER, ids=f"{post},{blurred}")
    await stage.call("list_latest", READER, limit=2)
    await stage.call("count_new", READER, since_id=post)
    await stage.call("list_hot", READER, limit=2)
    await stage.call("list_videos", READER, limit=2)
    await stage.call("list_likers", best, post_id=post, limit=2)
    await count_trends(stage.pool)
    await stage.call("list_topics", READER, q="爱", sort="trending", limit=2)
    await stage.call("read_topic", READER, name=TOPIC)
    await stage.call("list_topic_posts", READER, name=TOPIC, sort="hot", limit=2)
    await stage.call("get_user", READER, user_id=author)
    await stage.call("list_user_posts", READER, user_id=author, limit=1)
    spammer = (await stage.call("get_me", SPAMMER, kept=False))["id"]
    await stage.call("block_user", READER, user_id=spammer)
    await stage.call("get_relation", READER, user_id=spammer)
    await stage.call("mute_user", READER, user_id=spammer)
    await stage.call("list_blocks", READER, limit=1)
    await stage.call("unmute_user", READER, user_id=spammer)
    await stage.call("unblock_user", READER, user_id=spammer)
    await stage.call("list_campaigns", READER, state="open", topic=DRAW["topic"], mine=False, ended=False, limit=2)
    await stage.call("get_campaign", READER, campaign_id=campaign)
    await stage.call("get_rules", READER, campaign_id=campaign, version=1)
    await stage.call("list_campaign_posts", READER, campaign_id=campaign, sort="hot", limit=2)
    await stage.call("get_leaderboard", READER, campaign_id=campaign, limit=2)
    action = {"action": "boost", "reason": "读书月重点推荐", "until": "2026-09-08T16:00:00Z"}
    await stage.call("put_hot_action", EDITOR, action, post_id=post)
    await stage.call("explain_hot", OTHER_EDITOR, post_id=post)
    await stage.call("list_hot_actions", OTHER_EDITOR)
    await stage.call("end_hot_action", EDITOR, post_id=post)
    await stage.call("read_topic", READER, kept=False, name=TOPIC)
    await stage.call("list_cases", REVIEWER, kind="post", stage=1, state="open", has_media=False, limit=2)
    await stage.call("list_cases", REVIEWER, topic=TOPIC, campaign_id=campaign, limit=1)
