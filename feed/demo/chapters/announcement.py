"""Chapter: announcement by two editors, notices, claims, a declined prize and the reserve that follows."""

import asyncio
import sys
from typing import Any

import msgspec

from feed.demo.chapters.campaign import CARD_NUMBER, WINNERS
from feed.demo.context import DemoContext
from feed.demo.output import Unexpected
from feed.demo.participants import CHEAT, EDITOR, OTHER_EDITOR
from feed.demo.texts import BEST, THIRD

_SMS_SECONDS = 15.0
_REFUSED = ("中奖", "抽奖", "奖品", "http")


async def announce(context: DemoContext) -> dict[str, Any]:
    """The announcement needs two editors. Returns the public result."""
    output, first, second = context.output, context[EDITOR], context[OTHER_EDITOR]
    output.chapter("两位编辑公布结果", "Two editors announce")
    path = f"{context.admin_path}/announce"
    answers = [await person.ask("POST", path) for person in (first, first, second)]
    output.expect(answers[0].status == 202, f"{first.name}公布：已记录，等第二个人（202）", f"{first.name} announces: recorded, a second person is awaited (202)", found=answers[0])  # fmt: skip
    output.expect(
        answers[1].status == 409 and answers[1].body["code"] == "second_person_required",
        f"{first.name}再按一次：拒绝（409 second_person_required）",
        f"{first.name} again: refused (409 second_person_required)",
        found=answers[1],
    )
    output.expect(
        answers[2].status == 409 and answers[2].body["code"] == "codes_missing",
        f"{second.name}公布：月卡的兑换码还没上传，拒绝（409 codes_missing）",
        f"{second.name} announces: refused, the codes of the month cards are missing (409 codes_missing)",
        found=answers[2],
    )
    codes = [f"READ-{number:04d}" for number in range(1, WINNERS + 1)]
    stock = await second.post(f"{context.admin_path}/prizes/{CARD_NUMBER}/codes", {"codes": codes})
    answer = await second.ask("POST", path)
    output.expect(
        answer.status == 200 and stock["stock"] == stock["needed"] == WINNERS,
        f"上传 {stock['stock']} 个兑换码（加密保存）后再公布：名单公开，进入公示期（200）",
        f"with {stock['stock']} codes, stored encrypted: the list is public, the objection days begin (200)",
        found=(stock, answer),
    )
    result: dict[str, Any] = await context.anonymous.get(f"{context.public_path}/result")
    return result


async def notify(context: DemoContext) -> None:
    """Checks that each winner has the inbox message of the announcement and gets the SMS."""
    output = context.output
    output.chapter("获奖通知与领奖", "Notices and claims")
    winners = context.tally.order()[:WINNERS]
    phones = {context[context.tally.entered[post_id].author].phone for post_id in winners}
    messages: list[dict[str, Any]] = []

    async def arrived() -> bool:
        messages[:] = [line for line in await _outbox(context) if line["purpose"] == "prize_notice"]
        return phones <= {line["phone"] for line in messages}

    in_time = await context.eventually(arrived, _SMS_SECONDS)
    sent = [line for line in messages if line["phone"] in phones]
    output.expect(
        in_time and len(sent) == len(phones),
        f"{len(sent)} 条短信发出，一人一条（feed outbox）",
        f"{len(sent)} SMS sent, one to each (feed outbox)",
        found=messages,
    )
    output.say(
        f"[italic]{sent[0]['text']}[/]",
        "[italic]The SMS is in Chinese, as its template is registered: a notice about the campaign, and until when to look into the app.[/]",
    )
    output.check(
        not any(word in line["text"] for line in sent for word in _REFUSED),
        "短信不含运营商拒收的字眼和链接",
        "no SMS has words or links that providers refuse",
        found=sent,
    )
    for post_id in winners:
        winner = context[context.tally.entered[post_id].author]
        inbox = await winner.get("/v1/me/inbox?kind=prize")
        output.check(
            len(inbox["items"]) == 1, "每位获奖者收到一条站内消息", "each winner has one inbox message", found=inbox
        )
        prizes = await winner.get("/v1/me/prizes")
        output.check(
            len(_of_campaign(context, prizes)) == 1, "每位获奖者恰有一份奖品", "each winner has one prize", found=prizes
        )
    nothing = await context[CHEAT].get("/v1/me/prizes")
    output.check(not _of_campaign(context, nothing), "作弊者什么都没有", "the cheat has nothing", found=nothing)


async def claim(context: DemoContext) -> None:
    """The first two winners claim, another user cannot, the third loses the place and the first reserve gets it."""
    output = context.output
    privacy = (await context.anonymous.get("/v1/config"))["privacy"]["version"]
    privacy = (await context.anonymous.get("/v1/config"))["privacy"]
    forms = {moment: form | {"privacy_version": privacy["version"]} for moment, form in context.script.claims.items()}
    prize = await _prize(context, BEST)
    stranger = await context[CHEAT].ask("PUT", f"/v1/me/prizes/{prize['id']}/claim", forms[BEST])
    output.expect(
        stranger.status in (403, 404),
        f"{context[CHEAT].name}想冒领别人的奖：拒绝（{stranger.status}）",
        f"the cheat tries to claim another's prize: refused ({stranger.status})",
        found=stranger,
    )
    for moment, form in forms.items():
        prize = await _prize(context, moment)
        await context.author(moment).put(f"/v1/me/prizes/{prize['id']}/claim", form)
        prize = await _prize(context, moment)
        output.check(prize["state"] == "claimed", "已领奖", "claimed", found=prize)
    early = await context.author(BEST).ask("POST", f"/v1/me/prizes/{(await _prize(context, BEST))['id']}/codes")
    output.expect(
        early.status == 409 and early.body["code"] == "prize_not_final",
        "公示期内还看不到兑换码：看过的码收不回来（409 prize_not_final）",
        "no code is shown within the objection days: it could not be taken back (409 prize_not_final)",
        found=early,
    )
    claims = await context[EDITOR].get(f"{context.admin_path}/claims")
    for person in (context.anonymous, context[CHEAT]):
        refused = await person.ask("GET", f"{context.admin_path}/claims")
        output.check(
            refused.status in (401, 403), "领奖信息只有编辑能看", "only editors see what was claimed", found=refused
        )
    seen = msgspec.json.encode(claims).decode()
    secrets = [form[field] for form in forms.values() for field in ("phone", "address")]
    output.expect(
        not any(secret in seen for secret in secrets),
        "前两名填了领奖信息。入库前已加密；编辑的列表里只有：" + _masked(claims),
        "two winners give their delivery details, encrypted before they are stored; the editor's list shows: "
        + _masked(claims),
        found=claims,
    )
    await _step_back(context)


async def _step_back(context: DemoContext) -> None:
    """The third winner deletes the winning post, which forfeits the place."""
    output, gone = context.output, context.author(THIRD)
    next_post = context.tally.order()[WINNERS]
    heir = context[context.tally.entered[next_post].author]
    await gone.delete(f"/v1/posts/{context.posts[THIRD]}")

    async def moved_up() -> bool:
        return len(_of_campaign(context, await heir.get("/v1/me/prizes"))) == 1

    output.expect(
        await context.eventually(moved_up, _SMS_SECONDS),
        f"获奖第 3 位{gone.name}不想让女儿出现在网上，删掉了作品：按规则不再获奖，候补{heir.name}递补这一位并收到通知",
        f"{gone.name}, place 3, would rather not have her daughter online and deletes the post: by the rules she wins no more; {heir.name}, the first reserve, takes the place and is notified",
    )
    lost = _of_campaign(context, await gone.get("/v1/me/prizes"))
    output.check(
        all(prize["state"] == "forfeited" for prize in lost),
        "原获奖者资格已取消",
        "the former winner has forfeited",
        found=lost,
    )


def _masked(claims: dict[str, Any]) -> str:
    shown = [item.get("masked") or item.get("claim") or {} for item in claims["items"]]
    return " · ".join(" ".join(str(value) for value in item.values()) for item in shown if item)


def _of_campaign(context: DemoContext, prizes: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in prizes["items"] if str(context.campaign_id) in msgspec.json.encode(item).decode()]


async def _prize(context: DemoContext, moment: str) -> dict[str, Any]:
    prizes = _of_campaign(context, await context.author(moment).get("/v1/me/prizes"))
    if len(prizes) != 1:
        raise Unexpected(f"{moment}: {prizes}")
    return prizes[0]


async def _outbox(context: DemoContext) -> list[dict[str, Any]]:
    """The lines that `feed outbox` prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "feed", "outbox", "--data", str(context.data), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise Unexpected(f"feed outbox: {process.returncode}")
    return [msgspec.json.decode(line) for line in out.splitlines()]
