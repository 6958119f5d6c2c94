"""The 活动规则 as people read it, made from the data that is executed, so that the two cannot differ."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from feed.campaigns.model import Rules, decimal_text
from feed.campaigns.score import worth

_HERE = ZoneInfo("Asia/Shanghai")
_KINDS = {"goods": "实物", "code": "兑换码", "ticket": "门票"}
_TIES = {
    "quality": "内容质量分高者",
    "likes": "有效点赞人数多者",
    "comments": "有效评论人数多者",
    "earliest": "发布时间早者",
}


def rules_text(rules: Rules, nonce_sha256: str | None = None) -> str:
    """The whole text in Chinese, one numbered paragraph per line. A draw names the hash of its secret nonce."""
    paragraphs = [
        _taking_part(rules),
        *(_drawing(rules, nonce_sha256) if rules.method == "draw" else _choosing(rules)),
        _prizes(rules),
        _announcing(rules),
        _claiming(rules),
        f"主办方：{rules.organiser}。联系方式：{rules.contact}。",
    ]
    lines = [f"{number}. {text}" for number, text in enumerate(paragraphs, 1)]
    if rules.notes:
        lines.append(f"温馨提示（不属于评选规则）：{rules.notes}")
    return "\n".join([f"《{rules.title}》活动规则", *lines])


def moment(at: datetime, *, ends: bool = False) -> str:
    """A moment in Shenzhen as a newspaper prints it; midnight as an end is the 24:00 of the day before."""
    here = at.astimezone(_HERE)
    if ends and (here.hour, here.minute) == (0, 0):
        day = here - timedelta(days=1)
        return f"{day.year}年{day.month}月{day.day}日24:00"
    return f"{here.year}年{here.month}月{here.day}日{here:%H:%M}"


def _taking_part(rules: Rules) -> str:
    demands = ["手机号已验证"]
    if rules.eligibility.min_account_age_days:
        demands.append(f"截止时账号注册满{rules.eligibility.min_account_age_days}天")
    media = "，作品须附照片或视频" if rules.eligibility.require_media else ""
    return (
        f"参与方式：{moment(rules.starts_at)}至{moment(rules.ends_at, ends=True)}，在读特鹏友圈发布带话题"
        f"#{rules.topic}#的内容即为参与，无需购买{media}。参与者须{'、'.join(demands)}；"
        "主办方工作人员及评委不参与评选，其点赞和评论也不计入。"
    )


def _choosing(rules: Rules) -> list[str]:
    shares = "、".join(
        f"{name}占{decimal_text(weight * 100)}%"
        for name, weight in (
            ("内容质量（评委打分）", rules.weights.quality),
            ("点赞", rules.weights.likes),
            ("评论", rules.weights.comments),
        )
    )
    examples = "；".join(
        f"{n}人点赞约得{likes:.1f}分，{n}人评论约得{comments:.1f}分"
        for n, likes, comments in worth(rules.weights, rules.caps)
    )
    ties = "、".join(_TIES[name] for name in rules.tie_break)
    return [
        f"评选方式：按综合得分（满分100分）由高到低选出{rules.winner_count}人，候补{rules.reserve_count}人。{shares}。"
        "点赞、评论均按不同的人计算，同一人只计一次，作者本人的不计入；截止之后的点赞和评论不计入。",
        f"计分公式：100×[质量权重×质量分÷100＋点赞权重×ln(1+点赞人数)÷ln(1+{rules.caps.likes})"
        f"＋评论权重×ln(1+评论人数)÷ln(1+{rules.caps.comments})]，点赞人数以{rules.caps.likes}为上限，"
        f"评论人数以{rules.caps.comments}为上限。例如：{examples}。",
        f"得分相同时，依次按{ties}排列。同一人有多件作品的，取得分最高的一件，每人限获奖一次。",
    ]


def _drawing(rules: Rules, nonce_sha256: str | None) -> list[str]:
    places = rules.winner_count + rules.reserve_count
    committed = f"其SHA-256值为{nonce_sha256}，" if nonce_sha256 else "其SHA-256值随活动发布公开，"
    return [
        f"抽奖方式：截止后，在符合条件的参与者中随机抽取中奖者{rules.winner_count}人、候补{rules.reserve_count}人。"
        "每人一签，发布多条内容不增加机会；点赞、评论、内容质量和评委打分均不影响结果。"
        f"中奖概率为{rules.winner_count}÷有效参与人数；有效参与人数少于{rules.winner_count}人的，每人中奖，其余名额空缺；"
        f"少于{places}人的，候补相应减少。",
        f"抽签依据：活动发布前已生成一个保密随机数，{committed}开奖后公开原值；截止后公布签单的SHA-256值；"
        f"{_beacons(rules)}"
        "种子为签单哈希、保密随机数与该公开值合并后的SHA-256值，各签按以种子为密钥的HMAC-SHA256值由小到大排列，"
        "依次为中奖者和候补。任何人可凭结果文件自行验算（算法feed-draw-1）。",
    ]


def _beacons(rules: Rules) -> str:
    names = {
        "public_number": f"{rules.beacon}（公布签单满60秒后开出的第一期，由两名编辑分别录入且一致）",
        "drand": "国际公开随机信标drand quicknet（满60秒后的第一轮，附可验证签名）",
    }
    own = "改用主办方自行产生的随机值，并在结果中注明“不可公开验证”。"
    if not rules.beacon_order:
        return f"本活动不采用外部公开随机值，{own}"
    waits = "；".join(f"（{number}）{names[name]}" for number, name in enumerate(rules.beacon_order, 1))
    if len(rules.beacon_order) == 1:
        return f"公开值取自{waits}，等候{rules.beacon_wait_hours}小时；逾期未得的，{own}"
    return f"公开值依次取自{waits}，每项等候{rules.beacon_wait_hours}小时，前一项逾期未得的顺延至后一项，重新计时；均未得的，{own}"


def _prizes(rules: Rules) -> str:
    each = "；".join(
        f"{prize.name}×{prize.per_winner}（{_KINDS[prize.kind]}，单价约{decimal_text(prize.value_cny or Decimal())}元）"
        for prize in rules.prizes
    )
    return f"奖品：共{rules.winner_count}名，每人获得{each}。"


def _announcing(rules: Rules) -> str:
    return (
        f"结果公布：预计{moment(rules.settles_at)}后评定，由两名编辑确认后公布，公示{rules.objection_days}天，期间可提出异议。"
        f"结果附带可独立验算的{'签单' if rules.method == 'draw' else '计分表'}和签名。"
    )


def _claiming(rules: Rules) -> str:
    until = f"且不早于{moment(rules.claim_ends_at, ends=True)}" if rules.claim_ends_at else ""
    next_one = "由候补依次递补" if rules.unclaimed == "next_reserve" else "不再递补"
    return (
        f"领取方式：结果公布后以站内消息和短信通知，请在通知后{rules.claim_days}天内{until}在读特App填写收件信息；"
        f"逾期未填写视为放弃，{next_one}。"
    )
