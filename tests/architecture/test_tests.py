"""What holds for the tests themselves."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import tests

ROOT = Path(tests.__file__).parent
TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def calls(function: Function) -> set[str]:
    """The functions that it calls by their bare names; methods have names that too many others have."""
    return {
        node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def judges(function: Function) -> bool:
    """Whether the function itself can fail a test: it asserts, raises, expects an exception, or fails."""
    nodes = list(ast.walk(function))
    return any(isinstance(node, ast.Assert | ast.Raise) for node in nodes) or any(
        isinstance(node, ast.Attribute) and node.attr in ("raises", "fail") for node in nodes
    )


def test_every_test_can_fail() -> None:
    helpers: dict[str, list[Function]] = {}
    for tree in TREES.values():
        for function in functions(tree):
            helpers.setdefault(function.name, []).append(function)
    judging = {name for name, found in helpers.items() if any(map(judges, found))}
    while more := {
        name for name, found in helpers.items() if name not in judging and any(calls(each) & judging for each in found)
    }:
        judging |= more
    idle = [
        f"{file}::{function.name}"
        for file, tree in TREES.items()
        if Path(file).name.startswith("test_")
        for function in functions(tree)
        if function.name.startswith("test_") and not judges(function) and not calls(function) & judging
    ]
    assert idle == []


def test_no_module_imports_from_a_test_module() -> None:
    """What several tests need is in tests/support or beside them in a module that is no test."""
    modules = [
        (file, node.module or "")
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    ]
    assert [(file, name) for file, name in modules if name.rpartition(".")[2].startswith("test_")] == []


# What waits for nothing: it types into, or reads, whatever page the browser shows at this moment.
_AT_ONCE = {
    "evaluate",
    "content",
    "inner_text",
    "inner_html",
    "count",
    "get_attribute",
    "input_value",
    "is_visible",
    "wait_for_load_state",
}
_WAITING = {"wait_for_url", "wait_for_selector", "wait_for_function", "wait_for"}


def _methods(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """The methods that a statement calls, each with what it is called of."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr


def _may_leave(statement: ast.stmt) -> bool:
    """Whether it clicks, or presses Enter, and waits for nothing."""
    if not isinstance(statement, ast.Expr) or ast.unparse(statement).startswith("await follow("):
        return False
    enters = any(isinstance(node, ast.Constant) and node.value == "Enter" for node in ast.walk(statement))
    return any(name in ("click", "tap") or (name == "press" and enters) for _, name in _methods(statement))


def _looks_at_once(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Assert):
        return False
    methods = list(_methods(statement))
    if any(name in _WAITING or of.startswith("expect(") for of, name in methods):
        return False
    return any(name in _AT_ONCE or of.endswith(".keyboard") for of, name in methods)


def test_in_a_browser_nothing_is_typed_or_read_at_once_after_what_may_lead_to_another_page() -> None:
    """`follow` waits for that page and its scripts, `expect` for what it shows."""
    found = [
        f"{name}:{then.lineno}"
        for name, tree in TREES.items()
        if name.startswith("browser/")
        for node in ast.walk(tree)
        for block in (getattr(node, "body", None), getattr(node, "orelse", None))
        if isinstance(block, list)
        for first, then in pairwise(block)
        if _may_leave(first) and _looks_at_once(then)
    ]
    assert found == []


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _own_limit(call: ast.Call) -> bool:
    """Whether the call waits for so many seconds only: those of its own, or the five that are the default of a client."""
    name = ast.unparse(call.func)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name == "asyncio.timeout":
        return any(map(_is_number, call.args))
    if name in ("httpx.AsyncClient", "httpx.Client", "httpx.get", "httpx.post", "httpx.put", "httpx.stream"):
        return "transport" not in given and ("timeout" not in given or _is_number(given["timeout"]))
    return False


def test_what_ends_a_hang_has_one_limit() -> None:
    """`HANG_SECONDS`: a shorter one fails where the machine does other work besides."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _own_limit(node)
    ]
    assert found == []
