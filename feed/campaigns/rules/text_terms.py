"""The paragraphs of the rules text from the result on: result, objections, claim, delivery, waiver, tax, privacy."""

from collections.abc import Collection
from datetime import timedelta

from feed.campaigns.claim_deadline import claim_deadline_text
from feed.campaigns.model import FREEZE_AFTER, Rules
from feed.campaigns.prize_kinds import KINDS, kinds_of
from feed.campaigns.rules.text_prizes import refill_text
from feed.campaigns.text_parts import BLANK, local_time


def terms_text(rules: Rules, missing: Collection[str]) -> list[str]:
    """The paragraphs in their order. Fields in `missing` have placeholders, which are not printed."""
    return [
        _result(rules, missing),
        _objections(rules),
        _claim(rules),
        _delivery(rules),
        _waiver(rules),
        _tax(rules),
        _privacy(rules),
        "规则变更：活动开始后，主办方只作有利于参与者的变更和不影响评选的文字修改；本规则的每个版本都可在活动页面查阅。",
        f"主办方：{rules.organiser.strip() or BLANK}。联系方式：{rules.contact.strip() or BLANK}。",
    ]


def _result(rules: Rules, missing: Collection[str]) -> str:
    at = BLANK if is_undated(rules, missing) else local_time(rules.settles_at)
    is_draw = rules.method == "draw"
    done, waits = ("确定签单", "待审核") if is_draw else ("评定", "待审核或待评分")
    unmarked = "" if is_draw else "，未获打分的作品质量分为0"
    return (
        f"结果产生与公布：{at}{'确定签单，并按上述时间开奖' if is_draw else '评定结果'}；"
        f"截止满{FREEZE_AFTER // timedelta(seconds=1)}秒后已无内容{waits}的，可以提前{done}；"
        f"届时仍有内容{waits}的，处理完毕后{done}；确需先行{done}的，记录理由，尚未审核的作品不参与评选{unmarked}。"
        f"结果经两名编辑确认后，在活动页面以昵称公布，附可独立验算的{'签单' if is_draw else '计分表'}和签名，"
        "并以站内消息和短信通知获奖者。"
    )


def is_undated(rules: Rules, missing: Collection[str]) -> bool:
    """Whether the draft has no date of the result yet."""
    return "settle_at" in missing or (rules.settle_at is None and "ends_at" in missing)


def _objections(rules: Rules) -> str:
    if not rules.objection_days:
        return "异议：对结果有异议的，可按下列联系方式向主办方提出。"
    return (
        f"公示与异议：结果公示{rules.objection_days}天，期间可在活动页面提出异议，由未参与组织和打分的人员核实答复；"
        "经核实确有错误的，更正并公布。"
    )


def _claim(rules: Rules) -> str:
    kinds = [prize.kind for prize in rules.prizes if prize.kind in KINDS]
    details = "；".join(dict.fromkeys(text for kind in kinds if (text := KINDS[kind].claim_text)))
    how = f"填写{details}" if details else "确认领取"
    free = "" if rules.tax_borne_by == "organiser" else "除下述税款外"
    return (
        f"领取条件、时间和方式：获奖者本人凭参与活动的账号，{claim_deadline_text(rules)}，在读特App“我的奖品”中{how}。"
        f"领取{free}不收取任何费用，也不附加其他条件。"
    )


def _delivery(rules: Rules) -> str:
    kinds = kinds_of(prize.kind for prize in rules.prizes)
    within = f"自领取信息填写完整之日起{rules.delivery.within_days}天内"
    place = rules.delivery.place or "站内消息另行通知的地点"
    ways = [kind.delivery_text.format(within=within, place=place) for kind in kinds]
    if rules.objection_days:
        ways.append("以上均在公示期满、异议处理完毕后进行")
    if rules.delivery.place and not any(kind.is_collected for kind in kinds):
        ways.append(f"需要自取的，地点为{rules.delivery.place}")
    return f"奖品交付方式：{'；'.join(ways) if rules.prizes else BLANK}。"


def _waiver(rules: Rules) -> str:
    next_one = refill_text(rules) if rules.unclaimed == "next_reserve" else "不再递补"
    return (
        "弃奖：逾期未领取，或者在“我的奖品”中放弃的，视为弃奖；结果评定后删除获奖作品、注销账号，"
        f"或者获奖作品因违法违规被移除的，不再获奖。空出的名额{next_one}。"
    )


def _tax(rules: Rules) -> str:
    by = "主办方" if rules.tax_borne_by == "organiser" else "获奖者"
    return f"税费：奖品依法应缴纳个人所得税的（偶然所得，税率20%），由主办方代扣代缴，税款由{by}承担。"


def _privacy(rules: Rules) -> str:
    return (
        "个人信息：领奖信息仅用于核实身份和交付奖品，加密保存，只提供给承担寄送的单位，活动结束后按期销毁；"
        "为接受监督检查，脱敏的获奖记录保存两年。获奖者可以查询、更正自己的领奖信息；"
        "不满十四周岁的，由监护人同意并代为填写。"
    )
