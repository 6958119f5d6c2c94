"""Chapter: a campaign is drafted, rejected while fields are missing, completed and published; the rules text is generated."""

import asyncio
import re
import time
from typing import Any

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from feed.campaigns.prize_kinds import CODE, GOODS
from feed.demo.context import DemoContext, wire_time
from feed.demo.expectations import CAPS, WEIGHTS, worth
from feed.demo.line_breaks import folded
from feed.demo.output import Unexpected
from feed.demo.participants import EDITOR, REVIEWER, SIGNERS, STAFF
from feed.demo.texts import COVER, PRIZE

WINNERS, RESERVES = 3, 2
# The month card is the second prize of the rules.
CARD_NUMBER = 2
# A line of text longer than this is hard to read.
_PANEL_WIDEST = 100
# The sections of the rules text that are shown in full.
_SECTIONS_SHOWN = ("、活动时间", "、评选方式", "、奖品")
_HEADING = re.compile("[一二三四五六七八九十]+、")
# Seconds from the deadline to the settlement; ten is the minimum.
_GRACE_SECONDS = 11
_OPEN_SECONDS_MOST = 240.0


async def create_accounts(context: DemoContext) -> None:
    """Sends one request per participant: the first request of a token creates the account."""
    output = context.output
    output.chapter("参与者到齐", "The participants arrive")
    began = time.monotonic()
    with output.progress("读者打开读特 App", "readers open the app", len(context.people)) as steps:

        async def open_app(key: str) -> None:
            await context[key].get("/v1/feeds/latest?limit=5")
            steps.step()

        await asyncio.gather(*(open_app(key) for key in context.people))
    context.arrival_seconds = time.monotonic() - began
    output.say(
        f"编辑部 5 人、评委 2 人、市民 {len(context.people) - len(STAFF)} 人，各有一个令牌；验证过手机号的账号才计入人数。",
        f"A newsroom of 5, 2 jurors and {len(context.people) - len(STAFF)} citizens, each with a token; only accounts with a verified phone count as persons.",
    )


async def open_campaign(context: DemoContext) -> None:
    """Drafts the campaign, checks the errors for missing fields, completes and publishes it."""
    output, editor = context.output, context[EDITOR]
    topic = context.script.topic
    output.chapter(f"编辑发起活动 #{topic}#", f"An editor opens the campaign #{topic}#")
    draft = await editor.post("/v1/admin/campaigns", {"title": context.script.title, "topic": topic})
    context.campaign_id = draft["id"]
    output.say(
        f"{editor.name}先写了标题和话题就点“发布”……",
        f"{editor.name} fills in title and topic only, and presses “publish” …",
    )
    refused = await editor.ask("POST", f"{context.admin_path}/publish")
    missing = sorted({error["field"] for error in (refused.body or {}).get("errors", [])})
    output.expect(
        refused.status in (409, 422) and len(missing) >= 5,
        f"被拒绝（{refused.status} {refused.body['code']}）：还缺 {len(missing)} 项，一次说清：[dim]{'、'.join(missing)}[/]",
        f"refused ({refused.status} {refused.body['code']}): {len(missing)} fields are missing, all named at once: [dim]{', '.join(missing)}[/]",
        found=refused,
    )
    stranger = await context[REVIEWER].ask("POST", f"{context.admin_path}/publish")
    output.check(stranger.status == 403, "审核员不能发布活动", "a reviewer may not publish a campaign", found=stranger)
    _show_worth(context)
    # Whole seconds, as people write times.
    open_seconds = round(min(_OPEN_SECONDS_MOST, 20 + 7 * context.arrival_seconds + 0.5 * context.photo_seconds))
    now = float(round(time.time()))
    context.ends_at, context.settle_at = now + open_seconds, now + open_seconds + _GRACE_SECONDS
    await editor.patch(context.admin_path, _terms(context))
    await _sign(context)
    await editor.post(f"{context.admin_path}/publish")
    campaign = await context.anonymous.get(context.public_path)
    output.expect(
        campaign["state"] == "open", "补全后发布成功，活动立即开始", "completed, published, open", found=campaign
    )
    pictures = campaign["cover"], campaign["prizes"][0]["image"]
    answers = [await context.anonymous.download(each["url"]) for each in pictures]
    output.expect(
        all((each.status_code, each.headers["content-type"]) == (200, "image/webp") for each in answers),
        "活动有封面，奖品有图片，随活动一起公开",
        "the campaign has a cover and the prize a picture, which are public with it",
        found=(pictures, answers),
    )
    output.say(
        f"[yellow]真实活动持续数周；演示里 {open_seconds} 秒后截止，再过 {_GRACE_SECONDS} 秒由后台自动评定。[/]",
        f"[yellow]Real campaigns last for weeks; this one ends in {open_seconds} seconds and is settled {_GRACE_SECONDS} seconds later.[/]",
    )
    await _show_rules(context)


async def _sign(context: DemoContext) -> None:
    """Four people sign the announcement and the rules, one stage each; before that the campaign cannot be published."""
    output, editor = context.output, context[EDITOR]
    unsigned = await editor.ask("POST", f"{context.admin_path}/publish")
    output.check(
        [error["code"] for error in (unsigned.body or {}).get("errors", [])] == ["not_signed"],
        "内容齐了，但没有审签，仍不能发布",
        "complete, but not signed: it still cannot be published",
        found=unsigned,
    )
    text = f"/v1/admin/editorial/campaign/{context.campaign_id}"
    sha256 = (await editor.get(text))["sha256"]
    await editor.post(f"{text}/sign", {"stage": 1, "sha256": sha256})
    again = await editor.ask("POST", f"{text}/sign", {"stage": 2, "sha256": sha256})
    output.check(
        again.status == 403,
        "同一个人不能签两个环节",
        "one person cannot sign two stages",
        found=again,
    )
    signed = await sign(context, context.campaign_id, first=2)
    line = "　".join(f"{each['role']} {each['name']}" for each in signed["signatures"])
    output.expect(
        signed["state"] == "signed", f"四人审签完毕：{line}", f"four people have signed: {line}", found=signed
    )


async def sign(context: DemoContext, campaign_id: str, *, first: int = 1) -> Any:
    """The signers sign the campaign, one stage each, from `first` on. Returns the editorial state of its text."""
    text = f"/v1/admin/editorial/campaign/{campaign_id}"
    sha256 = (await context[EDITOR].get(text))["sha256"]
    signed: Any = None
    for stage, key in list(enumerate(SIGNERS, start=1))[first - 1 :]:
        signed = await context[key].post(f"{text}/sign", {"stage": stage, "sha256": sha256})
    return signed


def _terms(context: DemoContext) -> dict[str, object]:
    return {
        "body": context.script.body,
        "cover_media_id": context.media[COVER][0],
        "starts_at": wire_time(int(time.time()) - 1),
        "ends_at": wire_time(context.ends_at),
        "settle_at": wire_time(context.settle_at),
        "method": "ranked",
        "winner_count": WINNERS,
        "reserve_count": RESERVES,
        "prizes": _prizes(context),
        "weights": WEIGHTS,
        "caps": CAPS,
        "tie_break": ["quality", "likes", "comments", "earliest"],
        "claim_days": 7,
        "unclaimed": "next_reserve",
        "objection_days": 3,
        "organiser": context.script.organiser,
        "contact": "0755-12345678",
        "board": "public",
    }


def _show_worth(context: DemoContext) -> None:
    """Shows the preview of how many points likes are worth; the first ones count most."""
    words = context.output.words
    context.output.say(
        "[dim]点赞折算分值（满分 30）：越往后，一个赞折算的分越少[/]",
        "[dim]what likes are worth, of 30 points: the first ones count most[/]",
    )
    table = Table(box=None, pad_edge=False)
    steps = (1, 10, 50, 100, 200, 1000)
    for likes in steps:
        table.add_column(words(f"{likes} 赞", f"{likes}"), justify="right")
    table.add_row(*(f"{worth(likes):.1f}" for likes in steps))
    context.output.show(table)


def _prizes(context: DemoContext) -> list[dict[str, object]]:
    """A parcel and a code for each winner, as in the campaign of the city paper."""
    script = context.script
    # The end of a day in Shanghai, half a year from now.
    until = wire_time((time.time() // 86_400 + 180) * 86_400 + 16 * 3600)
    return [
        {
            "name": script.box, "kind": GOODS.name, "per_winner": 1, "value_cny": "199",
            "image_media_id": context.media[PRIZE][0],
        },
        {
            "name": script.card, "kind": CODE.name, "per_winner": 1, "value_cny": "30",
            "terms": script.card_terms, "valid_until": until,
        },
    ]  # fmt: skip


async def _show_rules(context: DemoContext) -> None:
    """Shows the sections of the rules text that decide who wins; in English, where the text is Chinese, their data."""
    output = context.output
    rules = await context.anonymous.get(f"{context.public_path}/rules")
    sections = _sections(rules["text"])
    if not any(context.script.box in line for lines in sections for line in lines):
        raise Unexpected(f"rules: {str(rules)[:300]}")
    width = min(output.console.width - 2, _PANEL_WIDEST)
    if output.language == "zh":
        shown = [line for lines in sections if lines[0].endswith(_SECTIONS_SHOWN) for line in lines]
        shown.append(f"（以上为 {len(sections) - 1} 节中的 {len(_SECTIONS_SHOWN)} 节）")
        content: RenderableType = folded(Text("\n".join(shown)), width - 4)
    else:
        content = _rules_table(rules["rules"])
    path = f"{context.public_path}/rules"
    output.show(
        Panel(
            content,
            title=output.words("活动规则（由数据自动生成，公开）", "the rules that are executed"),
            subtitle=f"sha256 {rules['rules_sha256'][:16]}…",
            border_style="dim",
            width=width,
        )
    )
    output.say(f"[dim]全文：GET {path}[/]", f"[dim]the binding text, in Chinese: GET {path}[/]")


def _sections(text: str) -> list[list[str]]:
    """The lines of each section of a rules text, its heading first."""
    sections: list[list[str]] = []
    for line in filter(str.strip, text.splitlines()):
        if not sections or _HEADING.match(line):
            sections.append([])
        sections[-1].append(line)
    return sections


def _rules_table(rules: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    weights, caps = rules["weights"], rules["caps"]
    for name, value in (
        ("topic", f"#{rules['topic']}#"),
        ("ends", rules["ends_at"]),
        ("winners", f"{rules['winner_count']}, and {rules['reserve_count']} reserves; one prize per person"),
        ("score", f"quality {weights['quality']}, likes {weights['likes']}, comments {weights['comments']}"),
        ("caps", f"{caps['likes']} likes, {caps['comments']} commenters; logarithmic below"),
        ("ties", ", ".join(rules["tie_break"])),
        *(("prize", f"{each['name']} ×{each['per_winner']} ({each['kind']})") for each in rules["prizes"]),
        ("claim", f"within {rules['claim_days']} days; unclaimed prizes pass to the next reserve"),
        ("objections", f"{rules['objection_days']} days after the announcement"),
    ):
        table.add_row(name, Text(value))
    return table
