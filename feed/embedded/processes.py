"""Child processes that end with their parent and are restarted, the lock on the data directory, and ports."""

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import Signals
from typing import BinaryIO

from feed.embedded import launcher

Process = subprocess.Popen[bytes]

# Whether a child is to end with its parent; elsewhere than on Linux nothing tells it.
_END_WITH_PARENT = sys.platform == "linux"
_LAUNCH_SECONDS = 30.0
_KILL_SECONDS = 10.0
_LOG_BYTES = 10_000_000


class CannotStart(Exception):
    """Something outside of the program prevents the start; the message is for the user at the terminal."""


class DirectoryInUse(CannotStart):
    """Another process uses this data directory."""


class PortBusy(CannotStart):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"端口 {port} 已被其他程序占用，请换一个端口（--port）。\n"
            f"Port {port} is in use by another program; choose another one with --port."
        )


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path | None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: tuple[int, int] | None = None,
    stdin: bytes = b"",
    end: Signals = signal.SIGTERM,
) -> Process:
    """Starts `command` in its own session, so that Ctrl-C reaches only the parent, which stops children in order.

    Must be called in a thread that lives as long as the child: signal `end` is sent when the thread ends. `account` is
    (uid, gid) to run as, `stdin` the content of standard input. Raises OSError if the command cannot be executed, and
    CannotStart if that is not known in time.
    """
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as files:
        files.enter_context(ours)
        files.enter_context(theirs)
        out = files.enter_context(open_log(log)) if log else None
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", launcher.__file__, str(theirs.fileno())],
            stdin=files.enter_context(_pipe(stdin, account)) if stdin else subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=cwd,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        order = {
            "parent": os.getpid(),
            "end": int(end) if _END_WITH_PARENT else 0,
            "account": account,
            "command": [str(part) for part in command],
            "environ": dict(os.environ if environ is None else environ),
        }
        try:
            _launch(ours, json.dumps(order).encode(), command[0])
        except BaseException:
            kill(process)
            raise
    return process


def _launch(channel: socket.socket, order: bytes, program: str | Path) -> None:
    """Sends the order to the launcher and waits until it has executed the command, or raises as `spawn` does."""
    channel.settimeout(_LAUNCH_SECONDS)
    try:
        channel.sendall(order)
        channel.shutdown(socket.SHUT_WR)
        failed = channel.recv(16)
    except TimeoutError:
        raise CannotStart(
            f"{program} 在 {_LAUNCH_SECONDS:.0f} 秒内没有启动。\n"
            f"{program} was not started within {_LAUNCH_SECONDS:.0f} seconds."
        ) from None
    if failed:
        raise OSError(int(failed), os.strerror(int(failed)), str(program))


def kill(process: Process) -> None:
    """Kills the process and its group, as a server's own workers would outlive it. Raises CannotStart if it goes on."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(_KILL_SECONDS)
    except subprocess.TimeoutExpired:
        raise CannotStart(
            f"进程 {process.pid} 无法终止（磁盘可能没有响应）。\n"
            f"Process {process.pid} does not end; a disk may not respond."
        ) from None


def _pipe(content: bytes, account: tuple[int, int] | None) -> BinaryIO:
    """A pipe with `content`, for secrets that must not appear in arguments or files. `account` may reopen it by path."""
    reader, writer = os.pipe()
    if account:
        os.fchown(reader, *account)
    with os.fdopen(writer, "wb") as file:
        file.write(content)
    return os.fdopen(reader, "rb")


def open_log(path: Path) -> BinaryIO:
    """Opens the log for appending, after rotating a large one."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


class Child:
    """A supervised process: started, restarted when it exits, stopped."""

    def __init__(self, name: str, start: Callable[[], Process], *, end: Signals = signal.SIGTERM) -> None:
        self.name = name
        self._start = start
        self._end = end
        self._stopping = False
        self.process = start()

    async def ended(self) -> int:
        """Waits until the current process exits. Returns its exit status; a negative one is a signal."""
        process = self.process
        while (status := process.poll()) is None:  # noqa: ASYNC110 (a child's end sets no event)
            await asyncio.sleep(0.05)
        return status

    async def supervise(self, notify: Callable[[str], None]) -> None:
        """Restarts the process whenever it exits, with a back-off for short runs. Returns after `stop`."""
        pause = 0.2
        while True:
            began = time.monotonic()
            status = await self.ended()
            if self._stopping:
                return
            self.kill()
            notify(
                f"{self.name} 意外退出（{status}），正在重新启动 · {self.name} ended ({status}) and is started again"
            )
            await asyncio.sleep(pause)
            pause = 0.2 if time.monotonic() - began > 30 else min(pause * 2, 10.0)
            # Out of memory, of descriptors or of time: the next iteration tries again.
            with contextlib.suppress(OSError, CannotStart):
                self.process = self._start()

    async def stop(self, within: float) -> None:
        """Signals the process to end; after `within` seconds it is killed, with its children."""
        self._stopping = True
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self._end)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.ended()
        self.kill()

    def kill(self) -> None:
        """Kills the process and its group. Raises CannotStart if it goes on."""
        kill(self.process)


def hold(directory: Path) -> int:
    """Locks the directory until the returned descriptor is closed or the process ends.

    Raises DirectoryInUse, which names the holder.
    """
    path = directory / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    for attempt in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # `find_holder` in another process holds the lock for an instant.
            if attempt < 4:
                time.sleep(0.05)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor
    holder = os.pread(descriptor, 20, 0).decode() or "?"
    os.close(descriptor)
    raise DirectoryInUse(
        f"数据目录 {directory} 正被另一个 feed 使用（进程 {holder}）。请先停止它，或用 --data 指定别的目录。\n"
        f"The data directory {directory} is in use by another feed (process {holder}). "
        "Stop it first or choose another directory with --data."
    )


def find_holder(directory: Path) -> int | None:
    """The id of the process that holds the lock on the directory; None without one."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(descriptor, 20, 0) or b"0")
    finally:
        os.close(descriptor)
    return None


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free_port(host: str, port: int) -> None:
    """Raises PortBusy or CannotStart if the port cannot be bound.

    A server with SO_REUSEPORT would otherwise start silently beside the one that uses the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise CannotStart(f"无权使用端口 {port}。\nPort {port} needs privileges that this user lacks.") from None
        except (OSError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                raise PortBusy(port) from None
            raise CannotStart(f"无法监听 {host}:{port}：{error}\nCannot listen on {host}:{port}: {error}") from None


def write_private(path: Path, content: bytes) -> None:
    """Atomically writes a file that only its owner can read."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
