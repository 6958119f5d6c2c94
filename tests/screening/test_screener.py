"""The whole check: any text, every kind, and what stays out of it."""

from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from feed.screening.forms import form_of
from feed.screening.model import TextKind
from feed.screening.pinyin_list import PinyinList
from feed.screening.screener import LABELS_MOST, Screener, compiled
from feed.screening.trial import harmless_texts
from feed.screening.word_list import Word
from tests.support.listed_words import LISTED

WORDS = [
    Word(term, form_of(term), "block" if place % 2 else "review", "illegal")
    for place, term in enumerate(LISTED.split())
]
SCREENER = Screener(compiled(WORDS, 5))
SOUNDS = PinyinList(WORDS, version=5)
PIECES = st.sampled_from(
    [
        "赌",
        "博",
        "口",
        "交",
        "贝者",
        "微信",
        "加",
        "v",
        "X",
        "1",
        "3",
        "8",
        "一",
        "０",
        ".",
        "点",
        "com",
        "http://",
        "。",
        "\n",
        " ",
        "\u200b",
        "😀",
        "é",
        "ＱＱ",
        "\u0336",
        "①",
        "㈱",
        "ﷺ",
        "가",
        "\ud7b0",
        "\U000323b0",
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=60).map("".join))


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(get_args(TextKind)))
def test_every_text_gets_a_result_whose_places_are_in_the_text(text: str, kind: TextKind) -> None:
    result = SCREENER.check(text, kind)
    assert result.list_version == 5
    assert (result.verdict == "pass") == (not result.labels)
    assert 0 <= result.risk <= 100
    assert result.verdict != "block" or result.reason_code is not None
    for label in (*result.labels, *SOUNDS.find(text)):
        assert 0 <= label.start < label.start + label.length <= len(text)
    # The same text gives the same result.
    assert SCREENER.check(text, kind) == result


def test_no_harmless_text_is_taken_for_a_contact() -> None:
    assert [text for text in harmless_texts() if Screener().check(text, "post").labels] == []


def test_a_text_made_to_be_slow_comes_to_an_end() -> None:
    # A pattern that goes back and forth would not come to its end within the timeout of a test.
    attacks = [
        "a." * 1000,
        "加" * 2000,
        "1" * 2000,
        "http://" * 280,
        "点com" * 500,
        "贝者" * 1000,
        "赌\u200b" * 1000,
        "v" * 2000,
        "xianganxianganxianganxq " * 80,
        "13" * 1000,
        "www。" * 500,
    ]
    for attack in attacks:
        assert len(SCREENER.check(attack, "post").labels) <= LABELS_MOST
        assert len(SOUNDS.find(attack)) <= 10
