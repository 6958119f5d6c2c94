"""Chapter: the deadline, blind marks of the jury, and the settlement by the worker."""

import asyncio
import time
from typing import Any

from rich.table import Table

from feed.demo.context import DemoContext
from feed.demo.participants import CHEAT, EDITOR, JUROR, WRITING_JUROR
from feed.demo.texts import BEST, CHEATS, MOMENTS, POPULAR

_SETTLE_SECONDS = 25.0


async def close(context: DemoContext) -> None:
    """Waits for the deadline of the database clock; later likes are shown and do not count."""
    output = context.output
    output.chapter("截止", "The deadline")
    output.check(
        context.seconds_left() > 0,
        "这台机器太慢：活动截止前没能演完",
        "this machine is too slow: the deadline came before the demo was ready for it",
    )
    await output.countdown(context.ends_at + 0.3, "距截止", "to the deadline")
    campaign = await context.anonymous.get(context.public_path)
    output.expect(
        campaign["state"] in ("closed", "judging"),
        "时间到。是否截止以数据库的时钟为准",
        "the time has come, by the clock of the database",
        found=campaign["state"],
    )
    post_id = context.posts[POPULAR]
    late = context["one phone 0"]
    before = len(context.tally.entered[post_id].likers)
    liked = await late.put(f"/v1/posts/{post_id}/like")
    await late.post(f"/v1/posts/{post_id}/comments", {"text": context.script.late_comment})
    await context["second self"].post("/v1/posts", {"text": context.script.text(context.script.late_post)})
    output.expect(
        liked["like_count"] == before + 1,
        "迟到的赞、评论和新动态照常显示，但不再计入活动（稍后在计分表里核对）",
        "a late like, comment and post are shown as ever, and will not count (checked below in the sheet)",
        found=liked,
    )


async def mark(context: DemoContext) -> None:
    """An editor shortlists entries; two jurors mark them without seeing each other's marks."""
    output, editor = context.output, context[EDITOR]
    output.chapter("评委打分", "The jury marks")
    shortlist = [moment for moment in MOMENTS if moment.marks]
    await asyncio.gather(
        *(editor.put(f"{context.admin_path}/entries/{context.posts[moment.key]}/shortlist") for moment in shortlist)
    )

    async def give(juror: str, post_id: str, score: int) -> None:
        await context[juror].put(f"{context.admin_path}/entries/{post_id}/mark", {"score": score})
        context.tally.entered[post_id].marks[juror] = score

    marks = [
        (juror, context.posts[moment.key], score)
        for moment in shortlist
        for juror, score in zip((JUROR, WRITING_JUROR), moment.marks or (), strict=True)
    ]
    # The last entry is marked last: a settlement that comes due before waits for its marks.
    await asyncio.gather(*(give(*each) for each in marks[:-2]))
    await asyncio.gather(*(give(*each) for each in marks[-2:]))
    stranger = await context[CHEAT].ask(
        "PUT", f"{context.admin_path}/entries/{context.posts[CHEATS]}/mark", {"score": 100}
    )
    output.expect(
        stranger.status == 403,
        f"{editor.name}选出 {len(shortlist)} 篇入围，评委{context[JUROR].name}、{context[WRITING_JUROR].name}各自打分；{context[CHEAT].name}想给自己打 100 分，被拒绝",
        f"{editor.name} shortlists {len(shortlist)} entries, two jurors mark them; the cheat's own 100 is refused",
        found=stranger,
    )
    _show_marks(context)
    board = await context.anonymous.get(f"{context.public_path}/leaderboard?limit=5")
    output.expect(
        board["provisional"] is True and all(item["parts"]["quality"] is None for item in board["items"]),
        "评定之前，公开榜单不透露质量分",
        "until the settlement the public board shows no quality",
        found=board["items"][:1],
    )


def _show_marks(context: DemoContext) -> None:
    words = context.output.words
    table = Table(box=None, pad_edge=False)
    for name in (
        words("作者", "author"),
        words("入围作品", "shortlisted"),
        context[JUROR].name,
        context[WRITING_JUROR].name,
    ):
        table.add_column(name, no_wrap=True)
    for moment in MOMENTS:
        if moment.marks:
            text = context.excerpt(context.texts[context.posts[moment.key]], beside=40)
            table.add_row(context[moment.author].name, text, *(str(score) for score in moment.marks))
    context.output.show(table)


async def settle(context: DemoContext) -> dict[str, Any]:
    """Waits until the worker has settled. Returns the campaign as editors see it."""
    output, editor = context.output, context[EDITOR]
    output.chapter("后台自动评定", "The worker settles by itself")
    await output.countdown(context.settle_at, "距评定时刻", "to the settlement")
    campaign: dict[str, Any] = {}

    async def decided() -> bool:
        campaign.update(await editor.get(context.admin_path))
        return bool(campaign["state"] == "decided")

    began = time.monotonic()
    in_time = await context.eventually(decided, _SETTLE_SECONDS)
    output.expect(
        in_time,
        f"到点 {time.monotonic() - began:.1f} 秒后结果已定：无需人工操作",
        f"decided {time.monotonic() - began:.1f} seconds after the set time, by itself",
        found={name: campaign.get(name) for name in ("state", "blocked_by")},
    )
    hidden = await context.anonymous.ask("GET", f"{context.public_path}/result")
    output.expect(hidden.status == 404, "公布之前，外人看不到结果（404）", "before the announcement the result is not public (404)", found=hidden)  # fmt: skip
    refused = await editor.ask("PUT", f"{context.admin_path}/entries/{context.posts[BEST]}/mark", {"score": 0})
    output.check(
        refused.status in (403, 409), "评定后不能再改分", "no mark changes after the settlement", found=refused
    )
    return campaign
