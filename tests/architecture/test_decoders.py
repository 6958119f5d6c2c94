"""Only modules of the sandboxed child load libraries that decode what users upload; processes that serve requests load none."""

import ast
import subprocess
import sys
from pathlib import Path

import feed

_ROOT = Path(feed.__file__).parent
# What decodes photos and videos. All of it is C, slow to load, and has faults that an uploaded file may reach.
DECODERS = {"PIL", "av", "pillow_heif", "thumbhash"}
CHILD = ("renditions/images/", "renditions/video/")
# A command of its own, which draws the pictures that it uploads, and opens the renditions of those only.
DEMO = "demo/"


def test_only_modules_of_the_child_import_a_decoder() -> None:
    assert {
        f"{path} imports {name}"
        for path in sorted(_ROOT.rglob("*.py"))
        if not str(path.relative_to(_ROOT)).startswith((*CHILD, DEMO))
        for name in _imported(path.read_text("utf-8")) & DECODERS
    } == set()


def test_neither_the_api_nor_the_worker_loads_a_decoder() -> None:
    loaded = f"sorted({DECODERS!r} & sys.modules.keys())"
    code = f"import sys, feed.asgi, feed.app, feed.worker, feed.worker.media, feed.__main__; print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def _imported(source: str) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module or "")
    return {module.partition(".")[0] for module in modules}
