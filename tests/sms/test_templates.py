from pathlib import Path

import pytest

import feed
from feed.sms.model import Purpose
from feed.sms.templates import (
    FORBIDDEN_WORDS,
    MAX_VALUE_LENGTH,
    TEMPLATES,
    InvalidTemplate,
    check_templates,
    fit_params,
    named_text,
    numbered_text,
    param_names,
    render_text,
)

NOTICE = {"campaign": "爱读书的深圳人", "date": "10 月 1 日"}


@pytest.mark.parametrize("purpose", Purpose)
def test_no_template_says_what_providers_refuse(purpose: Purpose) -> None:
    for word in (*FORBIDDEN_WORDS, "中奖", "抽奖", "奖品", "http", "www.", ".com", ".cn", "://"):
        assert word not in TEMPLATES[purpose]
    assert len(render_text(purpose, dict.fromkeys(param_names(purpose), "1"))) <= 70


@pytest.mark.parametrize("title", ["幸运大抽奖", "看 https://x.cn/y", "www.dute.net", "来 x.com 吧"])
def test_a_title_that_would_have_the_message_refused_is_not_shown(title: str) -> None:
    params = fit_params(Purpose.PRIZE_NOTICE, NOTICE | {"campaign": title})

    assert params["campaign"] == "社区"
    assert render_text(Purpose.PRIZE_NOTICE, params) == (
        "【读特】您参加的“社区”活动有新的结果通知，请在 10 月 1 日 前到读特App“消息”查看并填写收件信息。"
    )


def test_a_long_title_is_cut() -> None:
    params = fit_params(Purpose.PRIZE_NOTICE, NOTICE | {"campaign": "读" * 60})

    assert len(params["campaign"]) == MAX_VALUE_LENGTH
    assert params["campaign"].endswith("…")


def test_a_value_is_one_line_and_cannot_end_its_quotes() -> None:
    params = fit_params(Purpose.PRIZE_NOTICE, NOTICE | {"campaign": "读书\n月”\u202e“"})

    assert params["campaign"] == "读书 月’‘"


def test_a_template_takes_its_own_values_and_no_others() -> None:
    for params in ({}, {"campaign": "a"}, NOTICE | {"url": "x"}):
        with pytest.raises(ValueError, match="prize_notice takes"):
            fit_params(Purpose.PRIZE_NOTICE, params)


@pytest.mark.parametrize(
    "text", ["您中奖了", "领取奖品", "抽奖结果", "红包 {campaign}", "见 https://x.cn", "见 dute.com", "", "幸运中签"]
)
def test_a_template_that_would_be_refused_stops_the_start(text: str) -> None:
    check_templates()
    with pytest.raises(InvalidTemplate, match="prize_notice"):
        check_templates({**TEMPLATES, Purpose.PRIZE_NOTICE: text})


def test_each_provider_registers_a_text_in_its_own_spelling() -> None:
    assert named_text(Purpose.SIGN_IN_CODE) == "验证码 ${code}，${minutes} 分钟内有效，请勿告诉他人。"
    assert numbered_text(Purpose.SIGN_IN_CODE) == "验证码 {1}，{2} 分钟内有效，请勿告诉他人。"
    assert param_names(Purpose.PRIZE_NOTICE) == ["campaign", "date"]


@pytest.mark.parametrize("purpose", Purpose)
def test_what_operators_are_told_to_register_is_what_is_sent(purpose: Purpose) -> None:
    text = (Path(feed.__file__).parent.parent / "docs/how-to/operate.md").read_text("utf-8")

    assert f"| `{purpose}` | {named_text(purpose)} | {numbered_text(purpose)} |" in text
