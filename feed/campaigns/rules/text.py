"""The rules text (活动规则), generated from the rules that are executed, so that the two cannot differ."""

from collections.abc import Collection, Mapping

from feed.campaigns.model import Rules
from feed.campaigns.rules.text_draw import draw_sections
from feed.campaigns.rules.text_entries import fairness_items, participation_items, review_text
from feed.campaigns.rules.text_prizes import prizes_section
from feed.campaigns.rules.text_selection import selection_sections
from feed.campaigns.rules.text_terms import claim_sections, closing_sections, result_section
from feed.campaigns.scoring.disclosure import LEAST_SHOWN
from feed.campaigns.text_parts import BLANK, Section, lines_of, local_time, one_line, same_year, section
from feed.signoffs.model import credit_line

# What an entry is disqualified for, by the reason code; a test compares the two.
FAULT_TEXTS: Mapping[str, str] = {
    "copied": "转载他人内容",
    "plagiarism": "抄袭",
    "copyright": "侵犯他人著作权",
    "published_before": "此前已在别处公开发表",
    "duplicate": "重复发布",
    "off_topic": "与活动主题无关",
    "ai_undeclared": "由人工智能生成而未按要求标明",
    "false_information": "内容不实",
    "unlawful": "违反法律或者平台规则",
    "spam": "属于广告或者刷屏",
    "bought": "购买点赞、评论",
    "cheating": "以其他方式作弊",
    "ineligible": "不符合参与条件",
    "by_request": "本人要求退出",
    "other": "有其他影响公平的情形",
}
# In a draw likes and comments are worth nothing, so that there is nothing to buy.
DRAW_FAULT_TEXTS: Mapping[str, str] = {
    reason: "以雇佣、程序、多账号等方式作弊" if reason == "cheating" else text
    for reason, text in FAULT_TEXTS.items()
    if reason != "bought"
}


def rules_text(rules: Rules, nonce_sha256: str | None = None, *, missing: Collection[str] = ()) -> str:
    """The whole text in Chinese: numbered sections with headings and numbered items, one on each line.

    `nonce_sha256`: of a draw, the hash of its nonce, once it exists. `missing` names the unwritten fields of a draft: they have
    placeholders, which are not printed.
    """
    is_draw = rules.method == "draw"
    sections = [
        _times(rules, missing),
        _participation(rules),
        *(draw_sections(rules, nonce_sha256, missing) if is_draw else selection_sections(rules)),
        prizes_section(rules, missing),
        result_section(rules, missing),
        *claim_sections(rules),
        _fairness(rules),
        *closing_sections(rules),
    ]
    lines = [f"《{one_line(rules.title) or BLANK}》活动规则", *lines_of(sections)]
    if rules.credits:
        lines += ["", one_line(credit_line(rules.credits))]
    if rules.notes:
        # Each line has the prefix: without it, a line that is displayed without indentation reads as an item of the rules.
        notes = [line.strip() for line in rules.notes.splitlines()]
        lines += ["", *(f"温馨提示（不属于活动规则）：{note}" for note in notes if note)]
    return "\n".join(lines)


def _times(rules: Rules, missing: Collection[str]) -> Section:
    begin = BLANK if "starts_at" in missing else local_time(rules.starts_at)
    end = BLANK if "ends_at" in missing else local_time(rules.ends_at, ends=True)
    if not {"starts_at", "ends_at"} & set(missing):
        end = same_year(begin, end)
    return section("活动时间", f"{begin}开始，{end}截止。本规则所称“截止”，即指这一时刻；所列时间均为北京时间。")


def _participation(rules: Rules) -> Section:
    is_draw = rules.method == "draw"
    thing, done = ("动态", "确定签单") if is_draw else ("作品", "评定结果")
    days = rules.eligibility.min_account_age_days
    aged = f"、注册已满{days}天" if days else ""
    named = "" if is_draw else "该动态以下称“作品”。"
    others = "" if is_draw else "，以及本活动评委（含打过分后被撤换的）"
    if rules.entry_by != "post":
        others = "，以及公告的发布者"
    by_post = [
        f"活动期间，在读特鹏友圈发布带话题#{one_line(rules.topic) or BLANK}#的动态，即为参与，无需购买任何商品或者服务。{named}",
        f"{thing}须附照片或者视频。" if rules.eligibility.require_media else None,
        f"{thing}以截止前提交并经审核通过的最后一个版本为准，该版本须带上述话题。",
        f"截止前提交的照片、视频，截止后处理完毕的，不影响参与；文件无法处理，截止前又未更换的，该{thing}不参与。",
        review_text(rules),
    ]
    return section(
        "参与方式",
        *(by_post if rules.entry_by == "post" else participation_items(rules)),
        f"参与者须在截止前完成手机号验证，账号在截止时未被封禁{aged}。",
        f"截止时在本平台有审核、编辑或者管理权限的工作人员{others}，不参与{'抽奖' if is_draw else '评选'}。",
        f"截止时的封禁或者工作人员权限，在{done}前已经解除，并且持续不满24小时或者经两名编辑认定有误的，不影响参与。",
        f"同一手机号验证的各账号视为同一人{'；注册时间按各账号分别计算' if days else ''}。",
        "同期另有活动使用同一话题的，带该话题的动态同时参加各项活动，在各项活动中分别适用其规则。"
        if rules.shares_topic and rules.entry_by == "post"
        else None,
    )


def _fairness(rules: Rules) -> Section:
    if rules.entry_by != "post":
        return section("公平参与", *fairness_items(rules))
    is_draw = rules.method == "draw"
    thing, right, done = ("动态", "抽奖资格", "确定签单") if is_draw else ("作品", "评选资格", "评定结果")
    faults = "；".join((DRAW_FAULT_TEXTS if is_draw else FAULT_TEXTS).values())
    return section(
        "公平参与",
        f"{thing}有下列情形之一的，取消{right}，并将理由告知参与者本人：{faults}。",
        None
        if is_draw
        else f"参与者可在活动页面查看本人作品未计入的点赞、评论的人数和原因，不足{LEAST_SHOWN}人的原因合并显示。",
        f"在{done}前删除{thing}的，视为退出。",
    )
