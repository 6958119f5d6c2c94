"""Every error code has messages in both languages and a test."""

import ast
import functools
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import feed
from feed.api.messages import field_message, known_codes, message_of, raw_message
from feed.errors import FeedError, FieldError
from feed.texts import line, prose, text_problems

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


@functools.cache
def field_errors() -> list[tuple[str, str, set[str]]]:
    """Each place that names the code of a field's error: where, the code, and the parameters that it passes."""
    found: list[tuple[str, str, set[str]]] = []
    for path in Path(feed.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            where = f"{path.name}:{node.lineno}"
            if node.func.id == "FieldError" and len(node.args) > 1:
                given = node.args[2] if len(node.args) > 2 else None
                # Other errors are passed on with the parameters of where they were found.
                if given is None or isinstance(given, ast.Dict):
                    keys = given.keys if isinstance(given, ast.Dict) else []
                    names = {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
                    found += [(where, code, names) for code in constants(node.args[1])]
            elif node.func.id == "InvalidValue" and node.args:
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                found += [(where, code, names) for code in constants(node.args[0])]
    return found


def constants(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may have as its value: a constant, or one of two by a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def test_every_message_is_filled_by_the_parameters_that_its_callers_pass() -> None:
    wrong: list[str] = []
    for where, code, passed in field_errors():
        for language in ("zh-CN", "en"):
            wanted = placeholders(f"field.{code}", language)
            if wanted != passed:
                wrong.append(f"{where} {code} {language}: passes {sorted(passed)}, the message has {sorted(wanted)}")
            filled = message_of(f"field.{code}", language, **dict.fromkeys(passed, "7"))
            if not filled or set("{}…") & set(filled):
                wrong.append(f"{where} {code} {language}: {filled!r}")
    assert wrong == []


def placeholders(code: str, language: str) -> set[str]:
    """The names of the parameters of a message."""
    found = set()

    class Asked(dict[str, object]):
        def __missing__(self, key: str) -> str:
            found.add(key)
            return "7"

    raw_message(code, language).format_map(Asked())
    return found


def test_messages_of_errors_have_no_parameters() -> None:
    codes = {code for code in known_codes() if not code.startswith("field.")}
    assert [(code, language) for code in codes for language in ("zh-CN", "en") if placeholders(code, language)] == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_texts_that_break_their_rules_are_told_with_filled_messages(language: str) -> None:
    for rule in (line(5), prose(5), line(5, required=False)):
        for text in ("", " ", "\u200b", "长" * 6, "长" * 60, "a\x00", "a" + "\u0301" * 40, "\u202e"):
            for error in text_problems("field", text, rule):
                filled = message_of(f"field.{error.code}", language, **error.params)
                assert filled, error
                assert not set("{}…") & set(filled), error


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


def test_a_list_in_a_message_is_separated_as_its_language_does() -> None:
    error = FieldError("method", "unknown_value", {"allowed": ["ranked", "draw"]})
    assert "ranked、draw" in field_message(error, "zh-CN", is_named=False)
    assert "ranked, draw" in field_message(error, "en", is_named=False)


def test_a_time_in_a_message_is_that_of_the_city() -> None:
    error = FieldError("claim_ends_at", "too_early", {"earliest": "2026-10-25T02:00:10.000000Z"})
    assert "不能早于 2026年10月25日10时0分10秒" in field_message(error, "zh-CN", is_named=False)
    assert "before 2026-10-25 10:00:10 (Beijing time)" in field_message(error, "en", is_named=False)
    other = FieldError("x", "unknown_value", {"allowed": "2026"})
    assert "2026" in field_message(other, "zh-CN", is_named=False)


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
