"""Phones: one spelling for each number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import Invalid
from feed.phones import mask_phone, normalise_phone


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        "+8613800138000",
        "+86 138-0013-8000",
        "8613800138000",
        "008613800138000",
        " 138 0013 8000 ",
        "１３８００１３８０００",
        "＋８６１３８００１３８０００",
        "\u202a+86 138\u20110013\u20138000\u202c",
        "138\u200b0013\u200b8000\ufeff",
        "１３８\u3000００１３\u3000８０００",
        "138\u22120013\u00a08000",
        "١٣٨٠٠١٣٨٠٠٠",
    ],
)
def test_every_spelling_of_a_number_is_one_number(raw: str) -> None:
    assert normalise_phone(raw) == "+8613800138000"


def test_a_number_of_another_country_keeps_it() -> None:
    assert normalise_phone("+852 9123 4567") == "+85291234567"


@pytest.mark.parametrize(
    "raw",
    [
        "12345",
        "010-12345678",
        "+86138001380001",
        "13800138000 ext 5",
        "tel:+8613800138000",
        "138ABCDEFGH",
        "+8613800138000\x00",
        "\ud800",
        "+",
        "1" * 5000,
        "１" * 59,
        "+999123456789",
    ],
)
def test_what_takes_no_message_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as raised:
        normalise_phone(raw)
    assert [(error.field, error.code) for error in raised.value.errors] == [("phone", "invalid_phone")]


@pytest.mark.parametrize("raw", ["", "  "])
def test_a_missing_number_is_required_under_its_field(raw: str) -> None:
    with pytest.raises(Invalid) as raised:
        normalise_phone(raw, field="recipient.phone")
    assert [(error.field, error.code) for error in raised.value.errors] == [("recipient.phone", "required")]


@given(st.text(max_size=70) | st.from_regex(r"\+?[0-9]{5,15}", fullmatch=True))
def test_any_text_is_a_number_or_refused(raw: str) -> None:
    try:
        number = normalise_phone(raw)
    except Invalid:
        return
    assert normalise_phone(number) == number
    assert number[0] == "+"
    assert number[1:].isascii()
    assert number[1:].isdigit()


@given(st.from_regex(r"\+861[3-9][0-9]{9}", fullmatch=True))
def test_a_mask_shows_seven_digits_of_a_chinese_number(phone: str) -> None:
    masked = mask_phone(phone)
    assert masked == f"{phone[3:6]}****{phone[-4:]}"
    assert len(masked) == 11


def test_a_mask_hides_the_middle_of_a_foreign_number() -> None:
    assert mask_phone("+85291234567") == "+85****67"
    assert mask_phone("+8613800131234") == "138****1234"
