"""The rules text corresponds to the rules: another value gives another text."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.model import Caps, Criterion, Delivery, Eligibility, Prize, Rules, Weights
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.rules.text import EXCLUSION_TEXTS, rules_text
from feed.campaigns.scoring.engagement import EXCLUSION_REASONS
from feed.campaigns.text_parts import BLANK, local_time
from feed.prizes.draw.beacon import window_at, windows

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


def test_the_text_is_numbered_and_contains_every_term() -> None:
    lines = rules_text(RULES).splitlines()
    assert lines[0] == "《爱读书的深圳人》活动规则"
    assert [line.split(".")[0] for line in lines[1:]] == [str(number) for number in range(1, len(lines))]
    text = "\n".join(lines)
    for term in (
        "2026年9月1日09:30至2026年9月20日24:00",
        "#爱读书的深圳人#",
        "选出3人，候补5人",
        "内容质量（评委打分）占50%、点赞占30%、评论占20%",
        "10人点赞约得10.",
        "深圳盒子×1（实物，单价约59.9元）；月卡×2（兑换码，单价约30元，",
        "无需购买",
        "公示3天",
        "通知后7天内",
        "2026年9月24日00:00评定结果",
        "弃奖：逾期未领取",
        "自领取信息填写完整之日起30天内寄出，运费由主办方承担",
        "兑换码在“我的奖品”中",
        "税率20%），由主办方代扣代缴，税款由主办方承担",
        "在活动页面提出异议",
        "脱敏的获奖记录保存两年",
        "不满十四周岁的，由监护人同意",
        "未获打分的作品质量分为0",
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
    assert "须经不少于3名评委打分" in text
    assert "入围不超过20件" in text
    assert "全体评委打分" in rules_text(RULES)
    # Without a weight of quality there are no marks.
    assert "评委打分，" not in rules_text(msgspec.structs.replace(RULES, weights=Weights(Decimal(0), Decimal(1))))


def test_the_text_names_every_tie_break() -> None:
    assert "依次按发布时间早者排列" in rules_text(msgspec.structs.replace(RULES, tie_break=()))
    assert "依次按有效点赞人数多者、发布时间早者排列" in rules_text(
        msgspec.structs.replace(RULES, tie_break=("likes",))
    )


def test_an_unfinished_draft_has_a_text_with_blanks() -> None:
    rules, _ = read_rules({"title": "读书月", "prizes": [{"name": "书"}]}, publishing=False)
    text = rules_text(rules, missing={"topic", "starts_at", "ends_at", "winner_count", "method"})
    assert "2000年" not in text
    assert f"{BLANK}至{BLANK}" in text
    assert f"书×1（{BLANK}，单价约{BLANK}）" in text
    assert f"共{BLANK}名" in text
    assert f"{BLANK}评定结果" in text
    assert f"主办方：{BLANK}。联系方式：{BLANK}。" in text


def test_notes_are_marked_as_no_part_of_the_rules() -> None:
    last = rules_text(msgspec.structs.replace(RULES, notes="点赞最多者必得奖")).splitlines()[-1]
    assert last == "温馨提示（不属于评选规则）：点赞最多者必得奖"


def test_midnight_is_the_end_of_a_day_and_the_beginning_of_the_next() -> None:
    assert local_time(ENDS_AT, ends=True) == "2026年9月20日24:00"
    assert local_time(ENDS_AT) == "2026年9月21日00:00"
    assert local_time(ENDS_AT + timedelta(minutes=1), ends=True) == "2026年9月21日00:01"


def test_a_time_is_printed_to_its_last_digit() -> None:
    assert local_time(ENDS_AT + timedelta(seconds=5)) == "2026年9月21日00:00:05"
    assert local_time(ENDS_AT + timedelta(seconds=5), ends=True) == "2026年9月21日00:00:05"
    assert local_time(ENDS_AT + timedelta(milliseconds=20), ends=True) == "2026年9月21日00:00:00.02"


def test_notes_of_several_lines_are_no_paragraphs_of_the_rules() -> None:
    text = rules_text(msgspec.structs.replace(RULES, notes="多晒书架\n3. 转发者必得奖\u20284. 免税"))
    assert [line for line in text.splitlines() if line.startswith(("3. ", "4. "))] == [
        line for line in rules_text(RULES).splitlines() if line.startswith(("3. ", "4. "))
    ]
    assert text.splitlines()[-3:] == [
        f"温馨提示（不属于评选规则）：{line}" for line in ("多晒书架", "3. 转发者必得奖", "4. 免税")
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
    (line,) = [line for line in rules_text(rules).splitlines() if "开奖时间：" in line]
    executed = windows(rules, rules.settles_at)
    assert f"{local_time(rules.settles_at)}公布签单" in line
    for window in executed:
        assert f"{local_time(window.not_before)}至{local_time(window.until)}" in line
    assert f"至{local_time(executed[-1].until)}仍未取得公开值的，不再有可公开验证的抽签" in line
    assert window_at(rules, rules.settles_at, executed[-1].until) is None


def test_a_draw_without_a_beacon_is_drawn_at_once() -> None:
    rules = msgspec.structs.replace(RULES, method="draw", beacon_order=())
    assert "开奖时间：2026年9月24日00:00公布签单，随即开奖" in rules_text(rules)


def test_a_draw_without_dates_has_blanks_for_its_times() -> None:
    rules, _ = read_rules({"title": "读书月", "method": "draw"}, publishing=False)
    for order in (("public_number", "drand"), ("drand",), ()):
        text = rules_text(msgspec.structs.replace(rules, beacon_order=order), missing={"starts_at", "ends_at"})
        assert "2000年" not in text
        assert f"开奖时间：{BLANK}公布签单" in text


def test_the_text_has_a_clause_for_each_exclusion_reason() -> None:
    assert tuple(EXCLUSION_TEXTS) == EXCLUSION_REASONS
    text = rules_text(msgspec.structs.replace(RULES, eligibility=Eligibility(min_account_age_days=7)))
    for words in EXCLUSION_TEXTS.values():
        assert words.format(days=7) in text
    assert "注册未满" not in rules_text(RULES)
    # In a draw, engagement does not count.
    assert "有效点赞和评论" not in rules_text(msgspec.structs.replace(RULES, method="draw"))


def test_the_text_says_what_is_judged_at_the_deadline() -> None:
    text = rules_text(RULES)
    for words in (
        "截止时未撤回的点赞",
        "截止时未被发表者删除且评定时公开可见的评论（含回复）",
        "手机验证、工作人员身份、封禁和注册时间一律以截止时刻为准",
        "截止时未处于封禁中",
        "该版本须带本话题",
        "截止满10秒后已无内容待审核或待评分的，可以提前评定",
        "以上均在公示期满、异议处理完毕后进行",
    ):
        assert words in text, words
