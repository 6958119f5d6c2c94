"""`feed up` and other commands as processes."""

import atexit
import os
import signal
import subprocess
import sys
from pathlib import Path

from feed.commands.installation import NotRunning, find_run
from tests.support.waiting import HANG_SECONDS, until

# A setting of the person who runs the tests must not decide what they find.
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("FEED_")}


def feed(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "feed", *words],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        env=ENVIRON | more,
    )


def start(data: Path, *words: str, **more: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "feed", "up", "--data", str(data), "--port", "0", *words],
        stdout=subprocess.DEVNULL,
        stderr=(data.parent / "up.txt").open("ab"),
        env=ENVIRON | more,
    )
    # A test that fails before it ends the installation leaves none to the tests of the next run.
    atexit.register(end, process)
    return process


def end(process: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGTERM) -> int:
    """Its status after the signal; whatever does not end by itself is killed. Raises TimeoutExpired then."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(HANG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def address_of(data: Path, up: "subprocess.Popen[bytes]") -> str:
    """Where it answers, as soon as it does."""

    def found() -> str:
        assert up.poll() is None, (data.parent / "up.txt").read_text()
        try:
            return find_run(data).base_url
        except NotRunning:
            return ""

    return str(until(found))
