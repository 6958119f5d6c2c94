"""Chapter: hundreds of likes and comments with a live leaderboard, while the server is killed once."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from feed.demo.context import DemoContext
from feed.demo.output import Board, Place
from feed.demo.participants import readers_who_engage
from feed.demo.texts import MOMENTS

Act = Callable[[], Awaitable[None]]

_AT_ONCE = 16
_TOP = 10
_KILL_AFTER = 0.45


async def like_and_comment(context: DemoContext) -> None:
    """Sends all likes and comments, spread over the time to the deadline, and shows the leaderboard."""
    output = context.output
    output.chapter("点赞与评论", "Likes and comments")
    acts = _plan(context)
    output.say(
        f"{len(acts)} 次点赞与评论涌来，榜单实时变化；中途我们会用 kill -9 强杀 API 进程。",
        f"{len(acts)} likes and comments arrive and the board moves; halfway we kill the API process with kill -9.",
    )
    done = asyncio.Event()
    async with output.board(
        output.words(
            "实时榜单（只含点赞分和评论分，质量分尚未公布）", "live board (engagement only, quality is secret)"
        )
    ) as board:
        watching = asyncio.create_task(_watch(context, board, done))
        try:
            await _perform(context, acts)
        finally:
            done.set()
            await watching
        await _look(context, board)
    board.keep()
    await _like_twice_or_unlike(context)
    await _check_counts(context)


def _plan(context: DemoContext) -> list[Act]:
    """Who likes and comments which post: the same in each run, a few posts get much, most get little."""
    chance = random.Random(20260920)  # noqa: S311 (the same plan in each run)
    pool = readers_who_engage()
    acts: list[Act] = []
    for moment in MOMENTS:
        post_id = context.posts[moment.key]
        if not context.tally.entered[post_id].competes:
            continue
        others = [key for key in pool if key != moment.author]
        acts += [_like(context, key, post_id) for key in chance.sample(others, moment.likes)]
        remarks = chance.sample(context.script.remarks, moment.commenters)
        for key, remark in zip(chance.sample(others, moment.commenters), remarks, strict=True):
            acts.append(_comment(context, key, post_id, remark))
    chance.shuffle(acts)
    return acts


def _like(context: DemoContext, key: str, post_id: str) -> Act:
    async def act() -> None:
        await context[key].put(f"/v1/posts/{post_id}/like")
        # Acknowledged: it must not be lost from here on.
        context.tally.entered[post_id].likers.add(key)

    return act


def _comment(context: DemoContext, key: str, post_id: str, text: str) -> Act:
    async def act() -> None:
        commenters = context.tally.entered[post_id].commenters
        # Every fourth comment is a reply.
        reply_to = next(iter(commenters)) if len(commenters) % 4 == 3 else None
        comment = await context[key].post(f"/v1/posts/{post_id}/comments", {"text": text, "reply_to_id": reply_to})
        commenters[comment["id"]] = key

    return act


def _still_to_do(context: DemoContext) -> float:
    """Seconds to reserve for the steps between the last like and the deadline, from the speed measured so far."""
    return 3 + 3 * context.arrival_seconds


async def _perform(context: DemoContext, acts: list[Act]) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)
    began = time.monotonic()
    duration = max(3.0, context.seconds_left() - _still_to_do(context))
    kill_at = int(len(acts) * _KILL_AFTER)

    async def perform(act: Act) -> None:
        async with turn:
            await act()

    async with asyncio.TaskGroup() as group:
        for number, act in enumerate(acts):
            await asyncio.sleep(max(0.0, began + duration * number / len(acts) - time.monotonic()))
            group.create_task(perform(act))
            if number == kill_at:
                context.kill_api()


async def _watch(context: DemoContext, board: Board, done: asyncio.Event) -> None:
    while not done.is_set():
        await _look(context, board)
        try:
            async with asyncio.timeout(0.4):
                await done.wait()
        except TimeoutError:
            pass


async def _look(context: DemoContext, board: Board) -> None:
    page = await context.anonymous.get(f"{context.public_path}/leaderboard?limit={_TOP}")
    places = [Place(item, context.excerpt(item["post"]["text"], beside=52)) for item in page["items"]]
    total = sum(len(entry.likers) + len(entry.commenters) for entry in context.tally.entered.values())
    left = max(0.0, context.seconds_left())
    board.update(
        places,
        context.output.words(
            f"已确认 {total} 次互动 · 被打断后重试 {context.line.interrupted} 次 · 距截止 {left:.0f} 秒",
            f"{total} acknowledged · {context.line.interrupted} interrupted and sent again · {left:.0f} s to the deadline",
        ),
    )


async def _like_twice_or_unlike(context: DemoContext) -> None:
    """Some users like twice, some unlike."""
    posts = [post_id for post_id, entry in context.tally.entered.items() if len(entry.likers) >= 10]
    twice = [(post_id, min(context.tally.entered[post_id].likers)) for post_id in posts[:10]]
    answers = await asyncio.gather(*(context[key].put(f"/v1/posts/{post_id}/like") for post_id, key in twice))
    context.output.expect(
        all(
            answer == {"liked": True, "like_count": len(context.tally.entered[post_id].likers)}
            for (post_id, _), answer in zip(twice, answers, strict=True)
        ),
        f"{len(twice)} 个人手快又点了一次：仍是一个赞",
        f"{len(twice)} people tap twice: still one like each",
        found=answers,
    )
    back = [(post_id, max(context.tally.entered[post_id].likers)) for post_id in posts[:6]]
    for post_id, key in back:
        answer = await context[key].delete(f"/v1/posts/{post_id}/like")
        context.tally.entered[post_id].likers.discard(key)
        context.output.check(not answer["liked"], "取消点赞", "an unlike", found=answer)
    context.output.say(f"{len(back)} 个人取消了点赞。", f"{len(back)} people take their like back.")


async def _check_counts(context: DemoContext) -> None:
    """Checks that every acknowledged like and comment is counted exactly once."""
    likes = comments = 0
    for post_id, entry in context.tally.entered.items():
        if not entry.competes:
            continue
        found = await _counts(context, post_id)
        context.output.check(
            found == (len(entry.likers), len(entry.commenters)),
            f"动态 {context.moments[post_id]} 的赞与评论和确认过的一致",
            f"likes and comments of {context.moments[post_id]} are those that were acknowledged",
            found=f"{found}, {(len(entry.likers), len(entry.commenters))}",
        )
        likes, comments = likes + found[0], comments + found[1]
    context.output.expect(
        context.line.interrupted > 0,
        f"API 被强杀后自动重启：{context.line.interrupted} 个请求被打断并重发；确认过的 {likes} 个赞、{comments} 条评论一个不少、一个不多",
        f"the API was killed and came back: {context.line.interrupted} requests were interrupted and sent again; "
        f"of {likes} acknowledged likes and {comments} comments none is lost, none is double",
    )


async def _counts(context: DemoContext, post_id: str) -> tuple[int, int]:
    """The public counts, read until they match or seconds have passed."""
    entry = context.tally.entered[post_id]
    found = (-1, -1)

    async def agree() -> bool:
        nonlocal found
        post = await context.anonymous.get(f"/v1/posts/{post_id}")
        found = (post["like_count"], post["comment_count"])
        return found == (len(entry.likers), len(entry.commenters))

    await context.eventually(agree, 3)
    return found
