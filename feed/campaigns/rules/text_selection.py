"""The sections of the rules text for a ranked campaign: score, engagement that counts, marks of the jury."""

from collections.abc import Mapping

from feed.campaigns.model import Rules, decimal_text
from feed.campaigns.scoring.score import points_by_count
from feed.campaigns.text_parts import Section, section

# One clause for each reason of the count, in the same order; a test compares the two.
EXCLUSION_TEXTS: Mapping[str, str] = {
    "own": "作者本人作出的，包括用其他账号作出的",
    "not_verified": "截止前未验证手机号的账号作出的",
    "staff": "本平台工作人员（截止时有审核、编辑或者管理权限）作出的",
    "juror": "本活动评委（含打过分后被撤换的）作出的",
    "banned": "截止时被封禁的账号作出的",
    "too_new": "截止时注册未满{days}天的账号作出的",
    "voided": "以雇佣、程序、多账号等方式取得，主办方认定无效并记录理由的（可针对账号，也可针对整件作品）",
    "same_person": "同一人用其他账号重复作出的",
}


def selection_sections(rules: Rules) -> list[Section]:
    """The sections of a ranked campaign, without those on what has no weight."""
    return [
        _score(rules),
        *([_engagement(rules)] if rules.weights.likes or rules.weights.comments else []),
        *([_marks(rules)] if rules.weights.quality else []),
    ]


def _score(rules: Rules) -> Section:
    weights, caps = rules.weights, rules.caps
    reserves = f"、候补{rules.reserve_count}名" if rules.reserve_count else ""
    parts = [
        ("质量分", weights.quality, "各评委打分的平均值"),
        ("点赞分", weights.likes, _saturation("点赞", caps.likes)),
        ("评论分", weights.comments, _saturation("评论", caps.comments)),
    ]
    counted = [(name, weight, meaning) for name, weight, meaning in parts if weight]
    total = "＋".join(f"{name}×{decimal_text(weight * 100)}%" for name, weight, _ in counted)
    if len(counted) == 1:
        name, _, meaning = counted[0]
        scored: tuple[str, ...] = (f"综合得分＝{total}，以100分为满分，得分保留六位小数。{name}为{meaning}。",)
    else:
        scored = (
            f"综合得分＝{total}，各项均以100分为满分，得分保留六位小数：",
            *(f"{name}：{meaning}。" for name, _, meaning in counted),
        )
    return section(
        "评选方式",
        f"按综合得分由高到低评出获奖者{rules.winner_count}名{reserves}。",
        scored,
        _examples(rules),
        f"综合得分相同的，依次以{_ties(rules)}的在前。",
        "同一人有多件作品的，只取得分最高的一件，每人限获奖一次。",
    )


def _saturation(name: str, cap: int) -> str:
    return f"100×ln(1＋有效{name}人数)÷ln(1＋{cap})，人数超过{cap}的按{cap}计"


def _examples(rules: Rules) -> str | None:
    examples = []
    for count, likes, comments in points_by_count(rules.weights, rules.caps):
        shares = [
            f"{count}人{name}约合{points:.1f}分"
            for name, points, weight in (
                ("点赞", likes, rules.weights.likes),
                ("评论", comments, rules.weights.comments),
            )
            if weight
        ]
        examples.append("、".join(shares))
    return f"例如，在综合得分中，{'；'.join(examples)}。" if any(examples) else None


def _ties(rules: Rules) -> str:
    """The tie-breaks in their order. The last one is always the time of entry, after which nothing is equal."""
    names = {
        "quality": "质量分高" if rules.weights.quality else "评委打分（如有）高",
        "likes": "有效点赞人数多",
        "comments": "有效评论人数多",
        "earliest": "发布时间早",
    }
    order = (*rules.tie_break, "earliest")
    return "、".join(names[name] for name in order[: order.index("earliest") + 1])


def _engagement(rules: Rules) -> Section:
    days = rules.eligibility.min_account_age_days
    exclusions = [
        EXCLUSION_TEXTS[reason].format(days=days) for reason in EXCLUSION_TEXTS if reason != "too_new" or days
    ]
    return section(
        "有效点赞和评论",
        "有效点赞，指截止前作出、截止时未取消的点赞。",
        "有效评论，指截止前发表、截止时未被发表者删除，且评定时公开可见的评论和回复。",
        "点赞和评论均按人数计算：一人对一件作品，点赞计一次，评论不论条数计一次。",
        ("下列点赞和评论无效，不计入人数：", *(f"{text}；" for text in exclusions[:-1]), f"{exclusions[-1]}。"),
        "前项中对工作人员、评委、被封禁账号和无效账号的排除，及于同一人的全部账号。",
        "手机号验证、工作人员权限、封禁和注册时间，以截止时为准；评委身份、无效认定和评论是否公开，以评定时为准。"
        "截止后作出、取消或者由发表者删除的点赞、评论，不影响计数。",
    )


def _marks(rules: Rules) -> Section:
    jury = "评委由主办方指定；未指定的，由编辑部的编辑担任。"
    zero = (
        "未获打分的作品，质量分为0分。" if rules.shortlist_size is None else "未入围或者未获打分的作品，质量分为0分。"
    )
    if rules.quorum is None:
        quorum = "须由全体评委打分（未指定评委的，由至少一名编辑打分）"
    else:
        quorum = f"须由不少于{rules.quorum}名评委打分"
    criteria = "、".join(f"{each.name}（占{decimal_text(each.weight * 100)}%）" for each in rules.criteria)
    if rules.shortlist_size is None:
        who = ["评委对作品打分，每件0至100分。", f"编辑部可以选定入围作品。入围作品{quorum}，方可评定结果。"]
    else:
        who = [
            f"入围作品是交由评委打分的作品，不超过{rules.shortlist_size}件：先由编辑部选定；不足的，截止后"
            "从其余可以获奖的作品（编辑部移出的除外）中，按点赞和评论的得分由高到低补足。",
            f"评委对入围作品打分，每件0至100分。每件入围作品{quorum}，方可评定结果。",
        ]
    return section(
        "评委打分",
        *who,
        f"每件作品按{criteria}分项打分，再按比例合计。" if criteria else None,
        f"{zero}打分后作品经修改并审核通过的，原打分作废，由评委重新打分。",
        f"{jury}打分结束前，评委互不知晓他人的打分。结果公布后，每份打分以评委代号公布，供核验质量分。",
        "评委不得为本人的作品打分；与作者有利害关系的，应当回避。因此不足规定人数的，由其余评委全部打分即可。",
    )
