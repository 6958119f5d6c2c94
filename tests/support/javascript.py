"""JavaScript as a second opinion: an implementation of the draw, and the Unicode data of another engine."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def in_javascript(path: Path) -> Any:
    """What the second implementation of the draw makes of a file; skips where no node is, but never where everything has to run."""
    return _run(str(Path(__file__).parents[1] / "prizes/draw/draw.mjs"), str(path))


def run_javascript(script: Path, *arguments: Path) -> Any:
    """The JSON that a script prints; skips as above."""
    return _run(str(script), *map(str, arguments))


def code_points_with(unicode_property: str) -> set[int]:
    """The code points with a property of Unicode, by the tables of node; skips as above."""
    return set(
        _run(
            "--eval",
            f"const has = /\\p{{{unicode_property}}}/u; const found = [];"
            "for (let c = 0; c <= 0x10ffff; c++)"
            "  if ((c < 0xd800 || c > 0xdfff) && has.test(String.fromCodePoint(c))) found.push(c);"
            "console.log(JSON.stringify(found))",
        )
    )


def _run(*arguments: str) -> Any:
    node = shutil.which("node")
    if node is None:
        assert not os.environ.get("CI"), "node is not installed"
        pytest.skip("node is not installed: the second implementation cannot run")
    done = subprocess.run([node, *arguments], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)
