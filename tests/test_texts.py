"""Texts: what is stored, and what is refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import Invalid
from feed.texts import clean_text, read_reason, require_text, require_texts, text_problem

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


def test_text_is_stored_composed() -> None:
    assert clean_text("Cafe\u0301") == "Caf\u00e9"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "required"),
        (" \n\u3000", "required"),
        ("ab", "too_short"),
        ("abc", None),
        ("读" * 10, None),
        ("😀" * 10, None),
        ("读" * 11, "too_long"),
        ("a\x00bc", "forbidden_character"),
        ("abc\ud800", "forbidden_character"),
        ("\udfffabc", "forbidden_character"),
        ("\x00" * 99, "forbidden_character"),
    ],
)
def test_a_text_is_refused_with_the_code_of_its_problem(value: str, problem: str | None) -> None:
    assert text_problem(value, shortest=3, longest=10) == problem


def test_a_text_that_may_be_empty_may_be_blank() -> None:
    assert text_problem("", shortest=0, longest=10) is None
    assert text_problem("  ", shortest=0, longest=10) is None


@given(ANY_TEXT)
def test_cleaning_never_fails_and_changes_nothing_twice(value: str) -> None:
    cleaned = clean_text(value)
    assert clean_text(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@given(ANY_TEXT)
def test_cleaning_does_not_hide_a_forbidden_character(value: str) -> None:
    refused = text_problem(value, shortest=0, longest=1000)
    assert text_problem(clean_text(value), shortest=0, longest=1000) == refused


@given(ANY_TEXT)
def test_what_is_accepted_can_be_encoded_and_is_within_its_limits(value: str) -> None:
    if text_problem(value, shortest=1, longest=20) is None:
        value.encode()
        assert "\x00" not in value
        assert len(value.strip()) >= 1
        assert len(value) <= 20


def test_a_required_text_is_clean_and_has_no_white_space_around_it() -> None:
    assert require_text("name", " \u3000Cafe\u0301\n", longest=4) == "Caf\u00e9"
    assert read_reason(" 核对 ") == "核对"


def test_each_required_text_that_is_wrong_is_named_with_its_length() -> None:
    with pytest.raises(Invalid) as refused:
        require_texts({"carrier": (" ", 40), "tracking_no": ("1", 60), "note": ("长" * 4, 3)})
    assert [(each.field, each.code, each.params) for each in refused.value.errors] == [
        ("carrier", "required", {"longest": 40}),
        ("note", "too_long", {"longest": 3}),
    ]


def test_of_many_wrong_texts_the_first_twenty_are_named() -> None:
    with pytest.raises(Invalid) as refused:
        require_texts({f"codes[{at}]": ("", 9) for at in range(30)})
    assert [each.field for each in refused.value.errors] == [f"codes[{at}]" for at in range(20)]
