"""Renders files in child processes: the part in the worker.

A server process with the decoders loaded forks one child for each file, so that a hostile or broken file ends one child, and memory
that a library loses is gone with it. The child and the server are in `child.py` and `fork_server.py`.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

import feed
from feed.renditions import sandbox
from feed.renditions.child import Job, Outcome
from feed.renditions.fork_server import PACKET_BYTES, READY, Ended
from feed.renditions.model import Rendered, RenderingFailed
from feed.renditions.sandbox import IMAGE_LIMITS, VIDEO_LIMITS, Limits

Kind = Literal["image", "video"]

_LIMITS: dict[Kind, Limits] = {"image": IMAGE_LIMITS, "video": VIDEO_LIMITS}
_ENTRY = "feed.renditions.render:render_file"
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
# Beyond the time of a child, for a server that has been stopped itself.
_GRACE_SECONDS = 15.0
# All that a child may say: a hundred percents, and an outcome of a few kilobytes.
_OUTPUT_BYTES = 64 * 1024
_RENDITION_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FILE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}\.[a-z0-9]{1,8}")
# The environment of decoders: no secret, and no more than Python and the libraries need.
_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


class RenderingUnavailable(Exception):
    """No file can be rendered here: the sandbox is missing, or the server does not start. Says nothing about a file."""


class ChildCrashed(Exception):
    """The child has ended without an outcome. The file may have done that, and is tried again a few times."""


class ChildTimedOut(Exception):
    """The child has used up its time."""


class Renderer:
    """Renders files, `parallel` at a time. Starts its server with the first file; `async with` ends it.

    `entry`: `module:function` of what runs in the child.
    """

    def __init__(self, *, parallel: int = 1, entry: str = _ENTRY) -> None:
        self._entry = entry
        self._slots = asyncio.Semaphore(parallel)
        self._starting = asyncio.Lock()
        self._server: _Server | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the server and its children."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def start(self) -> None:
        """Starts the server unless it runs. Raises RenderingUnavailable."""
        async with self._starting:
            if self._server is None or not self._server.runs():
                await self.close()
                self._server = await _start_server(self._entry)

    async def render(
        self,
        source: Path,
        kind: Kind,
        target: Path,
        *,
        cover_ms: int | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
        limits: Limits | None = None,
    ) -> Rendered:
        """The renditions of `source`, as files in the empty folder `target`; `on_progress` gets percents.

        Raises RenderingFailed if the file is at fault, ChildCrashed and ChildTimedOut if it may be, RenderingUnavailable. Then, and when
        it is cancelled, the child has ended and `target` is empty.
        """
        job = _job(source, target, kind, cover_ms, limits or _LIMITS[kind])
        async with self._slots:
            await self.start()
            server = self._server
            assert server is not None
            with _emptied_on_error(target):
                outcome = await server.run(job, on_progress)
                return _checked(outcome, target)


class _Server:
    """A running server process and the connection to it."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._process, self._control = process, control

    def runs(self) -> bool:
        """Whether it still holds its end of the connection, which the kernel closes with the process."""
        try:
            return self._control.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    async def stop(self) -> None:
        """Ends the server and its children, within a bounded time."""
        # Without its connection it ends, and the kernel ends its children with it.
        self._control.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def run(self, job: Job, on_progress: Callable[[int], None]) -> Outcome:
        """The outcome of a job in a child process.

        Raises ChildCrashed, ChildTimedOut, RenderingFailed, RenderingUnavailable, and what `on_progress` raises.
        """
        async with self._started(job) as (output, connection, wish):
            try:
                async with asyncio.timeout(job.limits.wall_seconds + _GRACE_SECONDS):
                    outcome = await _read_output(output, on_progress)
                    if outcome is None:
                        # Whatever it still does leads to nothing.
                        wish.write_eof()
                    ended = await _read_ended(connection)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    self._process.kill()
                # No other file may be given to it, which would count as a crash of that file.
                self._control.close()
                raise ChildTimedOut("the server of the renderer does not answer") from None
            except BaseException:
                # Cancelled, or `on_progress` has failed.
                await _end(connection, wish)
                raise
        return _judged(outcome, ended)

    @asynccontextmanager
    async def _started(
        self, job: Job
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamReader, asyncio.StreamWriter]]:
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        packet = msgspec.json.encode(job)
        assert len(packet) < PACKET_BYTES
        try:
            socket.send_fds(self._control, [packet], [writing, theirs.fileno()])
        except OSError as error:
            ours.close()
            os.close(reading)
            raise RenderingUnavailable(f"the server of the renderer has gone: {error}") from error
        finally:
            os.close(writing)
            theirs.close()
        output = asyncio.StreamReader(limit=_OUTPUT_BYTES)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reading, "rb", buffering=0)
        )
        connection, wish = await asyncio.open_unix_connection(sock=ours)
        try:
            yield output, connection, wish
        finally:
            transport.close()
            wish.close()


def _job(source: Path, target: Path, kind: Kind, cover_ms: int | None, limits: Limits) -> Job:
    # The server's working directory and links in a path are of no concern to the child's permissions.
    return Job(str(source.resolve()), str(target.resolve()), kind, cover_ms, limits)


async def _start_server(entry: str) -> _Server:
    if "seccomp" in sandbox.missing():
        raise RenderingUnavailable(
            "此系统不能限制系统调用（seccomp），不处理图片和视频。\n"
            "This system cannot filter system calls (seccomp): photos and videos are not processed."
        )
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "feed.renditions.fork_server",
            entry,
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.DEVNULL,
            env=_environment(),
            # Ctrl+C at a terminal is for the worker, which ends the server.
            start_new_session=True,
        )
    ours.setblocking(False)
    server = _Server(process, ours)
    try:
        async with asyncio.timeout(_START_SECONDS):
            answer = await asyncio.get_running_loop().sock_recv(ours, len(READY))
    except (TimeoutError, OSError):
        answer = b""
    except asyncio.CancelledError:
        await server.stop()
        raise
    if answer != READY:
        await server.stop()
        raise RenderingUnavailable(
            "图片处理进程没有启动，原因见日志。\nThe server of the renderer does not start; its log says why."
        )
    return server


def _environment() -> dict[str, str]:
    given = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    package = str(Path(feed.__file__).parent.parent)
    given["PYTHONPATH"] = os.pathsep.join(filter(None, [package, given.get("PYTHONPATH")]))
    # One heap for all threads of a codec: each has a limit of address space to share.
    return {**given, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}


async def _read_output(output: asyncio.StreamReader, on_progress: Callable[[int], None]) -> Outcome | None:
    """Reads what a child writes until it is at its end. None if it is nothing that a child of ours writes."""
    outcome: Outcome | int | None = None
    left = _OUTPUT_BYTES
    while True:
        try:
            line = await output.readline()
        except ValueError:
            # Longer than all that a child may say.
            return None
        if not line:
            return outcome if isinstance(outcome, Outcome) else None
        left -= len(line)
        if left < 0 or isinstance(outcome, Outcome):
            return None
        outcome = _read_line(line)
        if outcome is None:
            return None
        if isinstance(outcome, int):
            on_progress(outcome)


def _read_line(line: bytes) -> Outcome | int | None:
    try:
        return msgspec.json.decode(line, type=Outcome | int)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def _read_ended(connection: asyncio.StreamReader) -> Ended | None:
    """How the child has ended; None if the server has ended as well."""
    try:
        line = await connection.readline()
    except ConnectionError:
        line = b""
    return msgspec.json.decode(line, type=Ended) if line else None


async def _end(connection: asyncio.StreamReader, wish: asyncio.StreamWriter) -> None:
    """Kills a child and waits until it has ended, but not for ever."""
    # No byte: of a connection that is closed with unread ones the answer gets lost with an error.
    wish.write_eof()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await connection.readline()
    except (TimeoutError, OSError):
        return


def _judged(outcome: Outcome | None, ended: Ended | None) -> Outcome:
    """The outcome of a child that has ended as it should.

    Raises ChildCrashed, ChildTimedOut, RenderingFailed, and RenderingUnavailable if there was no room for its files.
    """
    if ended is None:
        raise ChildCrashed("the server of the renderer has ended")
    if ended.timed_out or ended.signal == signal.SIGXCPU:
        raise ChildTimedOut(f"killed, with {ended.memory_bytes} bytes at most")
    if outcome is not None and outcome.failed is not None:
        raise RenderingFailed(outcome.failed, outcome.detail)
    if outcome is not None and outcome.no_room:
        raise RenderingUnavailable(f"no room on the disk\n{outcome.detail}")
    if outcome is None or outcome.rendered is None or ended.status != 0:
        detail = "" if outcome is None else outcome.detail
        raise ChildCrashed(f"status {ended.status}, signal {ended.signal}, {ended.memory_bytes} bytes\n{detail}")
    return outcome


def _checked(outcome: Outcome, target: Path) -> Rendered:
    """What a child says it has written, if it is so. A decoder that a file has taken over may say anything. Raises ChildCrashed."""
    rendered = outcome.rendered
    assert rendered is not None
    named = {each.file for each in rendered.files}
    for each in rendered.files:
        if not (_RENDITION_NAME.fullmatch(each.name) and _FILE_NAME.fullmatch(each.file)):
            raise ChildCrashed(f"a rendition is named {each.name!r}, {each.file!r}")
        try:
            found = (target / each.file).lstat()
        except FileNotFoundError:
            raise ChildCrashed(f"{each.file} does not exist") from None
        if (
            not stat.S_ISREG(found.st_mode)
            or found.st_nlink != 1
            or found.st_size != each.byte_count
            or not each.byte_count
        ):
            raise ChildCrashed(f"{each.file} is not the file that the child describes")
        if min(each.width, each.height, rendered.width, rendered.height) < 1:
            raise ChildCrashed(f"{each.file} has no size")
    if not named or len(named) != len(rendered.files):
        raise ChildCrashed("no renditions, or two in one file")
    _remove(set(target.iterdir()) - {target / file for file in named})
    return rendered


@contextmanager
def _emptied_on_error(target: Path) -> Iterator[None]:
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            _remove(target.iterdir())


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
