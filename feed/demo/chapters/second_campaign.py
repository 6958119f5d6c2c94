"""After the demo, for people who look around: a second campaign that stays open for a week, with photos, likes, comments and reports."""

import asyncio
import time
import uuid
from typing import Any

from feed.campaigns.prize_kinds import GOODS
from feed.demo.chapters.campaign import sign
from feed.demo.context import DemoContext, wire_time
from feed.demo.expectations import CAPS, WEIGHTS
from feed.demo.output import Unexpected
from feed.demo.participants import EDITOR
from feed.demo.pictures.camera import take_photo

_DAYS = 7
_PATIENCE_SECONDS = 60.0
# Readers of each post who like it, in the order of the posts, and how many of them comment.
_LIKES = (31, 24, 17, 12, 8)
_COMMENTS = (6, 4, 3, 2, 2)
_COVER, _PRIZE = "night", "box"


async def open_second_campaign(context: DemoContext) -> str:
    """Publishes the campaign and its posts, and reports one of them. Returns the id of the campaign."""
    output, script, editor = context.output, context.script, context[EDITOR]
    output.chapter("社区继续", "The community goes on")
    cover, prize = await asyncio.gather(_photo(context, EDITOR, _COVER), _photo(context, EDITOR, _PRIZE))
    draft = await editor.post("/v1/admin/campaigns", _terms(context, cover, prize))
    await sign(context, draft["id"])
    await editor.post(f"/v1/admin/campaigns/{draft['id']}/publish")
    posts = await asyncio.gather(*(_post(context, key) for key in script.second_moments))
    readers = [key for key in context.people if key not in script.second_moments and context[key].phone]
    with output.progress("点赞和评论", "likes and comments", len(posts)) as steps:
        for number, post_id in enumerate(posts):
            await _engage(context, post_id, readers, number)
            steps.step()
    reported = context[readers[0]]
    await reported.post(
        "/v1/reports", {"target": {"kind": "post", "id": posts[-1]}, "reason_code": "spam", "note": script.other_text}
    )
    output.say(
        f"第二个活动 #{script.second_topic}# 开放 {_DAYS} 天：{len(posts)} 条带照片的动态已参加，审核队列里有新内容和一条举报。",
        f"A second campaign, #{script.second_topic}#, is open for {_DAYS} days: {len(posts)} posts with photos have entered, and the queue holds them and a report.",
    )
    return str(draft["id"])


def _terms(context: DemoContext, cover: str, prize: str) -> dict[str, object]:
    script, now = context.script, int(time.time())
    return {
        "title": script.second_title,
        "topic": script.second_topic,
        "body": script.second_body,
        "cover_media_id": cover,
        "starts_at": wire_time(now - 1),
        "ends_at": wire_time(now + _DAYS * 86_400),
        "method": "ranked",
        "winner_count": 3,
        "reserve_count": 2,
        "prizes": [
            {"name": script.box, "kind": GOODS.name, "per_winner": 1, "value_cny": "199", "image_media_id": prize}
        ],
        "weights": WEIGHTS,
        "caps": CAPS,
        "tie_break": ["quality", "likes", "comments", "earliest"],
        "claim_days": 7,
        "unclaimed": "next_reserve",
        "objection_days": 3,
        "organiser": script.organiser,
        "contact": "0755-12345678",
        "board": "public",
    }


async def _photo(context: DemoContext, owner: str, scene: str) -> str:
    """The id of a new photo, when it is ready."""
    # Another picture than that of the same scene before.
    content = await asyncio.to_thread(take_photo, scene, 100 + len(scene))
    answer = await context[owner].upload(content, alt=context.script.alts[scene], key=uuid.uuid4().hex)
    if answer.status != 201:
        raise Unexpected(f"{scene}: {answer}")
    media_id: str = answer.body["id"]

    async def ready() -> bool:
        return bool((await context[owner].get(f"/v1/media/{media_id}"))["state"] == "ready")

    if not await context.eventually(ready, _PATIENCE_SECONDS):
        raise Unexpected(f"{scene}: {await context[owner].get(f'/v1/media/{media_id}')}")
    return media_id


async def _post(context: DemoContext, author: str) -> str:
    text, scenes = context.script.second_moments[author]
    media = await asyncio.gather(*(_photo(context, author, scene) for scene in scenes))
    post: dict[str, Any] = await context[author].post("/v1/posts", {"text": text, "media_ids": list(media)})
    return str(post["id"])


async def _engage(context: DemoContext, post_id: str, readers: list[str], number: int) -> None:
    # Each post has other readers.
    chosen = (readers * 2)[number * 7 :]
    for place, key in enumerate(chosen[: _LIKES[number % len(_LIKES)]]):
        await context[key].put(f"/v1/posts/{post_id}/like")
        if place < _COMMENTS[number % len(_COMMENTS)]:
            remark = context.script.remarks[(number * 5 + place) % len(context.script.remarks)]
            await context[key].post(f"/v1/posts/{post_id}/comments", {"text": remark})
