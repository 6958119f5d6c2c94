"""What templates may call things: a name has one meaning in all of them."""

from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from feed.api.html import rendering
from feed.api.html.error_page import WaysOut
from feed.api.html.formats import count as count_of
from feed.api.html.rendering import NameTaken, render, render_fragment

TEMPLATES = Path(rendering.__file__).parent / "templates"
FUNCTIONS = ("t", "language", "when", "number", "number_of", "reason_of")
GLOBALS = ("asset", "topic_path", "board_version", "range")
# `page` adds these.
FRAME = ("session", "me", "site", "path", "sign_in_path")
ERROR = {
    "status": 404,
    "code": "x",
    "title": "x",
    "fields": [],
    "sign_in": False,
    "ways": WaysOut("/", None, None, None),
}


def test_a_page_without_a_collision_is_rendered() -> None:
    assert "<h1>" in render("error.html", "en", ERROR)


@pytest.mark.parametrize("name", FUNCTIONS + GLOBALS)
def test_a_value_with_the_name_of_a_function_is_an_error(name: str) -> None:
    with pytest.raises(NameTaken, match=f"error.html: {name}"):
        render("error.html", "en", {**ERROR, name: "a value"})


@pytest.mark.parametrize(
    ("count", "language", "shown"),
    [
        (0, "en", "0 posts"),
        (1, "en", "1 post"),
        (2, "en", "2 posts"),
        (1, "zh-CN", "1 条"),
        (12_345, "zh-CN", "1.2万 条"),
    ],
)
def test_numbers_of_things_have_their_noun(count: int, language: str, shown: str) -> None:
    number_of = rendering.functions_of(language)["number_of"]
    assert number_of(count, "{} 条", "{} post", "{} posts") == shown


def test_a_fragment_has_one_object_only() -> None:
    with pytest.raises(NameTaken):
        render_fragment("community/card.html", "en", b"{}", it=1)


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.relative_to(TEMPLATES).as_posix()
)
def test_a_template_gives_no_other_meaning_to_a_name_of_all_templates(path: Path) -> None:
    parsed = Environment(autoescape=True).parse(path.read_text())
    stored = {each.name for each in parsed.find_all(nodes.Name) if each.ctx in ("store", "param")}
    assert not stored & {*FUNCTIONS, *GLOBALS, *FRAME}


@pytest.mark.parametrize(
    ("number", "chinese", "english"),
    [
        (9_999, "9999", "9999"),
        (10_000, "1万", "10k"),
        (12_345, "1.2万", "12.3k"),
        (999_999, "99.9万", "999.9k"),
        (1_000_000, "100万", "1m"),
        (99_999_999, "9999.9万", "99.9m"),
        (100_000_000, "1亿", "100m"),
        (1_234_567_890, "12.3亿", "1234.5m"),
    ],
)
def test_large_numbers_have_the_unit_that_people_use(number: int, chinese: str, english: str) -> None:
    assert (count_of(number, "zh-CN"), count_of(number, "en")) == (chinese, english)
