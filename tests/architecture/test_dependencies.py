"""What is imported is declared: a package that only another one brings along is gone with that one's next release."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]


def distribution_name(requirement: str) -> str:
    """The name of a requirement as indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ;]", requirement, maxsplit=1)[0]).lower()


def imported_packages(source: str) -> set[str]:
    """The top-level packages that a module imports, at its head or later."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - {"feed", *sys.stdlib_module_names}


def test_each_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {distribution_name(each) for each in [*project["dependencies"], *extras["media"], *extras["embedded"]]}
    brought_by = packages_distributions()
    imported = set[str]().union(*(imported_packages(each.read_text()) for each in (ROOT / "feed").rglob("*.py")))
    missing = {
        each for each in imported if declared.isdisjoint(distribution_name(name) for name in brought_by.get(each, ()))
    }
    assert imported >= {"litestar", "multipart", "markupsafe", "psutil"}
    assert missing == set()
