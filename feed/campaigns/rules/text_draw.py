"""The sections of the rules text for a draw: procedure, public value, times."""

from collections.abc import Collection
from datetime import timedelta

from feed.campaigns.model import BEACON_DELAY, Rules
from feed.campaigns.rules.text_entries import ticket_text
from feed.campaigns.text_parts import BLANK, Section, local_time, period, section

_LABELLED = "并在结果中注明“不可公开验证”"
_OWN = f"改用主办方自行产生的随机值，{_LABELLED}"


def draw_sections(rules: Rules, nonce_sha256: str | None, missing: Collection[str]) -> list[Section]:
    """The sections of a draw, with the hash of its nonce once it exists."""
    return [_procedure(rules), _basis(rules, nonce_sha256), _times(rules, missing)]


def is_undated(rules: Rules, missing: Collection[str]) -> bool:
    """Whether the draft has no date of the result yet."""
    return "settle_at" in missing or (rules.settle_at is None and "ends_at" in missing)


def _procedure(rules: Rules) -> Section:
    winners, reserves = rules.winner_count, rules.reserve_count
    fewer = f"；不足{winners + reserves}人的，候补相应减少" if reserves else ""
    return section(
        "抽奖方式",
        f"截止后，从符合条件的参与者中随机抽取中奖者{winners}名{f'、候补{reserves}名' if reserves else ''}。",
        ticket_text(rules),
        f"中奖概率为{winners}÷有效参与人数（即签数）。有效参与人数不足{winners}人的，全部中奖，其余名额空缺{fewer}。",
    )


def _basis(rules: Rules, nonce_sha256: str | None) -> Section:
    committed = f"其SHA-256值为{nonce_sha256}" if nonce_sha256 else "其SHA-256值随活动发布公开"
    return section(
        "抽签依据",
        f"活动发布前已生成一个保密随机数，{committed}；开奖后公开原值。",
        "截止后确定签单（由符合条件的参与者每人一签组成），并公布其SHA-256值。",
        *_beacons(rules),
        f"种子为签单的SHA-256值、保密随机数与{'公开值' if rules.beacon_order else '该随机值'}合并后的SHA-256值。各签按以种子为密钥的HMAC-SHA256值由小到大排列，"
        f"{'依次为中奖者和候补' if rules.reserve_count else '排在前列的为中奖者'}。",
        _order_kept(rules),
        "任何人都可以凭结果文件自行验算（算法feed-draw-1）。",
    )


def _order_kept(rules: Rules) -> str:
    """That a campaign is drawn once, whatever is decided about its result afterwards."""
    corrected = "除更正公开值外，" if "public_number" in rules.beacon_order else ""
    return f"{corrected}开奖后不再重新抽签：重新核定结果的，越过不符合条件的签，补入的签排在其他签之后。"


def _beacons(rules: Rules) -> list[str | tuple[str, ...]]:
    if not rules.beacon_order:
        return [f"本活动不采用外部公开值，由主办方自行产生随机值，{_LABELLED}。"]
    beacon = rules.beacon or BLANK
    names = {
        "public_number": f"{beacon}：{{since}}开出的第一期，由两名编辑分别录入，两人所录一致的有效；"
        "录入有误的，由两人更正并公开",
        "drand": "国际公开随机信标drand quicknet：{since}的第一轮，附可验证的签名",
    }
    after = f"满{BEACON_DELAY.seconds}秒后"
    sources = [
        # Each source has its own period, which the delay is a part of.
        names[name].replace("{since}", ("轮到本项" if number else "公布签单") + after)
        for number, name in enumerate(rules.beacon_order)
    ]
    hours = rules.beacon_wait_hours
    if len(sources) == 1:
        return [f"公开值取自{sources[0]}。等候{hours}小时仍未取得的，{_OWN}。"]
    return [
        (
            f"公开值依次取自下列各项，每项等候{hours}小时；未取得的，顺延至下一项，重新计时；均未取得的，{_OWN}：",
            *(f"{source}。" for source in sources),
        )
    ]


def _times(rules: Rules, missing: Collection[str]) -> Section:
    """The periods of the public value as `feed.prizes.draw.beacon` computes them, for a list that is published on time."""
    unknown = is_undated(rules, missing)
    listed = rules.settles_at
    listing = BLANK if unknown else local_time(listed)
    moved = "签单提前或者延后公布的，上述时间自实际公布时起算，相应提前或者延后。"
    if not rules.beacon_order:
        return section("开奖时间", f"{listing}公布签单，随即开奖，中奖者当即确定。", moved)
    wait = timedelta(hours=rules.beacon_wait_hours)
    spans = [
        f"{BLANK}至{BLANK}" if unknown else period(start + BEACON_DELAY, start + wait)
        for start in (listed + number * wait for number in range(len(rules.beacon_order)))
    ]
    last = BLANK if unknown else local_time(rules.decides_by)
    if len(spans) == 1:
        when = f"公开值的产生时间为{spans[0]}"
    else:
        when = "公开值的产生时间，" + "，".join(f"第（{number}）项为{span}" for number, span in enumerate(spans, 1))
    return section(
        "开奖时间",
        f"{listing}公布签单。{when}。取得公开值时即开奖，中奖者当即确定。",
        f"至{last}仍未取得公开值的，即时开奖，{_OWN}。",
        moved,
    )
