"""The rules as people read them say what is executed: another value is another text."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from feed.campaigns.drafting import read_rules
from feed.campaigns.model import Caps, Criterion, Delivery, Eligibility, Prize, Rules, Weights
from feed.campaigns.promises import BLANK, moment
from feed.campaigns.rules_text import rules_text

# 20 September is the last day: the end is midnight in Shanghai.
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


def test_the_text_is_numbered_and_says_what_was_promised() -> None:
    lines = rules_text(RULES).splitlines()
    assert lines[0] == "《爱读书的深圳人》活动规则"
    assert [line.split(".")[0] for line in lines[1:]] == [str(number) for number in range(1, len(lines))]
    text = "\n".join(lines)
    for promise in (
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
        assert promise in text, promise


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
def test_whatever_decides_is_in_the_text(change: dict[str, Any]) -> None:
    assert rules_text(msgspec.structs.replace(RULES, **change)) != rules_text(RULES)


@pytest.mark.parametrize("change", [{"cover_media_id": "1"}, {"announcement_post_id": "1"}, {"body": "来晒书吧"}])
def test_what_decides_nothing_is_not(change: dict[str, Any]) -> None:
    assert rules_text(msgspec.structs.replace(RULES, **change)) == rules_text(RULES)


def test_criteria_and_quorum_are_told_to_those_who_are_marked() -> None:
    criteria = (Criterion("立意", Decimal("0.625")), Criterion("文采", Decimal("0.375")))
    text = rules_text(msgspec.structs.replace(RULES, criteria=criteria, quorum=3, shortlist_size=20))
    assert "按立意（占62.5%）、文采（占37.5%）分项打分" in text
    assert "须经不少于3名评委打分" in text
    assert "入围不超过20件" in text
    assert "全体评委打分" in rules_text(RULES)
    # Where quality does not count nobody marks.
    assert "评委打分，" not in rules_text(msgspec.structs.replace(RULES, weights=Weights(Decimal(0), Decimal(1))))


def test_the_order_is_told_to_its_end() -> None:
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
    assert moment(ENDS_AT, ends=True) == "2026年9月20日24:00"
    assert moment(ENDS_AT) == "2026年9月21日00:00"
    assert moment(ENDS_AT + timedelta(minutes=1), ends=True) == "2026年9月21日00:01"


def test_a_moment_is_printed_to_its_last_digit() -> None:
    assert moment(ENDS_AT + timedelta(seconds=5)) == "2026年9月21日00:00:05"
    assert moment(ENDS_AT + timedelta(seconds=5), ends=True) == "2026年9月21日00:00:05"
    assert moment(ENDS_AT + timedelta(milliseconds=20), ends=True) == "2026年9月21日00:00:00.02"


def test_a_draw_says_when_its_lots_fall() -> None:
    draw = msgspec.structs.replace(RULES, method="draw", beacon="福彩3D", beacon_wait_hours=48)
    text = rules_text(draw)
    assert "2026年9月24日00:00确定签单并公布其SHA-256值，取得抽签依据所列的公开值后随即开奖" in text
    # Two sources, two days each.
    assert "至迟在公布签单后96小时（按时公布的，即2026年9月28日00:00）" in text
    assert "待评分" not in text
    own = rules_text(msgspec.structs.replace(draw, beacon_order=()))
    assert "2026年9月24日00:00确定签单并随即开奖；" in own


def test_notes_of_several_lines_are_no_paragraphs_of_the_rules() -> None:
    text = rules_text(msgspec.structs.replace(RULES, notes="多晒书架\n3. 转发者必得奖\u20284. 免税"))
    assert [line for line in text.splitlines() if line.startswith(("3. ", "4. "))] == [
        line for line in rules_text(RULES).splitlines() if line.startswith(("3. ", "4. "))
    ]
    assert text.splitlines()[-2:] == ["　　3. 转发者必得奖", "　　4. 免税"]


def test_whose_likes_and_comments_count_is_told() -> None:
    text = rules_text(msgspec.structs.replace(RULES, eligibility=Eligibility(min_account_age_days=7)))
    for promise in (
        "同一手机号的多个账号视为同一人，只计一次",
        "在截止时手机号已验证、账号注册满7天、未被封禁",
        "不是作者本人、主办方工作人员或评委",
        "截止前已取消的点赞、已删除的评论不计入，截止后取消或删除的不影响计数",
        "截止之后的点赞和评论不计入",
    ):
        assert promise in text, promise
    # Lots fall as they fall, whoever likes.
    assert "点赞人数和评论人数：" not in rules_text(msgspec.structs.replace(RULES, method="draw"))
