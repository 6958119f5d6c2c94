"""docs/explanation/security.md names tests, and they exist."""

import ast
import re
from pathlib import Path

import feed

ROOT = Path(feed.__file__).parents[1]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/explanation/security.md").read_text("utf-8"))


def names_in(path: Path) -> set[str]:
    """Nothing for a file that is not there."""
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_document_names_exists() -> None:
    assert [f"{file}::{name}" for file, name in NAMED if name not in names_in(ROOT / file)] == []


def test_each_of_the_ten_points_names_a_test() -> None:
    points = re.split(r"^## ", (ROOT / "docs/explanation/security.md").read_text("utf-8"), flags=re.MULTILINE)
    shown = {point.split(" ")[0]: len(re.findall(r"^- `tests/", point, re.MULTILINE)) for point in points}
    assert all(shown[f"API{number}"] >= 3 for number in range(1, 11)), shown
