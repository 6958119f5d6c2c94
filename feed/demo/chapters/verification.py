"""Chapter: the arithmetic of each place, and the offline verification of the result."""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table

from feed.demo.chapters.campaign import RESERVES, WINNERS
from feed.demo.context import DemoContext
from feed.demo.expectations import CAPS, Arithmetic, arithmetic
from feed.demo.participants import WRITING_JUROR
from feed.demo.texts import CHEATS, JURORS_OWN, POPULAR, TWICE_B

RESULT, KEYS = "result.json", "feed-keys.json"


async def explain(context: DemoContext, result: dict[str, Any]) -> None:
    """Compares the sheet with the demo's own counts and shows how the winners follow from it."""
    output, tally = context.output, context.tally
    output.chapter("计分表：每一分从哪里来", "The sheet: where each point comes from")
    sheet = {row["post_id"]: row for row in result["sheet"]}
    for post_id, row in sheet.items():
        counted = tally.arithmetic(post_id)
        output.check(
            (Decimal(str(row["quality"])), row["likes_counted"], row["commenters_counted"], Decimal(row["score"]))
            == (counted.quality, counted.likes, counted.commenters, counted.score),
            f"计分表的一行和演示自己的账目一致（{context.moments.get(post_id)}）",
            f"a row of the sheet is what the story has counted itself ({context.moments.get(post_id)})",
            found=f"{row}\n{counted}",
        )
    able = {post_id for post_id in tally.entered if tally.may_win(post_id)}
    output.check(able <= set(sheet), "每件作品都在表里", "every entry is in the sheet", found=able - set(sheet))
    output.expect(
        all(post_id in tally.entered for post_id in sheet),
        f"计分表共 {len(sheet)} 行，逐行与演示自己记的账一致：迟到的、删除的、作弊的都没有混进来",
        f"the sheet has {len(sheet)} rows, each as the story has counted it: nothing late, removed or bought is in it",
        found=set(sheet) - set(tally.entered),
    )
    order = tally.order()
    places = [*(winner["post_id"] for winner in result["winners"]), *(line["post_id"] for line in result["reserves"])]
    output.expect(
        places == order[: WINNERS + RESERVES],
        f"{WINNERS} 名获奖者与 {RESERVES} 名候补，和独立重算的名次相同",
        f"{WINNERS} winners and {RESERVES} reserves, as counted independently",
        found=(places, order[: WINNERS + RESERVES]),
    )
    output.say(
        "[dim]每人限获奖一次：同一作者的另一篇作品只有名次，不占名额。[/]",
        "[dim]One prize per person: an author's second entry has a rank and no place.[/]",
    )
    for place, winner in enumerate(result["winners"], 1):
        _show_winner(context, place, winner)
    _show_others(context, sheet)


def _show_winner(context: DemoContext, place: int, winner: dict[str, Any]) -> None:
    output, post_id = context.output, winner["post_id"]
    counted = context.tally.arithmetic(post_id)
    author = context[context.tally.entered[post_id].author]
    text = context.excerpt(context.texts[post_id], beside=48)
    prizes = output.words("、", ", ").join(f"{prize['name']} ×{prize['per_winner']}" for prize in winner["prizes"])
    output.say("", "")
    output.say(
        f"[bold yellow]获奖第 {place} 位[/]（名次 {winner['rank']}）  [bold]{author.name}[/]  {text}",
        f"[bold yellow]place {place}[/] (rank {winner['rank']})  [bold]{author.name}[/]  {text}",
    )
    output.show(_sum(context, counted))
    output.say(f"[dim]{prizes}[/]", f"[dim]{prizes}[/]")


def _sum(context: DemoContext, counted: Arithmetic) -> Table:
    words = context.output.words
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column()
    table.add_column(justify="right", style="bold")
    quality, likes, comments = counted.parts
    table.add_row(words("质量", "quality"), f"50 × {counted.quality} / 100", f"{quality:.6f}")
    table.add_row(words("点赞", "likes"), f"30 × ln(1+{counted.likes}) / ln(1+{CAPS['likes']})", f"{likes:.6f}")
    table.add_row(
        words("评论", "comments"), f"20 × ln(1+{counted.commenters}) / ln(1+{CAPS['comments']})", f"{comments:.6f}"
    )
    table.add_row(words("合计", "sum"), "", f"[yellow]{counted.score}[/]")
    return table


def _show_others(context: DemoContext, sheet: dict[str, dict[str, Any]]) -> None:
    """Shows entries that did not win, with the reason."""
    output, tally = context.output, context.tally
    output.say("", "")
    popular = tally.arithmetic(context.posts[POPULAR])
    output.expect(
        context.posts[POPULAR] not in tally.order()[: WINNERS + RESERVES]
        and popular.likes == max(map(tally.likes, sheet)),
        f"赞最多的（{context.author(POPULAR).name}，{popular.likes} 赞）没有获奖：质量分只有 {popular.quality}",
        f"the most liked entry ({context.author(POPULAR).name}, {popular.likes}) has not won: its quality is {popular.quality}",
    )
    output.expect(
        context.posts[TWICE_B] not in tally.order()[:WINNERS],
        f"{context.author(TWICE_B).name}的第二篇也够获奖，但每人限获奖一次",
        f"the second post of {context.author(TWICE_B).name} scores high enough too: one prize per person",
    )
    juror = tally.arithmetic(context.posts[JURORS_OWN])
    output.expect(
        context.posts[JURORS_OWN] not in tally.order(),
        f"评委{context[WRITING_JUROR].name}自己的动态有 {juror.likes} 个赞，评委不能获奖",
        f"the juror's own post has {juror.likes} likes; jurors cannot win",
    )
    cheated = arithmetic(Decimal(0), len(tally.entered[context.posts[CHEATS]].likers), 2)
    output.say(
        f"{context.author(CHEATS).name}忙了半天，从“{cheated.score:.1f} 分”变成 {tally.arithmetic(context.posts[CHEATS]).score:.1f} 分。",
        f"All that cheating would have been worth {cheated.score:.1f} points, and is worth {tally.arithmetic(context.posts[CHEATS]).score:.1f}.",
    )


async def verify(context: DemoContext) -> Path:
    """Downloads the result, verifies it in another process, and checks that a changed copy fails."""
    output = context.output
    output.chapter("离线验证", "Verified offline")
    directory = context.data / "demo"
    directory.mkdir(exist_ok=True)
    result = await context.anonymous.get(f"{context.public_path}/result")
    keys = await context.anonymous.get("/.well-known/feed-keys.json")
    genuine, forged, published = directory / RESULT, directory / "forged.json", directory / KEYS
    genuine.write_bytes(msgspec.json.encode(result))
    published.write_bytes(msgspec.json.encode(keys))
    status, said = await _verify(genuine, published, output.language)
    output.expect(
        status == 0,
        f"feed verify {RESULT}：重算每一行、每个名次、签名，全部一致",
        f"feed verify {RESULT}: every row, every rank and the signature are right",
        found=said,
    )
    output.say(f"[dim]{said}[/]", f"[dim]{said}[/]")
    result["sheet"][-1]["likes_counted"] += 100
    forged.write_bytes(msgspec.json.encode(result))
    status, said = await _verify(forged, published, output.language)
    output.expect(
        status != 0,
        "把最后一行的点赞改多 100 个，再验一次：不通过",
        "100 likes added to the last row: refused",
        found=said,
    )
    output.say(f"[dim]{said}[/]", f"[dim]{said}[/]")
    forged.unlink()
    return genuine


async def _verify(result: Path, keys: Path, language: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "feed", "verify", str(result), "--key", str(keys), "--lang", language,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode().strip()
