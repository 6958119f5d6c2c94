import pytest

from feed.screening.forms import form_of
from feed.screening.word_list import Word, WordList


def listed(*terms: str, level: str = "block") -> list[Word]:
    return [Word(term, form_of(term), level, "illegal") for term in terms]  # type: ignore[arg-type]


WORDS = WordList(
    [*listed("赌博", "法轮功", "代开发票", "口交", "sex", "加vx", "枪支", "六合彩"), *listed("博彩", level="review")],
    version=3,
)


def levels(text: str, words: WordList = WORDS) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = [(label.term, label.level) for label in words.find(text)]
    assert words.may_contain(form_of(text)) or not found
    return found


@pytest.mark.parametrize(
    "text",
    [
        "他去赌博了",
        "賭博",
        "赌\u200b博",
        "赌\ufe0f\u20dd博",
        "他赌*博",
        "去赌😀博",
        "ＳＥＸ",
        "ⓢⓔⓧ",
        "s.e.x",
        "s e x",
        "\u0455ex",
        "séx",
        "法*轮*功",
        "法.轮.功",
        "法 轮 功",
        "代開發票",
        "⼝交",
        "赌\u3164博",
        "赌\uffa0博",
        "赌\u115f\u1160博",
        "ꜱᴇx",
        "🆂🅴🆇",
        "🅢🅔🅧",
    ],
)
def test_a_listed_word_is_found_in_every_dress(text: str) -> None:
    assert [level for _, level in levels(text)] == ["block"]


@pytest.mark.parametrize(
    "text",
    [
        "他赌 博去了",
        "他赌.博去了",
        "他赌-博去了",
        "赌1博",
        "赌123博",
        "赌x博",
        "法1轮2功",
        "贝者博",
        "贝*者博",
        "法\n轮\n功",
        "赌\n博",
        "法，轮，功",
        "练法。轮。功吧",
        "氵去轮功",
        "s3x",
        "$5ex",
        "赌の博",
        "今晚6合彩",
    ],
)
def test_a_word_that_may_be_two_is_held_for_review(text: str) -> None:
    assert [level for _, level in levels(text)] == ["review"]


@pytest.mark.parametrize(
    "text",
    [
        "我们打赌。博物馆见",
        "打个赌\n博物馆见",
        "打赌，博物馆今天开门",
        "Essex and Sussex",
        "as ex-mayor",
        "unisex",
        "路口交通很堵",
        "路口 交通很堵",
        "东门出口，交通便利",
        "赌12345博",
        "法。轮功",
    ],
)
def test_words_side_by_side_are_no_hit(text: str) -> None:
    assert levels(text) == []


def test_the_place_is_that_in_the_text_as_it_was_sent() -> None:
    (label,) = WORDS.find("今天😀 去賭\u200b博 吧")
    assert ("今天😀 去賭\u200b博 吧"[label.start : label.start + label.length], label.term) == ("賭\u200b博", "赌博")


def test_a_longer_allowed_phrase_that_covers_the_hit_wins() -> None:
    words = WordList([*listed("黄片"), *listed("黄片糖", level="allow")])
    assert levels("冲一碗黄片糖水", words) == []
    assert levels("黄片糖和黄片", words) == [("黄片", "block")]


def test_an_allowed_phrase_that_covers_half_of_the_hit_does_not_win() -> None:
    words = WordList([*listed("黄片"), *listed("大黄", level="allow")])
    assert levels("大黄片", words) == [("黄片", "block")]


def test_a_hit_within_a_longer_one_is_left_out() -> None:
    words = WordList(listed("赌博", "网络赌博"))
    assert levels("网络赌博", words) == [("网络赌博", "block")]
    words = WordList([*listed("赌博"), *listed("网络赌博", level="review")])
    assert sorted(levels("网络赌博", words)) == [("网络赌博", "review"), ("赌博", "block")]


def test_an_empty_list_finds_nothing() -> None:
    assert levels("赌博", WordList()) == []


NOISE = [
    ".",
    "·",
    "*",
    "-",
    "_",
    "/",
    "|",
    "~",
    "+",
    "#",
    "@",
    "^",
    "=",
    " ",
    "\u3000",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\u00ad",
    "\ufe0f",
    "😀",
    "❤️",
    "★",
    "1",
    "23",
    "x",
    "\u0336",
    ",",
    "!",
    "...",
    # Fillers and letters of other scripts.
    "\u3164",
    "の",
    "ー",
    "ㄅ",
    "ก",
    "ж",
    "한",
    "١",
    "々",
]
LISTED = ["赌博", "法轮功", "代开发票", "冰毒", "枪支"]


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("term", LISTED)
def test_each_listed_word_is_at_least_held_with_noise_at_any_of_its_places(term: str, noise: str) -> None:
    words = WordList(listed(*LISTED), version=1)
    places = range(1, len(term))
    spaced = [term[:place] + noise + term[place:] for place in places] + [noise.join(term)]
    for written in spaced:
        for text in (written, f"请问{written}在哪里", f"今天{noise}去{written}{noise}吧"):
            found = words.find(text)
            assert found, text
            assert words.may_contain(form_of(text))
            hit = text[found[0].start : found[0].start + found[0].length]
            # The place is that of the word with its noise, in the text as it was sent.
            assert (hit[0], hit[-1]) == (term[0], term[-1])


@pytest.mark.parametrize("text", ["赌，博", "赌。博", "赌\n博", "“赌”博"])
def test_a_word_alone_is_held_also_with_a_clause_mark_in_it(text: str) -> None:
    assert [level for _, level in levels(text)] == ["review"]


@pytest.mark.parametrize("dress", [str, str.upper, lambda text: "".join(chr(ord(each) + 0xFEE0) for each in text)])
def test_latin_words_are_found_in_both_cases_and_widths_at_their_borders_only(dress) -> None:  # type: ignore[no-untyped-def]
    assert levels(dress("sex"))
    assert levels(f"看{dress('sex')}片")
    assert not levels(dress("sexton"))
    assert not levels(dress("unisex"))
