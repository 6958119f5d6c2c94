"""What holds for the tests themselves."""

import ast
from collections.abc import Iterator
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
