"""The paragraphs of the rules text for a draw: procedure, public value, times."""

from collections.abc import Collection
from datetime import timedelta

from feed.campaigns.model import BEACON_DELAY, Rules
from feed.campaigns.rules.text_terms import is_undated
from feed.campaigns.text_parts import BLANK, local_time

_OWN = "改用主办方自行产生的随机值，并在结果中注明“不可公开验证”"


def draw_text(rules: Rules, nonce_sha256: str | None, missing: Collection[str]) -> list[str]:
    """The paragraphs of a draw, with the hash of its nonce once it exists."""
    places = rules.winner_count + rules.reserve_count
    committed = f"其SHA-256值为{nonce_sha256}，" if nonce_sha256 else "其SHA-256值随活动发布公开，"
    return [
        f"抽奖方式：截止后，在符合条件的参与者中随机抽取中奖者{rules.winner_count}人、候补{rules.reserve_count}人。"
        "每人一签，同一手机号验证的各账号为同一人，发布多条内容不增加机会；点赞、评论、内容质量和评委打分均不影响结果。"
        f"中奖概率为{rules.winner_count}÷有效参与人数；有效参与人数少于{rules.winner_count}人的，每人中奖，其余名额空缺；"
        f"少于{places}人的，候补相应减少。",
        f"抽签依据：活动发布前已生成一个保密随机数，{committed}开奖后公开原值；截止后公布签单的SHA-256值；"
        f"{_beacons(rules)}"
        "种子为签单哈希、保密随机数与该公开值合并后的SHA-256值，各签按以种子为密钥的HMAC-SHA256值由小到大排列，"
        "依次为中奖者和候补。任何人可凭结果文件自行验算（算法feed-draw-1）。",
        _times(rules, missing),
    ]


def _beacons(rules: Rules) -> str:
    names = {
        "public_number": f"{rules.beacon}（公布签单满60秒后开出的第一期，由两名编辑分别录入且一致；录入有误的，由两人更正并公开）",
        "drand": "国际公开随机信标drand quicknet（满60秒后的第一轮，附可验证签名）",
    }
    if not rules.beacon_order:
        return f"本活动不采用外部公开随机值，{_OWN}。"
    waits = "；".join(f"（{number}）{names[name]}" for number, name in enumerate(rules.beacon_order, 1))
    if len(rules.beacon_order) == 1:
        return f"公开值取自{waits}，等候{rules.beacon_wait_hours}小时；逾期未得的，{_OWN}。"
    return (
        f"公开值依次取自{waits}，每项等候{rules.beacon_wait_hours}小时，前一项逾期未得的顺延至后一项，重新计时；"
        f"均未得的，{_OWN}。"
    )


def _times(rules: Rules, missing: Collection[str]) -> str:
    """The periods of the public value as `feed.prizes.draw.beacon` computes them, for a list that is published on time."""
    unknown = is_undated(rules, missing)
    listed = rules.settles_at
    if not rules.beacon_order:
        at = BLANK if unknown else local_time(listed)
        return f"开奖时间：{at}公布签单，随即开奖，中奖者当即确定；签单提前或者延后公布的，开奖时间相应提前或者延后。"
    wait = timedelta(hours=rules.beacon_wait_hours)
    spans = [
        "{}至{}".format(*((BLANK, BLANK) if unknown else (local_time(start + BEACON_DELAY), local_time(start + wait))))
        for start in (listed + number * wait for number in range(len(rules.beacon_order)))
    ]
    listing = BLANK if unknown else local_time(listed)
    last = BLANK if unknown else local_time(listed + len(spans) * wait)
    if len(spans) == 1:
        when = f"公开值的产生时间为{spans[0]}"
    else:
        when = "公开值的产生时间" + "，".join(f"第（{number}）项为{span}" for number, span in enumerate(spans, 1))
    return (
        f"开奖时间：{listing}公布签单；{when}；取得公开值时即开奖，中奖者当即确定。"
        f"至{last}仍未取得公开值的，不再有可公开验证的抽签，{_OWN}，即时开奖。"
        "签单提前或者延后公布的，以上时间自实际公布时起算，相应提前或者延后。"
    )
