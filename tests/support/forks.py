"""Processes that fork from one that has imported the code: 20 ms each, where a new interpreter takes 700.

The other end of `Forks` is this module as a program. It runs one module after the other, as `python -m` does.
"""

import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from typing import NamedTuple

from tests.support.waiting import HANG_SECONDS

# What the modules that are run import: it is read once.
_PRELOADED = ("feed.app", "feed.worker.loop", "tests.support.make")


class Ended(NamedTuple):
    """How a process ended (negative: by which signal), and what it printed."""

    status: int
    said: str


class Forks:
    """Runs modules as processes, one at a time."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forks"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == '"ready"'

    def run(self, module: str, *args: object, environ: Mapping[str, str]) -> Ended:
        """Runs `python -m module args…` with these variables added to the environment, to its end."""
        assert self._server.stdin is not None
        asked = {"module": module, "args": [str(each) for each in args], "environ": dict(environ)}
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        return Ended(*json.loads(self._answer()))

    def close(self) -> None:
        """Ends the program that forks."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(HANG_SECONDS)

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()


def _serve() -> None:
    for module in _PRELOADED:
        importlib.import_module(module)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile("w+") as said:
            child = os.fork()
            if not child:
                os.dup2(said.fileno(), 1)
                os._exit(_run(asked["module"], asked["args"], asked["environ"]))
            _, status = os.waitpid(child, 0)
            said.seek(0)
            print(json.dumps((os.waitstatus_to_exitcode(status), said.read())), flush=True)


def _run(module: str, args: list[str], environ: Mapping[str, str]) -> int:
    os.environ.update(environ)
    sys.argv[1:] = args
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except BaseException:  # noqa: BLE001 (told, and then the end of this process)
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    _serve()
