"""Which tests are quick, which ones start processes, and in what order they start.

All of this follows from the fixtures and functions that a test uses, so that no list has to be kept.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

# Fixtures that may use the servers in a quick test: a transaction that is rolled back, and a Redis database.
_QUICK = {"servers", "template", "shared_database", "redis_url"}
_SERVERS = {"servers", "template"}
# How a process is started, by us or by Python.
_STARTS = {
    "subprocess",
    "create_subprocess_exec",
    "Popen",
    "spawn",
    "fork",
    "embedded",
    "start_postgres",
    "start_valkey",
    "Renderer",
}

_found: dict[FunctionType, bool] = {}


def sort_and_mark(items: list[pytest.Item]) -> None:
    """Marks quick tests and those that start processes, and puts long ones first."""
    ranks: dict[pytest.Item, int] = {}
    for item in items:
        fixtures = list(_fixtures(item))
        functions = [getattr(item, "obj", None), *(each.func for each in fixtures if each.argname not in _QUICK)]
        processes = any(starts_processes(function) for function in functions)
        servers = _asks_for_servers(item, fixtures)
        if processes:
            item.add_marker("processes")
        elif not servers:
            item.add_marker("quick")
        ranks[item] = 0 if item.get_closest_marker("long") else 1 if processes else 2 if servers else 3
    items.sort(key=lambda item: ranks[item])


def _fixtures(item: pytest.Item) -> Iterator[Any]:
    """The definitions of everything that the test asks for, directly or not."""
    info = getattr(item, "_fixtureinfo", None)
    for name in getattr(item, "fixturenames", ()):
        yield from (info.name2fixturedefs.get(name, ()) if info else ())[-1:]


def _asks_for_servers(item: pytest.Item, fixtures: list[Any]) -> bool:
    own = inspect.signature(item.obj).parameters if hasattr(item, "obj") else {}
    return bool(_SERVERS & set(own)) or any(
        _SERVERS & set(fixture.argnames) for fixture in fixtures if fixture.argname not in _QUICK
    )


def starts_processes(function: Any) -> bool:
    """Whether a test's function starts a process, itself or in a function of the tests that it names."""
    function = _inner(function)
    if not isinstance(function, FunctionType):
        return False
    if function not in _found:
        _found[function] = False
        _found[function] = any(
            _STARTS & set(code.co_names) or any(starts_processes(each) for each in _named(function, code))
            for code in _codes(function.__code__)
        )
    return _found[function]


def _inner(function: Any) -> Any:
    """The function under its decorators."""
    hypothesis = getattr(function, "hypothesis", None)
    if hypothesis is not None:
        function = hypothesis.inner_test
    return inspect.unwrap(getattr(function, "__func__", function))


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _named(function: FunctionType, code: CodeType) -> Iterator[Callable[..., Any]]:
    """The functions of the tests that the code names: its own, a module's, and all of a class."""
    for name in code.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType) and value.__name__.startswith("tests."):
            for attribute in code.co_names:
                yield from _of(getattr(value, attribute, None))
        else:
            yield from _of(value)


def _of(value: Any) -> Iterator[Callable[..., Any]]:
    if not str(getattr(value, "__module__", "")).startswith("tests."):
        return
    if inspect.isclass(value):
        yield from (each for each in vars(value).values() if callable(each))
    elif callable(value):
        yield value


class _Guard:
    """Stops a quick test that starts a process after all; then the rules above miss something."""

    def __init__(self) -> None:
        self.quick = ""
        self._installed = False

    def install(self) -> None:
        if not self._installed:
            self._installed = True
            sys.addaudithook(self._look)

    def _look(self, event: str, _: tuple[Any, ...]) -> None:
        if self.quick and event in ("subprocess.Popen", "os.posix_spawn", "os.fork"):
            raise AssertionError(f"{self.quick} is taken for a quick test and starts a process")


GUARD = _Guard()
