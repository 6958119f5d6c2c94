"""Texts: what is stored, and what is rejected."""

from typing import Literal

import pytest
import unicodedata2 as unicodedata
from hypothesis import given
from hypothesis import strategies as st

from feed import texts
from feed.errors import Invalid
from feed.texts import (
    MARKS_MOST,
    RAW_PER_NORMALISED,
    TextRule,
    fitted_line,
    has_visible_text,
    line,
    prose,
    quoted,
    read_reason,
    read_text,
    require_text,
    require_texts,
)

RULES = [line(40), prose(40)]
ANY_TEXT = st.text(
    st.characters(codec=None) | st.sampled_from("a读\u0301\u0316\u200b\u200d\u202e\u2066\u2069\n\u2028\u3164\ufe0f #"),
    max_size=60,
)
BIDI = [chr(each) for each in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
BREAKS = ["\n", "\r", "\t", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
CONTROLS = ["\x00", "\x07", "\x08", "\x1b", "\x7f", "\x9b", "\ud800", "\udfff"]
INVISIBLE = [
    "\u200b", "\u200c\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u180e", "\u3164", "\uffa0", "\u115f\u1160", "\u17b4", "\u2800",
    "\U0001d159", "\U00013441", "\ufffc", "\ufe0f", "\U000e0100", "\U000e0041\U000e0042", "\u0301", "\u0301\u20e3", "\u0e34", "\u093f",
    "\u2062", "\ufff9\ufffb", "\u3164 \u2800", "\u3000\u200b\u3000",
]  # fmt: skip
BLANK = ["", " ", "   ", "\u3000", "\u00a0\u2007\u202f", "\n", " \n\u3000", "\u2028", "\t\r\n"]
LEGITIMATE = [
    "小明", "𠮷野家", "\U00031350", "\U0001fabf", "👨‍👩‍👧‍👦", "❤️", "👍🏽", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "🇨🇳", "O'Brien", "Zoë", "محمد", "שלום",
    "شه‌زاده", "ཨོཾ་མ་ཎི", "น้ำใจ", "क्षत्रिय", "한글", "한글", "葛\U000e0100城", "٠١٢", "۝", "㐂", "々", "\ue000", "。", "-",
]  # fmt: skip


def problem(value: str, rule: TextRule) -> str | None:
    return read_text(value, rule)[1]


def test_a_text_is_stored_composed() -> None:
    assert read_text("Cafe\u0301", prose(10)) == ("Caf\u00e9", None)
    assert read_text("e\u0301" * 10, line(10)) == ("é" * 10, None)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", LEGITIMATE)
def test_the_writing_of_every_script_is_accepted(value: str, rule: TextRule) -> None:
    assert read_text(value, rule) == (unicodedata.normalize("NFC", value), None)
    assert fitted_line(value, rule.longest) == unicodedata.normalize("NFC", value)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", BLANK)
def test_a_blank_text_is_a_missing_one(value: str, rule: TextRule) -> None:
    assert problem(value, rule) == "required"
    assert read_text(value, TextRule(40, is_line=rule.is_line, required=False)) == ("", None)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("is_line", [True, False])
@pytest.mark.parametrize("value", INVISIBLE)
def test_something_must_be_visible(value: str, is_line: bool, required: bool) -> None:
    rule = TextRule(40, is_line=is_line, required=required)
    assert problem(value, rule) in ("invisible", "forbidden_character")
    assert not has_visible_text(value)
    assert fitted_line(value, 40) == ""
    # The same characters beside a letter do no harm in prose.
    assert problem(f"字{value}", prose(40)) is None


@pytest.mark.parametrize(
    "sign", [*BIDI, *BREAKS, *CONTROLS, "\u200b", "\ufeff", "\u00ad", "\U000e0041", "\uffff", "\ufdd0"]
)
def test_a_line_is_one_line(sign: str) -> None:
    for value in (f"小{sign}明", f"小明{sign}", f"{sign}小明"):
        assert problem(value, line(40)) == "forbidden_character"
        shown = fitted_line(value, 40)
        assert problem(shown, line(40)) is None
        assert shown.replace(" ", "") == "小明"


@pytest.mark.parametrize("sign", [*CONTROLS, "\x85", "\x0b", "\x0c", *(chr(each) for each in range(0x202A, 0x202F))])
def test_prose_has_no_controls_and_no_open_ended_direction(sign: str) -> None:
    assert problem(f"小{sign}明", prose(40)) == "forbidden_character"


def test_prose_keeps_line_breaks_and_the_marks_of_writing_from_right_to_left() -> None:
    for value in (
        "一\n二\r\n三\t四",
        "שלום\u200f!",
        "\u061cمرحبا",
        "他写道\u2068שלום\u2069。\n\u2067مرحبا\u2066abc\u2069\u2069",
    ):
        assert problem(value, prose(40)) is None


@pytest.mark.parametrize(
    "value", ["\u2067abc", "abc\u2069", "\u2069\u2068a", "\u2066a\nb\u2069", "\u2068a\u2069\u2069"]
)
def test_an_isolate_ends_in_its_line(value: str) -> None:
    assert problem(value, prose(40)) == "forbidden_character"


@pytest.mark.parametrize("rule", [line(1000), prose(1000)])
@pytest.mark.parametrize("mark", ["\u0316", "\u0301", "\u0301\u0316", "\u20dd", "\u0e34", "\u0316\u200d", "\ufe0f"])
@pytest.mark.parametrize("before", [0, 1, 17, 30, 31, 100])
def test_marks_are_few_in_a_row(rule: TextRule, mark: str, before: int) -> None:
    few = (mark * MARKS_MOST)[:MARKS_MOST]
    assert problem(f"{'字' * before}a{few}b{few}c", rule) is None
    assert problem(f"{'字' * before}a{few}{mark[0]}b", rule) == "too_many_marks"
    assert problem(fitted_line(f"{'字' * before}a{few * 3}b", 1000), rule) is None


def test_a_text_is_short_before_it_is_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    class Counting:
        category = staticmethod(unicodedata.category)

        @staticmethod
        def normalize(form: Literal["NFC"], value: str) -> str:
            lengths.append(len(value))
            return unicodedata.normalize(form, value)

    monkeypatch.setattr(texts, "unicodedata", Counting)
    for rule in (line(20), prose(2000)):
        for value in ("a" + "\u0301\u0316" * 60_000, "a" + "\u0301" * 200_000, "가" * 100_000):
            assert problem(value, rule) == "too_long"
            assert lengths == []
            fitted_line(value, 20)
            assert lengths == [RAW_PER_NORMALISED * 20]
            lengths.clear()


@given(st.characters())
def test_no_character_is_longer_decomposed_than_the_raw_bound_allows(character: str) -> None:
    assert len(unicodedata.normalize("NFD", unicodedata.normalize("NFC", character))) <= RAW_PER_NORMALISED * len(
        unicodedata.normalize("NFC", character)
    )


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("读" * 40, None),
        ("😀" * 40, None),
        ("读" * 41, "too_long"),
        ("\u0958" * 21, "too_long"),
        ("x" * 1000, "too_long"),
    ],
)
@pytest.mark.parametrize("rule", RULES)
def test_lengths_are_code_points_of_the_composed_text(rule: TextRule, value: str, code: str | None) -> None:
    assert problem(value, rule) == code


@given(ANY_TEXT, st.sampled_from(RULES))
def test_what_is_accepted_is_stored_and_accepted_again(value: str, rule: TextRule) -> None:
    text, found = read_text(value, rule)
    if found is None:
        text.encode()
        assert unicodedata.normalize("NFC", text) == text
        assert len(text) <= rule.longest
        assert has_visible_text(text)
        assert read_text(text, rule) == (text, None)


@given(ANY_TEXT, st.integers(1, 40))
def test_any_text_makes_a_line_or_nothing(value: str, longest: int) -> None:
    fitted = fitted_line(value, longest)
    assert len(fitted) <= longest
    assert not fitted or problem(fitted, line(longest)) is None


@given(ANY_TEXT)
def test_a_quoted_text_stays_within_its_quotes(value: str) -> None:
    shown = quoted(value)
    assert (shown[0], shown[-1]) == ("“", "”")
    assert not set("“”\n\r\u2028\u2029\u202e") & set(shown[1:-1])


def test_a_quoted_text_cannot_end_its_quotes() -> None:
    assert quoted("小明”赞了你，\n“点此领奖\u202e") == "“小明’赞了你， ‘点此领奖”"


def test_an_emoji_is_not_cut_within() -> None:
    assert fitted_line("👨‍👩‍👧‍👦", 2) == "👨"


def test_a_line_has_no_spaces_around_it() -> None:
    assert require_text("name", " \u3000Cafe\u0301\u00a0", line(4)) == "Caf\u00e9"
    assert read_reason(" 核对 ") == "核对"


def test_each_invalid_text_is_named_with_its_length() -> None:
    with pytest.raises(Invalid) as refused:
        require_texts({"carrier": (" ", line(40)), "tracking_no": ("1", line(60)), "note": ("长" * 4, prose(3))})
    assert [(each.field, each.code, each.params) for each in refused.value.errors] == [
        ("carrier", "required", {"longest": 40}),
        ("note", "too_long", {"longest": 3}),
    ]


def test_of_many_invalid_texts_the_first_twenty_are_named() -> None:
    with pytest.raises(Invalid) as refused:
        require_texts({f"codes[{at}]": ("", line(9)) for at in range(30)})
    assert [each.field for each in refused.value.errors] == [f"codes[{at}]" for at in range(20)]
