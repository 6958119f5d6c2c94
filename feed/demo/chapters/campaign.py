"""Chapter: a campaign is drafted, rejected while fields are missing, completed and published; the rules text is generated."""

import asyncio
import time

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from feed.campaigns.prize_kinds import GOODS
from feed.demo.context import DemoContext, wire_time
from feed.demo.expectations import CAPS, WEIGHTS, worth
from feed.demo.line_breaks import folded
from feed.demo.output import Unexpected
from feed.demo.participants import EDITOR, REVIEWER
from feed.demo.texts import TOPIC

TITLE = "爱读书的深圳人"
_PRIZES = [
    {"name": "有你“圳”好深圳盒子", "kind": GOODS.name, "per_winner": 1, "value_cny": "199"},
    {"name": "帆书“李蕾讲经典”月卡", "kind": GOODS.name, "per_winner": 1, "value_cny": "30"},
]
WINNERS, RESERVES = 3, 2
# Seconds from the deadline to the settlement; ten is the minimum.
_GRACE_SECONDS = 11.0


async def create_accounts(stage: DemoContext) -> None:
    """Sends one request per participant: the first request of a token creates the account."""
    teller = stage.teller
    teller.chapter("人都到了", "Everybody arrives")
    began = time.monotonic()
    with teller.progress("读者打开读特 App", "readers open the app", len(stage.people)) as steps:

        async def open_app(key: str) -> None:
            await stage[key].get("/v1/feeds/latest?limit=5")
            steps.step()

        await asyncio.gather(*(open_app(key) for key in stage.people))
    stage.arrival_seconds = time.monotonic() - began
    teller.say(
        f"编辑部 4 人、评委 2 人、市民 {len(stage.people) - 6} 人，各带一个令牌；手机号经过验证的，才算“一个人”。",
        f"A newsroom of 4, 2 jurors and {len(stage.people) - 6} citizens, each with a token; who has a verified phone is a person.",
    )


async def open_campaign(stage: DemoContext) -> None:
    """Drafts the campaign, checks the errors for missing fields, completes and publishes it."""
    teller, editor = stage.teller, stage[EDITOR]
    teller.chapter(f"编辑发起活动 #{TOPIC}#", f"An editor opens the campaign #{TOPIC}#")
    draft = await editor.post("/v1/admin/campaigns", {"title": TITLE, "topic": TOPIC})
    stage.campaign_id = draft["id"]
    teller.say(
        f"{editor.name}先写了标题和话题就点“发布”……",
        f"{editor.name} fills in title and topic only, and presses “publish” …",
    )
    refused = await editor.ask("POST", f"{stage.admin_path}/publish")
    missing = sorted({error["field"] for error in (refused.body or {}).get("errors", [])})
    teller.expect(
        refused.status in (409, 422) and len(missing) >= 5,
        f"被拒绝（{refused.status} {refused.body['code']}）：还缺 {len(missing)} 项，一次说清：[dim]{'、'.join(missing)}[/]",
        f"refused ({refused.status} {refused.body['code']}): {len(missing)} fields are missing, all named at once: [dim]{', '.join(missing)}[/]",
        found=refused,
    )
    stranger = await stage[REVIEWER].ask("POST", f"{stage.admin_path}/publish")
    teller.check(stranger.status == 403, "审核员不能发布活动", "a reviewer may not publish a campaign", found=stranger)
    _show_worth(stage)
    open_seconds = min(60.0, 16 + 6 * stage.arrival_seconds)
    now = time.time()
    stage.ends_at, stage.settle_at = now + open_seconds, now + open_seconds + _GRACE_SECONDS
    await editor.patch(stage.admin_path, _terms(stage))
    await editor.post(f"{stage.admin_path}/publish")
    campaign = await stage.anonymous.get(stage.public_path)
    teller.expect(
        campaign["state"] == "open", "补全后发布成功，活动立即开始", "completed, published, open", found=campaign
    )
    teller.say(
        f"[yellow]真实活动持续数周；演示里 {open_seconds:.0f} 秒后截止，再过 {_GRACE_SECONDS:.0f} 秒由后台自动评选。[/]",
        f"[yellow]Real campaigns last for weeks; this one ends in {open_seconds:.0f} seconds and is settled {_GRACE_SECONDS:.0f} seconds later.[/]",
    )
    await _show_rules(stage)


def _terms(stage: DemoContext) -> dict[str, object]:
    return {
        "body": f"分享你的一个读书瞬间，带上话题 #{TOPIC}#。",
        "starts_at": wire_time(time.time() - 1),
        "ends_at": wire_time(stage.ends_at),
        "settle_at": wire_time(stage.settle_at),
        "method": "ranked",
        "winner_count": WINNERS,
        "reserve_count": RESERVES,
        "prizes": _PRIZES,
        "weights": WEIGHTS,
        "caps": CAPS,
        "tie_break": ["quality", "likes", "comments", "earliest"],
        "claim_days": 7,
        "unclaimed": "next_reserve",
        "objection_days": 3,
        "organiser": "读特客户端",
        "contact": "0755-12345678",
        "board": "public",
    }


def _show_worth(stage: DemoContext) -> None:
    """Shows the preview of how many points likes are worth; the first ones count most."""
    words = stage.teller.words
    stage.teller.say(
        "[dim]点赞换算成分（满分 30）：越往后，一个赞越不值分[/]",
        "[dim]what likes are worth, of 30 points: the first ones count most[/]",
    )
    table = Table(box=None, pad_edge=False)
    steps = (1, 10, 50, 100, 200, 1000)
    for likes in steps:
        table.add_column(words(f"{likes} 赞", f"{likes}"), justify="right")
    table.add_row(*(f"{worth(likes):.1f}" for likes in steps))
    stage.teller.show(table)


async def _show_rules(stage: DemoContext) -> None:
    rules = await stage.anonymous.get(f"{stage.public_path}/rules")
    text = rules.get("text") or rules.get("rules_text")
    if not text or _PRIZES[0]["name"] not in text:
        raise Unexpected(f"rules: {str(rules)[:300]}")
    lines = [line for line in text.splitlines() if line.strip()]
    stage.teller.show(
        Panel(
            folded(Text("\n".join(lines)), 96),
            title=stage.teller.words("活动规则（由数据自动生成，公开）", "the rules, generated from the data, public"),
            subtitle=f"sha256 {rules.get('sha256') or rules.get('rules_sha256', '')}"[:40] + "…",
            border_style="dim",
            width=100,
        )
    )
