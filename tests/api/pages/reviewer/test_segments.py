"""Texts in pieces: hits of the machine check, and two versions side by side."""

from hypothesis import given
from hypothesis import strategies as st

from feed.api.pages.reviewer.segments import compared, marked


def _hit(start: int, length: int) -> dict[str, object]:
    return {"start": start, "length": length, "term": "词", "level": "review", "layer": "words", "label": "spam"}


def test_hits_are_marked_by_code_points() -> None:
    found = marked("🙂请加微信", [_hit(2, 3)])
    assert [(each.text, each.label is not None) for each in found] == [("🙂请", False), ("加微信", True)]


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(-2, 30)), max_size=6))
def test_the_pieces_are_the_text_whatever_the_hits_are(text: str, places: list[tuple[int, int]]) -> None:
    assert "".join(each.text for each in marked(text, [_hit(*place) for place in places])) == text


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_of_a_comparison_are_both_texts(old: str, new: str) -> None:
    found = compared(old, new)
    assert "".join(each.text for each in found.old) == old
    assert "".join(each.text for each in found.new) == new


def test_a_comparison_marks_what_differs() -> None:
    found = compared("图书馆来新书。周三晚七点，欢迎！", "图书馆来新书。周四晚七点，欢迎！")
    assert [each.text for each in found.old if each.changed] == ["三"]
    assert [each.text for each in found.new if each.changed] == ["四"]


def test_texts_with_too_many_sentences_are_compared_at_their_ends_only() -> None:
    found = compared("头" + "啊，" * 2500, "头" + "哦。" * 2500)
    assert [each.changed for each in found.old] == [False, True]
