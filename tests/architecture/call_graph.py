"""Which function of the package refers to which, read from source text: for rules about functions."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

# What an `async with` opens a transaction by.
OPENERS = {"transaction", "idempotent_transaction"}
# What runs SQL on a connection.
STATEMENTS = {"fetch", "fetchrow", "fetchval", "execute", "executemany"}


class Function(NamedTuple):
    """A function of a module, or a method as `Class.method`; what is defined inside of one belongs to it."""

    module: str
    name: str


class CallGraph:
    """The functions of some modules and what each refers to. `sources` are source texts by their path below `feed`."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.trees = {module_of(path): ast.parse(text) for path, text in sources.items()}
        self.nodes = {
            Function(module, name): node for module, tree in self.trees.items() for name, node in _functions(tree)
        }
        self._names = {module: self._imported(tree) for module, tree in self.trees.items()}

    def references(self, module: str, nodes: Iterable[ast.AST]) -> set[Function]:
        """The functions that are called or handed on somewhere in `nodes`, which stand in `module`."""
        found = set()
        for node in (each for start in nodes for each in ast.walk(start)):
            if function := self.resolve(module, node):
                found.add(function)
        return found

    def resolve(self, module: str, node: ast.AST) -> Function | None:
        """The function that a name in `module` stands for."""
        names = self._names[module]
        function = None
        if isinstance(node, ast.Name):
            function = names.get(node.id, Function(module, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            package, name = names[node.value.id]
            function = Function(f"{package}.{name}", node.attr)
        return function if function in self.nodes else None

    def reaching(self, targets: Iterable[Function], *, past: Iterable[Function] = ()) -> set[Function]:
        """The targets, and every function that refers to one of them, directly or by others, but not by one of `past`."""
        referring = {
            function: self.references(function.module, node.body)
            for function, node in self.nodes.items()
            if function not in set(past)
        }
        reached = set(targets)
        while more := {each for each, known in referring.items() if each not in reached and known & reached}:
            reached |= more
        return reached

    def actions(self) -> set[Function]:
        """Every function that opens a transaction, itself or by another one."""
        return self.reaching(each for each, node in self.nodes.items() if any(transactions(node)))

    @staticmethod
    def _imported(tree: ast.AST) -> dict[str, Function]:
        return {
            alias.asname or alias.name: Function(node.module or "", alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }


def module_of(path: str) -> str:
    """The dotted name of a module."""
    return "feed." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def transactions(tree: ast.AST) -> Iterator[ast.AsyncWith]:
    """The blocks that are transactions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncWith) and any(_opens(item.context_expr) for item in node.items):
            yield node


def statements(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls that run SQL."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STATEMENTS:
            yield node


def takes_connection(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the function runs in the transaction of its caller."""
    return any(each.annotation is not None and ast.unparse(each.annotation) == "Connection" for each in node.args.args)


def _opens(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    # `conn.transaction()` is the driver's own.
    return ast.unparse(node.func).removeprefix("postgres.").removeprefix("idempotency.") in OPENERS


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{each.name}", each)
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            )
