"""Every error code has messages in both languages and a test."""

import ast
import functools
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import feed
from feed.api.messages import known_codes, message_of
from feed.errors import FeedError

# Every test needs all error classes. Not within a test: croniter starts a process when it is imported, which quick tests may not.
for module in pkgutil.walk_packages(feed.__path__, "feed."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)


def error_classes(kind: type[FeedError] = FeedError) -> Iterator[type[FeedError]]:
    for leaf in kind.__subclasses__():
        yield leaf
        yield from error_classes(leaf)


def test_every_code_has_messages_in_both_languages() -> None:
    codes = {kind.code for kind in error_classes() if kind.__module__.startswith("feed.")}
    assert codes - known_codes() == set()
    assert all(message_of(code, language) for code in codes for language in ("zh-CN", "en"))


def test_every_field_code_has_messages() -> None:
    used: set[str] = set()
    for path in Path(feed.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FieldError" and len(node.args) > 1:
                used |= {f"field.{code.value!s}" for code in node.args[1:2] if isinstance(code, ast.Constant)}
    assert used - known_codes() == set()


_FEED = Path(feed.__path__[0])
_TESTS = Path(feed.__file__).parents[1] / "tests"


def _named(paths: Iterator[Path]) -> set[str]:
    """All names that the code at these paths uses, without definitions and imports."""
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
    return found


def test_every_error_class_is_raised_somewhere() -> None:
    used = {
        name.id
        for path in _FEED.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise | ast.Call)
        # Handlers list their errors without raising them: only raised or instantiated classes count.
        for part in ([node.exc] if isinstance(node, ast.Raise) else [node.func])
        if part is not None
        for name in ast.walk(part)
        if isinstance(name, ast.Name)
    }
    leaves = [kind for kind in error_classes() if kind.__module__.startswith("feed.") and kind.__subclasses__() == []]
    assert len(leaves) > 60
    assert [kind.__name__ for kind in leaves if kind.__name__ not in used] == []


def test_every_code_has_a_test() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in _TESTS.rglob("*.py"))
    leaves = [kind for kind in error_classes() if kind.__module__.startswith("feed.") and kind.__subclasses__() == []]
    untested = [
        kind.code for kind in leaves if f'"{kind.code}"' not in tests and kind.__name__ not in _named_in_tests()
    ]
    assert untested == []


@functools.cache
def _named_in_tests() -> frozenset[str]:
    return frozenset(_named(_TESTS.rglob("*.py")))


def test_every_message_belongs_to_an_error_class() -> None:
    codes = {kind.code for kind in error_classes() if kind.__module__.startswith("feed.")}
    assert {code for code in known_codes() if not code.startswith("field.")} - codes == set()
