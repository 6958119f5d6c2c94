"""The rules text corresponds to the rules: another value gives another text."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.model import Caps, Criterion, Delivery, Eligibility, Prize, Rules, Weights
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.rules.text import DRAW_FAULT_TEXTS, FAULT_TEXTS, rules_text
from feed.campaigns.rules.text_selection import EXCLUSION_TEXTS
from feed.campaigns.scoring.engagement import EXCLUSION_REASONS
from feed.campaigns.text_parts import BLANK, local_time, numeral, period
from feed.prizes.draw.beacon import window_at, windows
from feed.reasons import DisqualificationReason

# Midnight in Shanghai: 20 September is the last day.
ENDS_AT = datetime(2026, 9, 20, 16, tzinfo=UTC)
RULES = Rules(
    title="爱读书的深圳人",
    topic="爱读书的深圳人",
    starts_at=datetime(2026, 9, 1, 1, 30, tzinfo=UTC),
    ends_at=ENDS_AT,
    method="ranked",
    winner_count=3,
    reserve_count=5,
    prizes=(
        Prize(name="深圳盒子", kind="goods", per_winner=1, value_cny=Decimal("59.90")),
        Prize(name="月卡", kind="code", per_winner=2, value_cny=Decimal("30")),
    ),
    claim_days=7,
    organiser="读特",
    contact="0755-12345678",
)


def sections(rules: Rules, **given: Any) -> dict[str, list[str]]:
    """The lines of each section by its heading."""
    found: dict[str, list[str]] = {}
    for line in rules_text(rules, **given).splitlines()[1:]:
        if heading := re.fullmatch("([一二三四五六七八九十]+)、(.+)", line):
            found[heading[2]] = []
            assert heading[1] == numeral(len(found))
        elif line and not line.startswith("温馨提示"):
            found[list(found)[-1]].append(line)
    return found


def test_the_text_is_numbered_and_contains_every_term() -> None:
    text = rules_text(RULES)
    assert text.splitlines()[0] == "《爱读书的深圳人》活动规则"
    for lines in sections(RULES).values():
        items = [line for line in lines if not line.startswith("（")]
        numbered = [f"{number}. " for number in range(1, len(items) + 1)] if len(items) > 1 else [""]
        assert all(item.startswith(number) for item, number in zip(items, numbered, strict=True))
    for term in (
        "2026年9月1日9时30分开始，9月20日24时截止",
        "#爱读书的深圳人#",
        "评出获奖者3名、候补5名",
        "综合得分＝质量分×50%＋点赞分×30%＋评论分×20%",
        "10人点赞约合10.",
        "（1）深圳盒子×1（实物，单价约59.9元）；\n（2）月卡×2（兑换码，单价约30元，",
        "无需购买",
        "公示3天",
        "站内消息发出后7天内",
        "2026年9月24日0时评定结果",
        "结果最迟于2026年9月30日24时公布",
        "逾期未领取",
        "领奖信息填写完整之日起30天内寄出，运费由主办方承担",
        "兑换码在“我的奖品”中",
        "税率20%），由主办方代扣代缴，税款由主办方承担",
        "在活动页面提出异议",
        "脱敏的领奖记录自结果最终确定起保存两年（731天）",
        "不满十四周岁的，由监护人同意",
        "未获打分的作品，质量分为0分",
        "由候补依次递补",
        "主办方：读特。联系方式：0755-12345678。",
    ):
        assert term in text, term


@pytest.mark.parametrize(
    "change",
    [
        {"title": "读书月"},
        {"topic": "读书月"},
        {"starts_at": RULES.starts_at + timedelta(minutes=1)},
        {"starts_at": RULES.starts_at + timedelta(seconds=1)},
        {"ends_at": ENDS_AT + timedelta(milliseconds=1)},
        {"settle_at": ENDS_AT + timedelta(days=3, seconds=1)},
        {"ends_at": ENDS_AT + timedelta(minutes=1)},
        {"settle_at": ENDS_AT + timedelta(days=5)},
        {"method": "draw"},
        {"winner_count": 4},
        {"reserve_count": 6},
        {"prizes": RULES.prizes[:1]},
        {"weights": Weights(Decimal("0.4"), Decimal("0.4"), Decimal("0.2"))},
        {"caps": Caps(1001, 200)},
        {"caps": Caps(1000, 201)},
        {"tie_break": ("likes", "quality", "comments", "earliest")},
        {"objection_days": 4},
        {"claim_days": 8},
        {"claim_ends_at": ENDS_AT + timedelta(days=30)},
        {"unclaimed": "void"},
        {"organiser": "深圳特区报"},
        {"contact": "0755-87654321"},
        {"eligibility": Eligibility(min_account_age_days=7)},
        {"eligibility": Eligibility(require_media=True)},
        {"notes": "多晒书架"},
        {"prizes": (msgspec.structs.replace(RULES.prizes[1], terms="限深圳地区"),)},
        {"prizes": (msgspec.structs.replace(RULES.prizes[1], valid_until=ENDS_AT + timedelta(days=90)),)},
        {"criteria": (Criterion("立意", Decimal("0.6")), Criterion("文采", Decimal("0.4")))},
        {"quorum": 3},
        {"shortlist_size": 20},
        {"delivery": Delivery(15)},
        {"delivery": Delivery(30, "深圳书城")},
        {"tax_borne_by": "winner"},
        {"licence_text": "授权展示"},
        {"shares_topic": True},
        {"claims_kept_days": 30},
    ],
)
def test_every_field_that_matters_changes_the_text(change: dict[str, Any]) -> None:
    assert rules_text(msgspec.structs.replace(RULES, **change)) != rules_text(RULES)


@pytest.mark.parametrize("change", [{"cover_media_id": "1"}, {"announcement_post_id": "1"}, {"body": "来晒书吧"}])
def test_other_fields_do_not_change_the_text(change: dict[str, Any]) -> None:
    assert rules_text(msgspec.structs.replace(RULES, **change)) == rules_text(RULES)


def test_criteria_and_quorum_are_in_the_text() -> None:
    criteria = (Criterion("立意", Decimal("0.625")), Criterion("文采", Decimal("0.375")))
    text = rules_text(msgspec.structs.replace(RULES, criteria=criteria, quorum=3, shortlist_size=20))
    assert "按立意（占62.5%）、文采（占37.5%）分项打分" in text
    assert "须由不少于3名评委打分" in text
    assert "入围作品是交由评委打分的作品，不超过20件" in text
    assert "全体评委打分" in rules_text(RULES)


def test_what_has_no_weight_is_not_explained() -> None:
    likes = msgspec.structs.replace(RULES, weights=Weights(Decimal(0), Decimal(1)))
    assert "评委打分" not in sections(likes)
    assert "评论分" not in rules_text(likes)
    assert "综合得分＝点赞分×100%，" in rules_text(likes)
    quality = msgspec.structs.replace(RULES, weights=Weights(Decimal(1)))
    assert "有效点赞和评论" not in sections(quality)
    assert "例如" not in rules_text(quality)


def test_the_text_names_every_tie_break() -> None:
    assert "依次以发布时间早的在前" in rules_text(msgspec.structs.replace(RULES, tie_break=()))
    for order in (("likes",), ("likes", "earliest", "quality")):
        assert "依次以有效点赞人数多、发布时间早的在前" in rules_text(msgspec.structs.replace(RULES, tie_break=order))


def test_an_unfinished_draft_has_a_text_with_blanks() -> None:
    rules, _ = read_rules({"title": "读书月", "prizes": [{"name": "书"}]}, publishing=False)
    text = rules_text(rules, missing={"topic", "starts_at", "ends_at", "winner_count", "method"})
    assert "2000年" not in text
    assert f"{BLANK}开始，{BLANK}截止" in text
    assert f"书×1（{BLANK}，单价约{BLANK}）" in text
    assert f"共{BLANK}名" in text
    assert f"于{BLANK}评定结果" in text
    assert f"最迟于{BLANK}公布" in text
    assert f"主办方：{BLANK}。联系方式：{BLANK}。" in text


def test_notes_are_marked_as_no_part_of_the_rules() -> None:
    last = rules_text(msgspec.structs.replace(RULES, notes="点赞最多者必得奖")).splitlines()[-1]
    assert last == "温馨提示（不属于活动规则）：点赞最多者必得奖"


def test_midnight_is_the_end_of_a_day_and_the_beginning_of_the_next() -> None:
    assert local_time(ENDS_AT, ends=True) == "2026年9月20日24时"
    assert local_time(ENDS_AT) == "2026年9月21日0时"
    assert local_time(ENDS_AT + timedelta(minutes=1), ends=True) == "2026年9月21日0时1分"


def test_a_time_is_printed_to_its_last_digit() -> None:
    assert local_time(ENDS_AT + timedelta(seconds=5)) == "2026年9月21日0时0分5秒"
    assert local_time(ENDS_AT + timedelta(seconds=5), ends=True) == "2026年9月21日0时0分5秒"
    assert local_time(ENDS_AT + timedelta(milliseconds=20), ends=True) == "2026年9月21日0时0分0.02秒"


def test_notes_of_several_lines_are_no_paragraphs_of_the_rules() -> None:
    rules = msgspec.structs.replace(RULES, notes="多晒书架\n3. 转发者必得奖\u20284. 免税")
    assert sections(rules) == sections(RULES)
    text = rules_text(rules)
    assert text.splitlines()[-3:] == [
        f"温馨提示（不属于活动规则）：{line}" for line in ("多晒书架", "3. 转发者必得奖", "4. 免税")
    ]


TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))


@given(TIMES, TIMES, st.booleans())
def test_different_times_have_different_texts(one: datetime, other: datetime, ends: bool) -> None:
    for at in (other, one + timedelta(microseconds=1), one + timedelta(seconds=1), one + timedelta(minutes=1)):
        assert (local_time(one, ends=ends) == local_time(at, ends=ends)) is (one == at)


@pytest.mark.parametrize(
    "order", [("public_number", "drand"), ("drand", "public_number"), ("drand",), ("public_number",)]
)
@pytest.mark.parametrize("settle_at", [None, ENDS_AT + timedelta(days=2, seconds=17)])
def test_the_times_of_a_draw_in_the_text_are_the_executed_ones(
    order: tuple[str, ...], settle_at: datetime | None
) -> None:
    rules = msgspec.structs.replace(
        RULES, method="draw", beacon="福彩双色球", beacon_order=order, beacon_wait_hours=30, settle_at=settle_at
    )
    line = "".join(sections(rules)["开奖时间"])
    executed = windows(rules, rules.settles_at)
    assert f"{local_time(rules.settles_at)}公布签单" in line
    for window in executed:
        assert period(window.not_before, window.until) in line
    assert f"至{local_time(executed[-1].until)}仍未取得公开值的，即时开奖" in line
    assert window_at(rules, rules.settles_at, executed[-1].until) is None
    assert rules.decides_by == executed[-1].until


def test_a_draw_without_a_beacon_is_drawn_at_once() -> None:
    rules = msgspec.structs.replace(RULES, method="draw", beacon_order=())
    assert "2026年9月24日0时公布签单，随即开奖" in rules_text(rules)
    assert rules.decides_by == rules.settles_at


def test_a_draw_without_dates_has_blanks_for_its_times() -> None:
    rules, _ = read_rules({"title": "读书月", "method": "draw"}, publishing=False)
    for order in (("public_number", "drand"), ("drand",), ()):
        text = rules_text(msgspec.structs.replace(rules, beacon_order=order), missing={"starts_at", "ends_at"})
        assert "2000年" not in text
        assert f"1. {BLANK}公布签单" in text


def test_the_text_has_a_clause_for_each_exclusion_reason() -> None:
    assert tuple(EXCLUSION_TEXTS) == EXCLUSION_REASONS
    text = rules_text(msgspec.structs.replace(RULES, eligibility=Eligibility(min_account_age_days=7)))
    for words in EXCLUSION_TEXTS.values():
        assert words.format(days=7) in text
    assert "注册未满" not in rules_text(RULES)
    # In a draw, engagement does not count.
    assert "有效点赞和评论" not in rules_text(msgspec.structs.replace(RULES, method="draw"))


def test_a_draw_has_no_words_of_a_judged_campaign() -> None:
    for change in ({}, {"reserve_count": 0}, {"unclaimed": "void"}, {"shares_topic": True}, {"objection_days": 0}):
        text = rules_text(msgspec.structs.replace(RULES, method="draw", beacon="福彩", **change))
        for word in ("作品", "打分", "质量", "评委", "评选", "评定", "获奖", "入围"):
            assert word not in text, word
        assert "中奖" not in rules_text(msgspec.structs.replace(RULES, **change))


def test_without_reserves_the_text_names_none() -> None:
    for method in ("ranked", "draw"):
        for unclaimed in ("next_reserve", "void"):
            rules = msgspec.structs.replace(RULES, method=method, reserve_count=0, unclaimed=unclaimed, beacon="福彩")
            text = rules_text(rules)
            assert "候补" not in text
            assert "递补" not in text
            assert "空出的名额不再补选" in text


def test_only_a_missed_deadline_leaves_a_place_empty() -> None:
    text = rules_text(msgspec.structs.replace(RULES, unclaimed="void"))
    assert "因逾期未领取空出的名额不再递补。因其他原因空出的名额由候补依次递补" in text


def test_the_retention_is_in_days() -> None:
    assert "满30天销毁；届时奖品尚未交付完毕的，最迟满60天销毁" in rules_text(
        msgspec.structs.replace(RULES, claims_kept_days=30, claims_kept_at_most_days=60)
    )
    assert "最迟满" not in rules_text(msgspec.structs.replace(RULES, claims_kept_days=90, claims_kept_at_most_days=90))


def test_the_text_names_each_reason_of_a_disqualification() -> None:
    assert tuple(FAULT_TEXTS) == get_args(DisqualificationReason)
    assert FAULT_TEXTS.keys() - DRAW_FAULT_TEXTS.keys() == {"bought"}
    for method, faults in (("ranked", FAULT_TEXTS), ("draw", DRAW_FAULT_TEXTS)):
        text = rules_text(msgspec.structs.replace(RULES, method=method, beacon="福彩"))
        assert f"告知参与者本人：{'；'.join(faults.values())}。" in text
    assert not any("其他方式" in words for words in DRAW_FAULT_TEXTS.values())


def test_prizes_without_details_of_the_winner_ask_for_none() -> None:
    codes = msgspec.structs.replace(RULES, prizes=RULES.prizes[1:], claims_kept_days=90)
    assert "领取奖品无须填写个人信息" in rules_text(codes)
    assert "兑换码自结果最终确定起满90天销毁" in rules_text(codes)
    assert "领奖信息" not in rules_text(codes)
    tickets = msgspec.structs.replace(RULES, prizes=(Prize(name="门票", kind="ticket"),))
    assert "寄送" not in rules_text(tickets)
    assert "只提供给承担寄送的单位" in rules_text(RULES)


@pytest.mark.parametrize("order", [("public_number", "drand"), ("drand", "public_number"), ("drand",)])
def test_each_public_value_is_awaited_from_its_own_begin(order: tuple[str, ...]) -> None:
    rules = msgspec.structs.replace(RULES, method="draw", beacon="福彩", beacon_order=order)
    text = "".join(sections(rules)["抽签依据"])
    since = ["公布签单满60秒后", *["轮到本项满60秒后"] * (len(order) - 1)]
    places = [text.index(words) for words in dict.fromkeys(since)]
    assert places == sorted(places)
    assert text.count("满60秒后") == len(order)


@pytest.mark.parametrize("order", [("public_number",), ("drand",), ()])
def test_a_draw_is_drawn_once_except_for_a_corrected_number(order: tuple[str, ...]) -> None:
    rules = msgspec.structs.replace(RULES, method="draw", beacon="福彩", beacon_order=order)
    text = rules_text(rules)
    assert "开奖后不再重新抽签" in text
    assert ("除更正公开值外" in text) == ("public_number" in order)
    assert ("与公开值合并" in text) == bool(order)


@pytest.mark.parametrize("method", ["ranked", "draw"])
def test_two_editors_take_a_place_away_only_while_objections_are_possible(method: str) -> None:
    for days in (0, 3):
        rules = msgspec.structs.replace(RULES, method=method, beacon="福彩", objection_days=days)
        assert ("结果公布后、最终确定前，经两名编辑核实" in rules_text(rules)) == bool(days)


def test_details_are_corrected_until_they_are_verified() -> None:
    assert "主办方核实前可以自行更正" in rules_text(RULES)


@pytest.mark.parametrize("entry_by", ["post", "comment", "like"])
def test_the_text_says_what_is_processed_of_participants(entry_by: str) -> None:
    rules = msgspec.structs.replace(RULES, method="draw", beacon="福彩", entry_by=entry_by)
    thing = {"post": "动态", "comment": "评论", "like": "点赞"}[entry_by]
    text = "".join(sections(rules)["个人信息"])
    assert f"手机号验证结果和本活动的{thing}记录" in text
    assert (f"列明{thing}编号" in text) == (entry_by != "like")


def test_the_clause_on_use_is_about_what_takes_part() -> None:
    for method, heading in (("ranked", "作品使用"), ("draw", "动态使用")):
        rules = msgspec.structs.replace(RULES, method=method, beacon="福彩", licence_text="授权展示")
        assert heading in sections(rules)


def test_a_single_component_is_explained_in_a_sentence() -> None:
    likes = msgspec.structs.replace(RULES, weights=Weights(Decimal(0), Decimal(1)))
    assert "综合得分＝点赞分×100%，以100分为满分，得分保留六位小数。点赞分为100×ln" in rules_text(likes)


def test_numerals() -> None:
    assert [numeral(n) for n in (1, 9, 10, 11, 19, 20, 21, 99)] == [
        "一",
        "九",
        "十",
        "十一",
        "十九",
        "二十",
        "二十一",
        "九十九",
    ]


def test_a_period_prints_its_year_once() -> None:
    assert period(ENDS_AT, ENDS_AT + timedelta(days=1), ends=True) == "2026年9月21日0时至9月21日24时"
    last = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert period(ENDS_AT, last, ends=True) == "2026年9月21日0时至12月31日24时"
    assert period(ENDS_AT, last) == "2026年9月21日0时至2027年1月1日0时"


def test_the_text_says_what_is_judged_at_the_deadline() -> None:
    text = rules_text(RULES)
    for words in (
        "截止时未取消的点赞",
        "截止时未被发表者删除，且评定时公开可见的评论和回复",
        "手机号验证、工作人员权限、封禁和注册时间，以截止时为准",
        "截止时未被封禁",
        "该版本须带上述话题",
        "截止后作品和评论均已审核、作品的照片和视频均已处理、入围作品均已打分的，可以提前评定",
        "奖品在结果最终确定后交付",
        "公示期满且异议全部处理完毕的，结果最终确定",
    ):
        assert words in text, words
