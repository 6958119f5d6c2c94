"""The sections of the rules text from the result on: result, objections, claim, waiver, licence, tax, privacy, organiser."""

from collections.abc import Collection

from feed.campaigns.claim_deadline import claim_deadline_text
from feed.campaigns.model import ARCHIVE, Rules
from feed.campaigns.prize_kinds import kinds_of
from feed.campaigns.rules.text_draw import is_undated
from feed.campaigns.rules.text_entries import loss_text, passed_over_text, waits_text
from feed.campaigns.rules.text_prizes import refill_text
from feed.campaigns.text_parts import BLANK, Section, local_time, section, winner_word

# What the objections section defines.
_FINAL = "结果最终确定"


def result_section(rules: Rules, missing: Collection[str]) -> Section:
    """When and how the result is made, published, objected to and final."""
    undated = is_undated(rules, missing)
    at = BLANK if undated else local_time(rules.settles_at)
    due = BLANK if undated else local_time(rules.result_due_at, ends=True)
    is_draw = rules.method == "draw"
    winner = winner_word(is_draw=is_draw)
    decided = (
        f"主办方按上述时间确定签单并开奖。{waits_text(rules)}" if is_draw else f"主办方于{at}评定结果。{_waits(rules)}"
    )
    return section(
        "结果公布",
        decided,
        f"结果最迟于{due}公布。逾期未公布的，活动页面注明“结果逾期”，并列入编辑部待办；参与者可向主办方查询。",
        f"结果经两名编辑确认后，在活动页面公布{_winners_list(rules)}，昵称脱敏显示（如“沈**”，相同时附账号尾号）；"
        f"同时公布可以独立验算的{'签单' if is_draw else '计分表'}和数字签名。",
        f"公布结果时，以站内消息通知{winner}，并发短信提醒；领取期限以站内消息为准。",
        *_objections(rules),
    )


def _waits(rules: Rules) -> str:
    """What the result of a ranked campaign waits for, and what happens without it."""
    marked, unmarked = ("、入围作品均已打分", "，未获打分的作品质量分为0分") if rules.weights.quality else ("", "")
    return (
        f"截止后作品和评论均已审核、作品的照片和视频均已处理{marked}的，可以提前评定；届时尚未完成的，待完成后评定。"
        f"确需先行评定的，在结果中公开理由，尚未审核或者处理的作品不参与评选{unmarked}。"
    )


def _objections(rules: Rules) -> list[str]:
    if not rules.objection_days:
        return [f"公布后即{_FINAL}。对结果有异议的，可按本规则所列联系方式向主办方提出。"]
    judged = "组织" if rules.method == "draw" else "组织和打分"
    return [
        f"公布后公示{rules.objection_days}天。公示期内，参与者可在活动页面提出异议，由未参与本活动{judged}的编辑核实并答复；"
        "确有错误的，予以更正并公布。",
        f"公示期满且异议全部处理完毕的，{_FINAL}。",
    ]


def claim_sections(rules: Rules) -> list[Section]:
    """How prizes are claimed and delivered, and how they are lost."""
    return [section("领取奖品", *_claim(rules), _delivery(rules)), _waiver(rules)]


def _claim(rules: Rules) -> list[str]:
    kinds = kinds_of(prize.kind for prize in rules.prizes)
    details = list(dict.fromkeys(kind.claim_text for kind in kinds if kind.claim_text))
    if len(details) > 1:
        how = f"填写领奖信息（{'；'.join(f'{kind.label}：{kind.claim_text}' for kind in kinds if kind.claim_text)}）"
    else:
        how = f"填写{details[0]}" if details else "确认领取"
    free = "" if rules.tax_borne_by == "organiser" else "除本规则所列税款外，"
    return [
        f"{winner_word(is_draw=rules.method == 'draw')}须{claim_deadline_text(rules)}，由本人用参与活动的账号，"
        f"在读特App“我的奖品”中{how}。",
        f"{free}领取奖品不收取任何费用，不附加其他条件。",
    ]


def _delivery(rules: Rules) -> str | tuple[str, ...]:
    kinds = kinds_of(prize.kind for prize in rules.prizes)
    within = f"自{_FINAL}且领奖信息填写完整之日起{rules.delivery.within_days}天内"
    place = rules.delivery.place or "站内消息另行通知的地点"
    ways = [kind.delivery_text.format(within=within, place=place) for kind in kinds]
    if rules.delivery.place and not any(kind.is_collected for kind in kinds):
        ways.append(f"需要自取的，地点为{rules.delivery.place}")
    return (f"奖品在{_FINAL}后交付：", *(f"{way}。" for way in ways)) if rules.prizes else f"奖品交付方式：{BLANK}。"


_LOSS = (
    "评定结果后、奖品交付前，获奖者删除获奖作品或者注销账号的，以及获奖作品因违反法律或者平台规则被移除的，不再获奖。"
    "对移除提出异议的，处理期间保留其名额。"
)


def _waiver(rules: Rules) -> Section:
    return section(
        "弃奖和递补" if rules.reserve_count else "弃奖",
        "逾期未领取，或者在“我的奖品”中放弃的，视为弃奖。",
        loss_text(rules) if rules.method == "draw" else _LOSS,
        _replacement(rules),
        *_refill(rules),
        f"{_winners_list(rules)}的变动在活动页面公布。",
    )


def _replacement(rules: Rules) -> str | None:
    """How two editors take a place away; without days for objections the result is final as it is announced."""
    if not rules.objection_days:
        return None
    won, winner = ("中奖", "中奖者") if rules.method == "draw" else ("获奖", "获奖者")
    return (
        f"结果公布后、最终确定前，经两名编辑核实，{winner}不符合{won}条件或者有“公平参与”所列情形的，"
        f"取消其{won}资格，并将理由告知本人。"
    )


def _winners_list(rules: Rules) -> str:
    return "中奖名单" if rules.method == "draw" else "获奖名单"


def _refill(rules: Rules) -> list[str]:
    """What happens to a place that is free. Only a missed deadline is subject to `unclaimed`."""
    if not rules.reserve_count:
        return ["空出的名额不再补选，相应奖品不再发放。"]
    lapsed = "" if rules.unclaimed == "next_reserve" else "因逾期未领取空出的名额不再递补。"
    other = "空出的名额" if rules.unclaimed == "next_reserve" else "因其他原因空出的名额"
    hidden = passed_over_text(rules) if rules.method == "draw" else "或者作品不可见"
    return [
        f"{lapsed}{other}{refill_text(rules)}；没有候补的，名额空缺。",
        f"候补在递补时已被封禁、已注销账号、已获得本活动奖品{hidden}的，由下一名候补递补。"
        "递补者另行通知，领取期限自通知时重新计算。",
    ]


def closing_sections(rules: Rules) -> list[Section]:
    """Licence, tax, personal data, changes and organiser."""
    used = "动态" if rules.method == "draw" else "作品"
    return [
        *([section(f"{used}使用", rules.licence_text.strip())] if rules.licence_text else []),
        _tax(rules),
        _privacy(rules),
        _changes(rules),
        section("主办方", f"主办方：{rules.organiser.strip() or BLANK}。联系方式：{rules.contact.strip() or BLANK}。"),
    ]


def _tax(rules: Rules) -> Section:
    by = "主办方" if rules.tax_borne_by == "organiser" else winner_word(is_draw=rules.method == "draw")
    return section("税费", f"奖品依法应缴纳个人所得税的（偶然所得，税率20%），由主办方代扣代缴，税款由{by}承担。")


def _changes(rules: Rules) -> Section:
    done = "确定签单" if rules.method == "draw" else "评定结果"
    return section(
        "规则变更和活动取消",
        "活动开始后，主办方只作有利于参与者的变更，以及不影响结果的文字修改。本规则的每个版本都可在活动页面查阅。",
        f"活动开始后确需取消的，须在{done}前由两名编辑决定，公布理由并通知参与者。",
    )


def _of_participants(rules: Rules) -> str:
    """The personal data of participants that is processed, and what of it is published."""
    if rules.method != "draw":
        aim, of, published = "评定", "动态、点赞和评论", "计分表列明作品编号，"
    else:
        thing = {"post": "动态", "comment": "评论", "like": "点赞"}[rules.entry_by]
        aim, of, published = "开奖", thing, "签单中，" if rules.entry_by == "like" else f"签单列明{thing}编号，"
    return (
        f"为核实参与资格、{aim}和公布结果，主办方处理参与者的账号信息、手机号验证结果和本活动的{of}记录。"
        f"公布的{published}参与者以代号表示。"
    )


def _privacy(rules: Rules) -> Section:
    kinds = kinds_of(prize.kind for prize in rules.prizes)
    days, most = rules.claims_kept_days, rules.claims_kept_at_most_days
    # Without details of the winners, what is kept are the codes.
    held = "领奖信息" if not kinds or any(kind.claim_fields for kind in kinds) else "兑换码"
    given = "，只提供给承担寄送的单位" if any(kind.is_shipped for kind in kinds) else ""
    kept = f"{held}在活动结束后按期销毁" if days is None else f"{held}自{_FINAL}起满{days}天销毁"
    if days is not None and most is not None and most > days:
        kept += f"；届时奖品尚未交付完毕的，最迟满{most}天销毁"
    winner = winner_word(is_draw=rules.method == "draw")
    return section(
        "个人信息",
        _of_participants(rules),
        f"领奖信息仅用于核实身份和交付奖品，加密保存{given}。" if held == "领奖信息" else "领取奖品无须填写个人信息。",
        f"{kept}。为接受监督检查，脱敏的领奖记录自{_FINAL}起保存两年（{ARCHIVE.days}天）。",
        f"{winner}可在“我的奖品”中查询本人的领奖信息，主办方核实前可以自行更正；核实后发现有误的，请联系主办方。"
        if held == "领奖信息"
        else None,
        f"{winner}不满十四周岁的，由监护人同意并代为{'填写' if held == '领奖信息' else '领取'}。",
    )
