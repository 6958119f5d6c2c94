"""What a decoder might do that a file has taken over: `act` runs in a child, and does what its source names."""

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from feed.renditions.child import Job
from feed.renditions.model import Rendered, RenderedFile, RenderingFailed

Progress = Callable[[int], None]


def act(job: Job, progress: Progress) -> Rendered:
    """Does what the source names, `name argument`, and renders it if that is possible."""
    name, _, argument = Path(job.source).read_text().partition(" ")
    ACTS[name](job, progress, argument)
    return rendered(job)


def rendered(job: Job, **changed: str | int) -> Rendered:
    """One file, of one byte."""
    (Path(job.target) / "list.webp").write_bytes(b"x")
    given = {
        "name": "list",
        "file": "list.webp",
        "content_type": "image/webp",
        "width": 1,
        "height": 1,
        "byte_count": 1,
    }
    file = RenderedFile(**{**given, **changed})  # type: ignore[arg-type]
    return Rendered(1, 1, None, "", bytes(32), None, [file])


def _tries(attempt: Callable[[], object]) -> None:
    """Reports 2 if the attempt is refused, 1 if it succeeds."""
    try:
        attempt()
    except OSError as error:
        raise RenderingFailed("corrupt", f"refused: {error.errno} {type(error).__name__}") from error


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _start_thread() -> None:
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start()
    thread.join()
    assert done == [1]


def _syscall(number: int, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(each) for each in arguments]) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _eat(argument: str) -> None:
    held = []
    for _ in range(int(argument) // 16):
        held.append(bytearray(16 << 20))
        held[-1][::4096] = b"x" * len(held[-1][::4096])


def _say(text: bytes) -> None:
    """Writes to the pipe to the worker, the only descriptor that is no standard one."""
    for descriptor in range(3, 64):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        os.write(descriptor, text)


def _wait(_: Job, progress: Progress, argument: str) -> None:
    progress(1)
    time.sleep(float(argument))


def _spin() -> None:
    while True:
        pass


def _leave(job: Job) -> None:
    (Path(job.target) / "left.tmp").write_bytes(b"x" * 100)
    (Path(job.target) / "more.webp").write_bytes(b"x" * 100)


ACTS: dict[str, Callable[[Job, Progress, str], object]] = {
    "nothing": lambda job, progress, _: None,
    "progress": lambda job, progress, _: [*map(progress, (10, 5, 10, 60, 200, 100))],
    "crash": lambda job, progress, _: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": lambda job, progress, _: os.abort(),
    "exit": lambda job, progress, argument: os._exit(int(argument)),
    "raise": lambda job, progress, argument: ACTS[argument],
    "fail": lambda job, progress, argument: _fail(argument),
    "full": lambda job, progress, argument: _fill(int(argument)),
    "wait": _wait,
    "spin": lambda job, progress, _: _spin(),
    "eat": lambda job, progress, argument: _eat(argument),
    "flood": lambda job, progress, _: _say(b"1\n" * 500_000),
    "babble": lambda job, progress, _: _say(b"\xff\xfe not JSON\n"),
    "leave": lambda job, progress, _: _leave(job),
    "thread": lambda job, progress, _: _start_thread(),
    "getrlimit": lambda job, progress, _: __import__("resource").getrlimit(7),
    # Each of these is refused.
    "socket": lambda job, progress, _: _tries(socket.socket),
    "unix": lambda job, progress, _: _tries(lambda: socket.socket(socket.AF_UNIX)),
    "pair": lambda job, progress, _: _tries(socket.socketpair),
    "fork": lambda job, progress, _: _tries(_fork),
    "program": lambda job, progress, _: _tries(lambda: subprocess.run(["/bin/true"], check=False)),
    "execve": lambda job, progress, _: _tries(lambda: os.execv("/bin/true", ["true"])),
    "signal": lambda job, progress, _: _tries(lambda: os.kill(os.getppid(), signal.SIGKILL)),
    "io_uring": lambda job, progress, _: _tries(lambda: _syscall(425, 8, 0)),
    "limits": lambda job, progress, _: _tries(lambda: _raise_limits(job)),
    "read": lambda job, progress, argument: _tries(lambda: Path(argument).read_bytes()),
    "list": lambda job, progress, argument: _tries(lambda: os.listdir(argument)),
    "write": lambda job, progress, argument: _tries(lambda: Path(argument).write_bytes(b"x")),
    "symlink": lambda job, progress, argument: _tries(lambda: os.symlink(argument, Path(job.target) / "list.webp")),
    "long_file": lambda job, progress, argument: _tries(
        lambda: (Path(job.target) / "long").write_bytes(bytes(int(argument)))
    ),
    "many_files": lambda job, progress, _: _tries(lambda: [open(job.source) for _ in range(1000)]),  # noqa: SIM115
}


def _fail(code: str) -> None:
    raise RenderingFailed(code)  # type: ignore[arg-type]


def _fill(number: int) -> None:
    raise OSError(number, os.strerror(number))


def _raise_limits(job: Job) -> None:
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (10_000, 10_000))
    except ValueError as error:
        raise OSError(1, str(error)) from error


def lie(job: Job, progress: Progress) -> Rendered:
    """Says something of a file that is not so: the source names the member and its value."""
    name, _, value = Path(job.source).read_text().partition(" ")
    return rendered(job, **{name: int(value) if value.lstrip("-").isdigit() else value})
