import pytest

from feed.screening.forms import form_of
from feed.screening.pinyin_list import PinyinList
from feed.screening.trial import harmless_texts
from feed.screening.word_list import Word
from tests.support.listed_words import LISTED


def sounds(*terms: str) -> PinyinList:
    return PinyinList([Word(term, form_of(term), "block", "illegal") for term in terms], version=1)


@pytest.mark.parametrize(
    "text", ["来赌bo吧", "dubo", "du博", "DU bo", "发抡功", "法仑功", "代开发漂", "dai开fa票", "fǎ轮功"]
)
def test_a_word_in_other_characters_of_its_sound_is_held(text: str) -> None:
    labels = sounds("赌博", "法轮功", "代开发票").find(text)
    assert [label.level for label in labels] == ["review"]
    assert labels[0].layer == "pinyin"
    assert 0 <= labels[0].start < labels[0].start + labels[0].length <= len(text)


@pytest.mark.parametrize("text", ["我在独播这部剧", "读博士", "法轮功", "dubai", "double", "the dub of", "发，轮功"])
def test_two_syllables_in_han_characters_and_the_word_itself_are_none(text: str) -> None:
    assert sounds("赌博", "法轮功").find(text) == []


def test_hardly_any_harmless_text_sounds_like_a_listed_word() -> None:
    words = sounds(*LISTED.split())
    held = [text for text in harmless_texts() if words.find(text)]
    assert len(held) <= len(harmless_texts()) * 0.02, held
