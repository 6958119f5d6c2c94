"""Every refusal that somebody can meet is said in both languages."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import feed
from feed.api.words import known_codes, words_of
from feed.errors import FeedError


def refusals(kind: type[FeedError] = FeedError) -> Iterator[type[FeedError]]:
    for leaf in kind.__subclasses__():
        yield leaf
        yield from refusals(leaf)


def test_every_code_has_words_in_both_languages() -> None:
    for module in pkgutil.walk_packages(feed.__path__, "feed."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    codes = {kind.code for kind in refusals() if kind.__module__.startswith("feed.")}
    assert codes - known_codes() == set()
    assert all(words_of(code, language) for code in codes for language in ("zh-CN", "en"))


def test_every_field_code_has_words() -> None:
    used: set[str] = set()
    for path in Path(feed.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FieldError" and len(node.args) > 1:
                used |= {f"field.{code.value!s}" for code in node.args[1:2] if isinstance(code, ast.Constant)}
    assert used - known_codes() == set()
