"""Texts: what is stored, and what is refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.texts import clean_text, text_problem

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
