"""The rules text (活动规则), generated from the rules that are executed, so that the two cannot differ."""

from collections.abc import Collection, Mapping

from feed.campaigns.model import Rules, decimal_text
from feed.campaigns.rules.text_draw import draw_text
from feed.campaigns.rules.text_prizes import prizes_text
from feed.campaigns.rules.text_terms import terms_text
from feed.campaigns.scoring.score import points_by_count
from feed.campaigns.text_parts import BLANK, local_time

_TIES = {
    "quality": "内容质量分高者",
    "likes": "有效点赞人数多者",
    "comments": "有效评论人数多者",
    "earliest": "发布时间早者",
}


# One clause for each reason of the count, in the same order; a test compares the two.
EXCLUSION_TEXTS: Mapping[str, str] = {
    "own": "作者本人的（包括其以其他账号作出的）",
    "not_verified": "截止前未验证手机号的",
    "staff": "截止时在本平台有审核、编辑或管理权限的工作人员的",
    "juror": "本活动评委（包括已退出的）的",
    "banned": "截止时处于封禁中的",
    "too_new": "截止时账号注册未满{days}天的",
    "voided": "以雇佣、程序、多账号等方式取得，经主办方记录理由认定无效（针对账号或者整件作品）的",
    "same_person": "同一人以其他账号重复作出的",
}


def rules_text(rules: Rules, nonce_sha256: str | None = None, *, missing: Collection[str] = ()) -> str:
    """The whole text in Chinese, one numbered paragraph per line. The text of a draw contains the hash of its nonce.

    `missing` names the unwritten fields of a draft: they have placeholders, which are not printed.
    """
    paragraphs = [
        _participation(rules, missing),
        *(draw_text(rules, nonce_sha256, missing) if rules.method == "draw" else _selection(rules)),
        *_quality(rules),
        _fairness(rules),
        prizes_text(rules, missing),
        *terms_text(rules, missing),
    ]
    # Rules from before the check of line breaks may contain some: no field begins a paragraph of its own.
    lines = [f"{number}. {' '.join(text.splitlines())}" for number, text in enumerate(paragraphs, 1)]
    if rules.notes:
        # Each line has the prefix: without it, a line that is displayed without indentation reads as a paragraph of the rules.
        lines += [f"温馨提示（不属于评选规则）：{line.strip()}" for line in rules.notes.splitlines() if line.strip()]
    return "\n".join([f"《{' '.join(rules.title.splitlines()) or BLANK}》活动规则", *lines])


def _participation(rules: Rules, missing: Collection[str]) -> str:
    begin = BLANK if "starts_at" in missing else local_time(rules.starts_at)
    end = BLANK if "ends_at" in missing else local_time(rules.ends_at, ends=True)
    conditions = ["截止前已验证手机号", "截止时未处于封禁中"]
    if rules.eligibility.min_account_age_days:
        conditions.append(f"截止时账号注册满{rules.eligibility.min_account_age_days}天")
    media = "，作品须附照片或视频" if rules.eligibility.require_media else ""
    return (
        f"参与时间、方式和条件：{begin}至{end}，在读特鹏友圈发布带话题"
        f"#{rules.topic or BLANK}#的内容即为参与，无需购买{media}。"
        "作品以截止前最后提交并通过审核的版本为准，该版本须带本话题。"
        f"参与者须{'、'.join(conditions)}；截止时在本平台有审核、编辑或管理权限的工作人员，以及本活动评委（包括已退出的），不参与评选。"
        "除注册时间按账号计算外，同一手机号验证的各账号视为同一人。"
    )


def _selection(rules: Rules) -> list[str]:
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
        for n, likes, comments in points_by_count(rules.weights, rules.caps)
    )
    # The last tie-break is always the time of entry.
    ties = "、".join(_TIES[name] for name in dict.fromkeys((*rules.tie_break, "earliest")))
    return [
        f"评选方式：按综合得分（满分100分）由高到低选出{rules.winner_count}人，候补{rules.reserve_count}人。{shares}。",
        engagement_text(rules),
        f"计分公式：100×[质量权重×质量分÷100＋点赞权重×ln(1+点赞人数)÷ln(1+{rules.caps.likes})"
        f"＋评论权重×ln(1+评论人数)÷ln(1+{rules.caps.comments})]，点赞人数以{rules.caps.likes}为上限，"
        f"评论人数以{rules.caps.comments}为上限。例如：{examples}。",
        f"得分相同时，依次按{ties}排列。同一人有多件作品的，取得分最高的一件，每人限获奖一次。",
    ]


def _quality(rules: Rules) -> list[str]:
    """How quality is marked; empty where it does not count."""
    if rules.method == "draw" or not rules.weights.quality:
        return []
    parts = ["质量评分：评委对"]
    if rules.shortlist_size is None:
        parts.append("作品打分，0至100分，未获打分的作品质量分为0。")
    else:
        parts.append(
            f"入围作品打分，0至100分，未获打分的作品质量分为0。入围不超过{rules.shortlist_size}件："
            "编辑部推荐的作品，其余名额在截止后按点赞、评论得分由高到低取满。"
        )
    if rules.criteria:
        shares = "、".join(f"{each.name}（占{decimal_text(each.weight * 100)}%）" for each in rules.criteria)
        parts.append(f"按{shares}分项打分，加权得出。")
    least = "全体评委" if rules.quorum is None else f"不少于{rules.quorum}名评委"
    parts.append(
        f"入围作品须经{least}打分，质量分为各评委打分的平均值。评委互不知晓他人打分，不得为本人作品打分，"
        "与作者有利害关系的应当回避，由其余评委打分。"
    )
    return ["".join(parts)]


def _fairness(rules: Rules) -> str:
    return (
        "公平参与：以雇佣、程序、多账号等方式取得的点赞和评论不计入；抄袭、侵权或者违法违规的作品取消评选资格。"
        "不计入的数量和取消的理由告知作者本人。评定结果前删除作品的，视为退出。"
    )


def engagement_text(rules: Rules) -> str:
    """The paragraph about which engagement counts."""
    days = rules.eligibility.min_account_age_days
    exclusions = "；".join(
        f"（{number}）{EXCLUSION_TEXTS[reason].format(days=days)}"
        for number, reason in enumerate([each for each in EXCLUSION_TEXTS if each != "too_new" or days], 1)
    )
    return (
        "有效点赞和评论：截止前作出且截止时未撤回的点赞，以及截止前发表、截止时未被发表者删除且评定时公开可见的评论（含回复），"
        "按不同的人计算：同一手机号验证的各账号为同一人，一人对一件作品的点赞、评论各只计一次，不论条数。"
        f"下列点赞和评论不计入：{exclusions}。"
        "工作人员、评委、封禁以及对账号的无效认定，及于同一人的全部账号。"
        "手机验证、工作人员身份、封禁和注册时间一律以截止时刻为准，此后的变化不影响；"
        "评委身份、认定无效和评论是否公开以评定时为准。截止后作出、撤回或者由发表者删除的，不影响计数。"
    )
