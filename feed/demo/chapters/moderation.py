"""Chapter: attempts to cheat, and reviewers who clear the queue."""

import asyncio
from typing import Any

from feed.demo.chapters.media import check_gone, photo_of
from feed.demo.context import DemoContext
from feed.demo.participants import CHEAT, COLLEAGUE, JUROR, PHONES_OF_ONE, REVIEWER, SPAMMER, UNVERIFIED
from feed.demo.texts import BEST, CHEATS, REMOVED, RESTORED

# Verdicts other than an approval: the subject's id, the verdict, the reason.
Verdicts = dict[str, tuple[str, str]]

_REASON_WORDS = {
    "own": ("本人点的", "own"),
    "not_verified": ("没有验证手机", "no verified phone"),
    "staff": ("工作人员", "staff"),
    "same_person": ("同一部手机", "same phone"),
    # Reasons with fewer than ten: they would tell the author about single accounts.
    "other": ("不计入（不足十人的原因合并）", "not counted (reasons of fewer than ten people together)"),
}


async def cheat(context: DemoContext) -> None:
    """Tries several ways to cheat on one post and checks what its author gets to see."""
    output, post_id = context.output, context.posts[CHEATS]
    output.chapter("作弊者", "Those who cheat")
    entry = context.tally.entered[post_id]
    tricks = [
        CHEAT,
        "second self",
        *(f"one phone {i}" for i in range(PHONES_OF_ONE)),
        *(f"unverified {i}" for i in range(UNVERIFIED)),
        COLLEAGUE,
        JUROR,
    ]
    await asyncio.gather(*(context[key].put(f"/v1/posts/{post_id}/like") for key in tricks))
    entry.likers |= set(tricks)
    for key in (CHEAT, "one phone 0", "one phone 1"):
        comment = await context[key].post(f"/v1/posts/{post_id}/comments", {"text": context.script.praise})
        entry.commenters[comment["id"]] = key
    spam = await context[SPAMMER].post(f"/v1/posts/{context.posts[BEST]}/comments", {"text": context.script.spam})
    context.tally.entered[context.posts[BEST]].commenters[spam["id"]] = SPAMMER
    output.say(
        f"{context[CHEAT].name}给自己点赞，又用小号点赞；一部手机注册 {PHONES_OF_ONE} 个号来点；{UNVERIFIED} 个没验证手机的号、"
        "一位编辑部同事、一位评委也点了。",
        f"An author likes the own post, and again with a second account; one phone likes with {PHONES_OF_ONE} accounts; "
        f"{UNVERIFIED} accounts without a phone, a colleague of the newsroom and a juror like it too.",
    )
    mine = await context[CHEAT].get(f"{context.public_path}/me")
    own = next(item for item in mine["entries"] if item["post_id"] == post_id)
    output.expect(
        (own["likes_shown"], own["likes_counted"]) == (len(tricks), 1),
        f"页面上显示 {own['likes_shown']} 个赞，[bold]只计 {own['likes_counted']} 个[/]。作者自己看得到：{_reasons(context, own)}",
        f"{own['likes_shown']} likes are shown, [bold]{own['likes_counted']} counts[/]; the author sees: {_reasons(context, own)}",
        found=own,
    )
    output.expect(own["commenters_counted"] == 1, "3 条评论、2 部手机，其中 1 部是作者本人：计 1 人", "3 comments from 2 phones, one of them the author's: 1 counts", found=own)  # fmt: skip
    context.spam_id = spam["id"]


def _reasons(context: DemoContext, own: dict[str, Any]) -> str:
    counts: dict[str, int] = {}
    for item in own["excluded"]:
        if item.get("kind", "like") == "like":
            counts[item["reason_code"]] = counts.get(item["reason_code"], 0) + item["count"]
    named = ((_REASON_WORDS.get(code, (code, code)), count) for code, count in counts.items())
    return context.output.words("，", ", ").join(f"{context.output.words(*words)} {count}" for words, count in named)


async def review(context: DemoContext) -> None:
    """Clears the queue: one post and one comment are removed, another post is removed and restored."""
    output, reviewer = context.output, context[REVIEWER]
    output.chapter("审核", "Review")
    verdicts: Verdicts = {
        context.posts[REMOVED]: ("remove", "spam"),
        context.posts[RESTORED]: ("remove", "violence"),
        context.spam_id: ("remove", "spam"),
    }
    photo = await photo_of(context, REMOVED)
    looked_at = await _clear_queue(context, verdicts)
    output.say(
        f"{reviewer.name}逐条看完了 {looked_at} 个待审对象（先发后审），移除一条代写广告、一条引流评论，还有一条书评……",
        f"{reviewer.name} looks at {looked_at} posts and comments (published first), and removes an advertisement, a spam comment, and a book review …",
    )
    context.tally.entered[context.posts[REMOVED]].competes = False
    del context.tally.entered[context.posts[BEST]].commenters[context.spam_id]
    for moment in (REMOVED, RESTORED):
        gone = await context.anonymous.ask("GET", f"/v1/posts/{context.posts[moment]}")
        output.check(gone.status == 404, "被移除的动态看不到", "a removed post is invisible", found=gone)
    await check_gone(context, photo)
    output.expect(
        await context.eventually(lambda: _off_the_board(context, REMOVED, RESTORED), 3),
        "移除的动态立刻从所有列表和榜单上消失，照片的地址同时失效",
        "what was removed is gone from every list and from the board, and its photo with it",
    )
    await _restore(context)


async def _clear_queue(context: DemoContext, verdicts: Verdicts) -> int:
    reviewer = context[REVIEWER]
    looked_at = 0
    with context.output.progress("审核队列", "review queue") as steps:

        async def judge(case: dict[str, Any]) -> None:
            verdict, reason = verdicts.get(case["subject"]["id"], ("approve", "fine"))
            body = {"verdict": verdict, "reason_code": reason, "version": case["version"]}
            await reviewer.post(f"/v1/moderation/cases/{case['id']}/verdict", body)
            steps.step()

        while True:
            leased = await reviewer.post("/v1/moderation/cases/lease", {"count": 50})
            if not leased["items"]:
                return looked_at
            looked_at += len(leased["items"])
            steps.add(len(leased["items"]))
            await asyncio.gather(*(judge(case) for case in leased["items"]))


async def _off_the_board(context: DemoContext, *moments: str) -> bool:
    gone = {context.posts[moment] for moment in moments}
    board = await context.anonymous.get(f"{context.public_path}/leaderboard?limit=50")
    listed = await context.anonymous.get("/v1/feeds/latest?limit=50")
    seen = {item["post"]["id"] for item in board["items"]} | {post["id"] for post in listed["items"]}
    return not gone & seen


async def _restore(context: DemoContext) -> None:
    """Another reviewer restores the removed post."""
    post_id, colleague = context.posts[RESTORED], context[COLLEAGUE]
    page = await colleague.get("/v1/moderation/cases?state=closed&kind=post&limit=50")
    case = None
    while case is None:
        case = next((case for case in page["items"] if case["subject"]["id"] == post_id), None)
        if case is None:
            context.output.check(page["next_cursor"] is not None, "找得到已结的审核单", "the closed case is found")
            page = await colleague.get(
                f"/v1/moderation/cases?state=closed&kind=post&limit=50&cursor={page['next_cursor']}"
            )
    body = {"verdict": "restore", "reason_code": "mistaken", "version": case["version"]}
    stale = await colleague.ask("POST", f"/v1/moderation/cases/{case['id']}/verdict", {**body, "version": 0})
    context.output.check(stale.status in (409, 422), "过时的判定被拒绝", "a stale verdict is refused", found=stale)
    await colleague.post(f"/v1/moderation/cases/{case['id']}/verdict", body)
    post = await context.anonymous.get(f"/v1/posts/{post_id}")
    context.output.expect(
        post["like_count"] == len(context.tally.entered[post_id].likers),
        f"{colleague.name}复核：书名吓人，内容没问题，恢复。原有的 {post['like_count']} 个赞都在",
        f"{colleague.name} has read more than the title and restores it, with all its {post['like_count']} likes",
        found=post,
    )
