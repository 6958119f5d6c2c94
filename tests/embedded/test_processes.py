"""Starting and ending child processes: nothing between fork and exec can wait for a lock, and no wait is without bound."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feed.embedded import launcher, orphans, processes
from feed.embedded.processes import CannotStart, kill, spawn
from tests.support.waiting import HANG_SECONDS

_forked: list[Callable[[], object]] = []


def _after_fork() -> None:
    for each in _forked:
        each()


os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def in_each_fork(call: Callable[[], object]) -> Iterator[None]:
    """Calls it in every child that runs Python code before exec."""
    _forked.append(call)
    try:
        yield
    finally:
        _forked.clear()


def test_no_python_code_runs_between_fork_and_exec(tmp_path: Path) -> None:
    """It could wait for a lock that another thread held at the fork, which no thread of the child releases."""
    with in_each_fork(lambda: os._exit(77)):
        process = spawn(["/bin/true"], log=tmp_path / "log")
    assert process.wait(HANG_SECONDS) == 0


def test_a_child_starts_while_other_threads_hold_locks(tmp_path: Path) -> None:
    lock, stop = threading.Lock(), threading.Event()

    def hold() -> None:
        while not stop.is_set():
            with lock:
                [str(number) for number in range(1000)]

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        with in_each_fork(lock.acquire):
            assert [spawn(["/bin/true"], log=None).wait(HANG_SECONDS) for _ in range(20)] == [0] * 20
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    ("name", "mode", "error"), [("absent", None, FileNotFoundError), ("plain", 0o644, PermissionError)]
)
def test_a_command_that_cannot_be_executed_is_an_error_of_the_parent(
    tmp_path: Path, name: str, mode: int | None, error: type[OSError]
) -> None:
    command = tmp_path / name
    if mode is not None:
        command.write_text("#!/bin/sh\n")
        command.chmod(mode)
    with pytest.raises(error, match=name):
        spawn([command], log=None)


def test_a_launcher_that_does_not_answer_is_given_up_and_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.py"
    silent.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(launcher, "__file__", str(silent))
    monkeypatch.setattr(processes, "_LAUNCH_SECONDS", 0.5)
    with pytest.raises(CannotStart, match="was not started within"):
        spawn(["/bin/true"], log=None)


def test_a_child_has_its_environment_its_input_and_default_signals(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os, sys; print(dict(os.environ), sys.stdin.read(), os.getcwd(), os.getsid(0) == os.getpid())"
    spawn([sys.executable, "-I", "-S", "-c", code], log=log, environ={"A": "甲"}, cwd=tmp_path, stdin=b"input").wait(
        HANG_SECONDS
    )
    said = log.read_text()
    assert "'A': '甲'" in said
    assert "HOME" not in said
    assert f"input {tmp_path} True" in said
    # The interpreter ignores SIGPIPE, which a command would inherit.
    assert spawn(["/bin/sh", "-c", "kill -PIPE $$"], log=None).wait(HANG_SECONDS) == -signal.SIGPIPE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the account")
def test_a_child_of_another_account_has_none_of_the_rights_of_root(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tmp_path.chmod(0o700)
    spawn(["/bin/sh", "-c", "id -u; id -g; id -G"], log=log, account=(65534, 65534)).wait(HANG_SECONDS)
    assert log.read_text().split() == ["65534", "65534", "65534"]
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_killing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    process = spawn(["/bin/sleep", "60"], log=None)
    with monkeypatch.context() as patched:
        patched.setattr(processes, "_KILL_SECONDS", 0.2)
        # As with a process that waits for a disk that does not respond.
        patched.setattr(os, "killpg", lambda *_: None)
        with pytest.raises(CannotStart, match=f"Process {process.pid} does not end"):
            kill(process)
    kill(process)
    assert process.poll() == -signal.SIGKILL


def test_an_orphan_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck:
        pid = 4711

        def send_signal(self, number: int) -> None:
            pass

        def kill(self) -> None:
            pass

        def is_running(self) -> bool:
            return True

        def status(self) -> str:
            return "disk-sleep"

    monkeypatch.setattr(orphans, "_SECONDS", 0.05)
    with pytest.raises(CannotStart, match="4711"):
        orphans._end([(Stuck(), signal.SIGTERM)])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of a parent")
def test_a_child_whose_parent_is_gone_does_not_begin(tmp_path: Path) -> None:
    """The parent was killed while the launcher started."""
    command = ["/bin/touch", f"{tmp_path}/begun"]
    order: dict[str, object] = {"parent": 1, "end": signal.SIGTERM, "account": None, "command": command, "environ": {}}
    reader, writer = os.pipe()
    os.write(writer, json.dumps(order).encode())
    os.close(writer)
    assert (
        subprocess.run(
            [sys.executable, "-I", "-S", launcher.__file__, str(reader)], pass_fds=[reader], timeout=HANG_SECONDS
        ).returncode
        == 1
    )
    os.close(reader)
    assert not (tmp_path / "begun").exists()
