"""`feed up` and other commands as processes."""

import atexit
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from feed.commands.installation import NotRunning, find_run

# A setting of the person who runs the tests must not decide what they find.
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("FEED_")}


def feed(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "feed", *words], capture_output=True, text=True, timeout=60, env=ENVIRON | more
    )


def start(data: Path, *words: str, **more: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "feed", "up", "--data", str(data), "--port", "0", *words],
        stdout=subprocess.DEVNULL,
        stderr=(data.parent / "up.txt").open("ab"),
        env=ENVIRON | more,
    )
    # A test that fails before it ends the installation leaves none to the tests of the next run.
    atexit.register(_end, process)
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(30)


def until(happens: Callable[[], Any], within: float = 90.0) -> Any:
    deadline = time.monotonic() + within
    while not (found := happens()):
        assert time.monotonic() < deadline, f"waited {within} seconds for {happens}"
        time.sleep(0.05)
    return found


def address_of(data: Path, up: "subprocess.Popen[bytes]") -> str:
    """Where it answers, as soon as it does."""

    def found() -> str:
        assert up.poll() is None, (data.parent / "up.txt").read_text()
        try:
            return find_run(data).base_url
        except NotRunning:
            return ""

    return str(until(found))
