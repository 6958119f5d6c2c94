"""Which tests of a run in several processes stay in one of them."""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[2]
_SHARED_IN_MODULE = re.compile(r'fixture\(.*scope="(module|class)"')
_SHARED_IN_FOLDER = re.compile(r"^STAY_TOGETHER = True$", re.MULTILINE)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Each test goes to the first process that is free, except where tests share a fixture: those stay together and start first.

    The groups of `--dist loadgroup` are lost with pytest 9.2, which ignores the names that xdist 3.8 gives to tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0]) or nodeid


@cache
def group_of(module: str) -> str | None:
    """The module if it has a fixture for all of its tests, its folder if the conftest there says STAY_TOGETHER.

    Other fixtures of the session are made in each process: they are cheap beside the tests, and these may spread.
    """
    path = ROOT / module
    if _SHARED_IN_MODULE.search(path.read_text("utf-8")):
        return module
    conftest = path.with_name("conftest.py")
    if conftest.exists() and _SHARED_IN_FOLDER.search(conftest.read_text("utf-8")):
        return str(path.parent)
    return None
