"""The 活动规则 as people read it, made from the data that is executed, so that the two cannot differ."""

from collections.abc import Collection

from feed.campaigns.model import Prize, Rules, decimal_text
from feed.campaigns.promises import BLANK, moment, promises
from feed.campaigns.score import worth

_KINDS = {"goods": "实物", "code": "兑换码", "ticket": "门票"}
_TIES = {
    "quality": "内容质量分高者",
    "likes": "有效点赞人数多者",
    "comments": "有效评论人数多者",
    "earliest": "发布时间早者",
}


def rules_text(rules: Rules, nonce_sha256: str | None = None, *, missing: Collection[str] = ()) -> str:
    """The whole text in Chinese, one numbered paragraph per line. A draw names the hash of its secret nonce.

    Of a draft, `missing` names the fields that nobody has written: something stands in their place, and is not printed.
    """
    paragraphs = [
        _taking_part(rules, missing),
        *(_drawing(rules, nonce_sha256) if rules.method == "draw" else _choosing(rules)),
        *_judging(rules),
        _fairness(rules),
        _prizes(rules, missing),
        *promises(rules, missing),
    ]
    lines = [f"{number}. {text}" for number, text in enumerate(paragraphs, 1)]
    if rules.notes:
        # Its lines are set in, so that none of them reads as a paragraph of the rules.
        notes = "\n　　".join(rules.notes.splitlines())
        lines.append(f"温馨提示（不属于评选规则）：{notes}")
    return "\n".join([f"《{rules.title or BLANK}》活动规则", *lines])


def _taking_part(rules: Rules, missing: Collection[str]) -> str:
    begin = BLANK if "starts_at" in missing else moment(rules.starts_at)
    end = BLANK if "ends_at" in missing else moment(rules.ends_at, ends=True)
    demands = ["手机号已验证"]
    if rules.eligibility.min_account_age_days:
        demands.append(f"截止时账号注册满{rules.eligibility.min_account_age_days}天")
    media = "，作品须附照片或视频" if rules.eligibility.require_media else ""
    return (
        f"参与时间、方式和条件：{begin}至{end}，在读特鹏友圈发布带话题"
        f"#{rules.topic or BLANK}#的内容即为参与，无需购买{media}。参与者须{'、'.join(demands)}；"
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
    # Whatever the rules name, the order ends with who came first.
    ties = "、".join(_TIES[name] for name in dict.fromkeys((*rules.tie_break, "earliest")))
    return [
        f"评选方式：按综合得分（满分100分）由高到低选出{rules.winner_count}人，候补{rules.reserve_count}人。{shares}。",
        _counting(rules),
        f"计分公式：100×[质量权重×质量分÷100＋点赞权重×ln(1+点赞人数)÷ln(1+{rules.caps.likes})"
        f"＋评论权重×ln(1+评论人数)÷ln(1+{rules.caps.comments})]，点赞人数以{rules.caps.likes}为上限，"
        f"评论人数以{rules.caps.comments}为上限。例如：{examples}。",
        f"得分相同时，依次按{ties}排列。同一人有多件作品的，取得分最高的一件，每人限获奖一次。",
    ]


def _counting(rules: Rules) -> str:
    """Whose likes and comments count, and as of when: `counting` says the same to the database."""
    age = rules.eligibility.min_account_age_days
    old_enough = f"账号注册满{age}天、" if age else ""
    return (
        "点赞人数和评论人数：只计不同的人，同一手机号的多个账号视为同一人，只计一次。点赞或评论的人须在截止时手机号已验证、"
        f"{old_enough}未被封禁，且不是作者本人、主办方工作人员或评委。以截止时的情况为准：截止前已取消的点赞、已删除的评论不计入，"
        "截止后取消或删除的不影响计数；未公开或被移除的评论，以及截止之后的点赞和评论不计入。"
    )


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


def _judging(rules: Rules) -> list[str]:
    """How quality is marked, where it counts."""
    if rules.method == "draw" or not rules.weights.quality:
        return []
    said = ["质量评分：评委对"]
    if rules.shortlist_size is None:
        said.append("作品打分，0至100分，未获打分的作品质量分为0。")
    else:
        said.append(
            f"入围作品打分，0至100分，未获打分的作品质量分为0。入围不超过{rules.shortlist_size}件："
            "编辑部推荐的作品，其余名额在截止后按点赞、评论得分由高到低取满。"
        )
    if rules.criteria:
        shares = "、".join(f"{each.name}（占{decimal_text(each.weight * 100)}%）" for each in rules.criteria)
        said.append(f"按{shares}分项打分，加权得出。")
    least = "全体评委" if rules.quorum is None else f"不少于{rules.quorum}名评委"
    said.append(
        f"入围作品须经{least}打分，质量分为各评委打分的平均值。评委互不知晓他人打分，不得为本人作品打分，"
        "与作者有利害关系的应当回避，由其余评委打分。"
    )
    return ["".join(said)]


def _fairness(rules: Rules) -> str:
    return (
        "公平参与：以雇佣、程序、多账号等方式取得的点赞和评论不计入；抄袭、侵权或者违法违规的作品取消评选资格。"
        "不计入的数量和取消的理由告知作者本人。评定结果前删除作品的，视为退出。"
    )


def _prizes(rules: Rules, missing: Collection[str]) -> str:
    count = BLANK if "winner_count" in missing else rules.winner_count
    each = "；".join(map(_prize, rules.prizes)) or BLANK
    return f"奖品：共{count}名，每人获得{each}。符合条件的人数不足时，名额空缺。"


def _prize(prize: Prize) -> str:
    value = BLANK if prize.value_cny is None else f"{decimal_text(prize.value_cny)}元"
    said = [_KINDS.get(prize.kind, BLANK), f"单价约{value}"]
    if prize.terms:
        said.append(f"使用规则：{prize.terms.strip().rstrip('。；')}")
    if prize.valid_until:
        said.append(f"有效期至{moment(prize.valid_until, ends=True)}")
    if prize.kind == "code" and not (prize.terms and prize.valid_until):
        said.append("未列明的使用范围和有效期，以兑换方页面公示为准")
    return f"{prize.name or BLANK}×{prize.per_winner}（{'，'.join(said)}）"
