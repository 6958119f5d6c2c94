"""The words of templates: what is Chinese has its English beside it, down to brackets and commas."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from feed.api import html

_TEMPLATES = Path(html.__file__).parent / "templates"
_CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
# A language is offered under its own name.
_ALLOWED = {"中文"}


def untranslated(node: nodes.Node) -> Iterator[str]:
    """Chinese that a page in English would show: texts of the template, and literals outside `t(…)` and `number_of(…)`."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in ("t", "number_of"):
        return
    text = node.data if isinstance(node, nodes.TemplateData) else node.value if isinstance(node, nodes.Const) else None
    if isinstance(text, str):
        yield from (f"{node.lineno}: {each}" for each in _CHINESE.findall(text) if each not in _ALLOWED)
    for child in node.iter_child_nodes():
        yield from untranslated(child)


@pytest.mark.parametrize("path", sorted(_TEMPLATES.rglob("*.html")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_chinese_has_its_english_beside_it(path: Path) -> None:
    assert list(untranslated(Environment(autoescape=True).parse(path.read_text(encoding="utf-8")))) == []


def test_an_untranslated_bracket_is_found() -> None:
    parsed = Environment(autoescape=True).parse('{{ t("共", "of") }}（{{ n }}{{ "、" }}{# 注 #}')
    assert list(untranslated(parsed)) == ["1: （", "1: 、"]


@pytest.mark.parametrize("path", sorted(_TEMPLATES.rglob("*.html")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_tables_are_read_and_scrolled_without_a_mouse(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for scrolled in re.findall(r'<div class="scroll"[^>]*>', source):
        assert 'tabindex="0" role="region" aria-label' in scrolled, scrolled
    for header in re.findall(r"<th\b[^>]*>", source):
        assert "scope=" in header, header
