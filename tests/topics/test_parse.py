"""Parsing of topics: the published vectors, edge cases, and properties of all texts."""

import time

import pytest
import unicodedata2 as unicodedata
from hypothesis import given
from hypothesis import strategies as st

from feed.topics.parse import (
    KEY_LONGEST,
    MARKS,
    NAME_LONGEST,
    TopicMention,
    find_topics,
    is_topic_name,
    lookup_key,
    shown_name,
    topic_key,
)
from tests.support.javascript import code_points_with

# With many marks, blanks, punctuation, URLs, wide and narrow letters, and characters that normalize to several.
TEXTS = st.text(
    st.one_of(st.sampled_from("##＃＃ \u3000\n，。aA1１读书ſßﷺ😀\u0301\ufe0f\u200b_/:&"), st.characters()), max_size=120
)
TEXTS |= st.lists(st.sampled_from(["https://x.cn/y", "#", "＃", "top", "www.", " ", "读书", "1"]), max_size=40).map(
    "".join
)


def names(text: str) -> list[str]:
    return [mention.name for mention in find_topics(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#爱读书的深圳人#", ["爱读书的深圳人"]),
        ("＃爱读书的深圳人＃", ["爱读书的深圳人"]),
        ("#a#b#", ["a"]),
        ("#a b#", ["a"]),
        ("#水木年华25周年巡演深圳站 很幸运", ["水木年华25周年巡演深圳站"]),
        ("看https://x.cn/y#top", []),
        ("#1 名", []),
        ("#读书，真好", ["读书"]),
        ("#有你“圳”好#", ["有你“圳”好"]),
        ("C#语言", []),
        ("##", []),
        ("#a##b#", ["a", "b"]),
    ],
)
def test_the_published_vectors_hold(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("#", []),
        ("###", []),
        ("# #", []),
        ("###读书#", ["读书"]),
        ("#读书＃", ["读书"]),
        ("我爱#读书#，也爱#走路#。", ["读书", "走路"]),
        ("今天打卡#爱读书的深圳人", ["爱读书的深圳人"]),
        ("#2026#", ["2026"]),
        ("#2026", []),
        ("#2026年", ["2026年"]),
        ("#读书～", ["读书"]),
        ("#读书~真好", ["读书"]),
        ("#读书😀 好", ["读书😀"]),
        ("a_#b", []),
        ("é#b", []),
        ("Ｃ#语言", []),
        ("C #语言", ["语言"]),
        ("#️⃣ 读书", []),
        ("#⃣读书", []),
        ("#读书\u200b#", ["读书\u200b"]),
        ("#我❤\ufe0f深圳#", ["我❤\ufe0f深圳"]),
        ("#我❤\u200b深圳#", ["我❤\u200b深圳"]),
        ("#我❤\u2060深圳 好", ["我❤\u2060深圳"]),
        ("#\ufe0f读书#", ["\ufe0f读书"]),
        ("#1\u200b 名", []),
        ("#\u3164#", []),
        ("#\u200b#", []),
        ("#\u2800#", []),
        ("#\u0301#", []),
        ("#\ufe0f#", []),
        ("#\U000e0041\U000e0042#", []),
        ("#.#", []),
        ("#..#", []),
        ("#\u2024\u200d#", []),
        ("#\u2025#", []),
        ("#...#", ["..."]),
        ("#AC/DC#", ["AC/DC"]),
        ("#猫/posts#", ["猫/posts"]),
        ("#读\x07书#", ["读"]),
        ("#读书\u3000真好", ["读书"]),
        ("#" + "读" * 40 + "#", ["读" * 40]),
        ("#" + "读" * 41 + "#", []),
        ("#" + "读" * 40, ["读" * 40]),
        ("#" + "读" * 41, []),
        ("#" + "读" * 41 + "#书#", ["书"]),
        ("#读书，" + "真" * 40 + "#", ["读书"]),
        ("#" + "😀" * 40 + "#", ["😀" * 40]),
        ("#" + "ﷺ" * 40 + "#", []),
        ("https://x.cn/y#读书#", ["读书"]),
        ("https://x.cn/#top，#读书#", ["读书"]),
        ("https://x.cn/#/a#b#c #读书#", ["读书"]),
        ("HTTPS://X.CN/#top", []),
        ("www.x.cn/#top #读书", ["读书"]),
        ("https://x.cn/y #读书", ["读书"]),
        ("https://x.cn/，#读书", ["读书"]),
    ],
)
def test_edge_cases_are_parsed(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_a_mention_covers_its_marks_in_code_points() -> None:
    text = "😀#读书#，#走路 好"
    assert find_topics(text) == [TopicMention("读书", "读书", 1, 4), TopicMention("走路", "走路", 6, 3)]


def test_spellings_of_one_topic_share_a_key() -> None:
    assert topic_key("ＡＢc") == topic_key("abC") == "abc"
    assert topic_key("Straße") == topic_key("STRASSE")
    assert names("#ＡＢ# #ab#") == ["ＡＢ", "ab"]
    assert len({mention.key for mention in find_topics("#ＡＢ# #ab#")}) == 1


def test_a_topic_name_is_the_text_between_two_marks() -> None:
    assert is_topic_name("爱读书的深圳人")
    assert is_topic_name("有你“圳”好")
    assert is_topic_name("读\u200b书")
    for name in ("", "a b", "a#b", "#a#", "读" * 41, "\u3164", ".", "..", "a\ud800", "a\x00", " a", "a "):
        assert not is_topic_name(name)


@pytest.mark.parametrize(
    "hidden",
    [
        *"\ufe0f\ufe0e\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164\uffa0\u061c\u200e\u2066\u180e",
        "\U000e0041",
        "\U000e0101",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_a_hidden_character_makes_no_other_topic(hidden: str, place: int) -> None:
    name = "我❤深圳"
    typed = name[:place] + hidden + name[place:]
    for text in (f"#{typed}#", f"＃{typed}＃", f"好 #{typed}", f"#{typed} 好"):
        assert [mention.key for mention in find_topics(text)] == [topic_key(name)], text
    assert lookup_key(typed) == topic_key(name)


def test_a_key_is_without_the_default_ignorable_code_points_of_unicode() -> None:
    dropped = {code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF and topic_key(f"a{chr(code)}b") == "ab"}
    assert dropped == code_points_with("Default_Ignorable_Code_Point")


@given(TEXTS, st.integers(0, 200), st.sampled_from("\ufe0f\u200b\u200d\u2060\u00ad"))
def test_a_topic_with_a_hidden_character_anywhere_is_the_same_topic(text: str, place: int, hidden: str) -> None:
    for mention in find_topics(text):
        name = mention.name
        typed = name[:place] + hidden + name[place:]
        if len(typed) <= NAME_LONGEST and not typed.startswith("\ufe0f\u20e3"):
            assert [other.key for other in find_topics(f"#{typed}#")] == [mention.key]


@given(TEXTS)
def test_a_shown_name_is_the_same_topic_and_has_no_bidi_control(text: str) -> None:
    for mention in find_topics(text):
        shown = shown_name(mention.name)
        assert topic_key(shown) == mention.key
        assert not set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069").intersection(shown)


@given(TEXTS)
def test_a_mention_is_within_the_text_and_begins_with_a_mark(text: str) -> None:
    end = 0
    for mention in find_topics(text):
        assert end <= mention.start
        end = mention.start + mention.length
        assert end <= len(text)
        written = text[mention.start : end]
        assert written[0] in MARKS
        assert written.strip(MARKS) == mention.name
        assert written[1:] == mention.name or (written[1:-1] == mention.name and written[-1] in MARKS)


@given(TEXTS)
def test_a_name_is_within_its_limits_and_has_neither_blanks_nor_marks(text: str) -> None:
    for mention in find_topics(text):
        assert 1 <= len(mention.name) <= NAME_LONGEST
        assert 1 <= len(mention.key) <= KEY_LONGEST
        assert not any(character.isspace() or character in MARKS for character in mention.name)


@given(TEXTS)
def test_the_same_text_has_the_same_topics(text: str) -> None:
    assert find_topics(text) == find_topics(text)


@given(TEXTS)
def test_a_found_name_between_marks_is_found_again(text: str) -> None:
    for mention in find_topics(text):
        assert names(f"#{mention.name}#") == [mention.name]
        assert is_topic_name(mention.name)


@given(st.text(max_size=60))
def test_the_key_function_is_idempotent(name: str) -> None:
    assert topic_key(topic_key(name)) == topic_key(name)
    assert topic_key(unicodedata.normalize("NFC", name)) == topic_key(name)


@given(TEXTS)
def test_a_paired_topic_is_found_after_any_chinese_text(text: str) -> None:
    before = text.replace("#", "").replace("＃", "") + "，"
    assert names(before + "#读书#") == ["读书"]


@pytest.mark.parametrize("unit", ["#", "#a", "#读", "# ", "＃", "www.", "https://a#", "http", "a.", "#\ufdfa", "#a b"])
def test_no_text_of_2000_code_points_is_slow_to_parse(unit: str) -> None:
    text = (unit * 2000)[:2000]
    start = time.perf_counter()
    find_topics(text)
    assert time.perf_counter() - start < 0.5
