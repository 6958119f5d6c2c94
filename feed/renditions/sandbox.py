"""What a rendering child cannot do: it has limits, no network, no other process, and no files but its own.

A decoder of hostile files is taken for hostile itself. The order matters: what follows needs less than what came before.
"""

import ctypes
import os
import platform
import resource
import signal
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

import feed
from feed.renditions import landlock, seccomp

_PR_SET_PDEATHSIG = 1
_CAPABILITIES_VERSION_3 = 0x20080522
_NICE = 10


class Limits(msgspec.Struct, frozen=True):
    """What one file may use. `memory_bytes`: all that the child has allocated, with some 100 MB of the decoders."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    # One file that is written; a photo's renditions are less than a tenth of it.
    file_bytes: int
    open_files: int = 64


# 50 megapixels in four bytes each, twice, and what an encoder needs beside them.
IMAGE_LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=60, wall_seconds=90, file_bytes=32 << 20)
# Five minutes of 4K, whose decoder holds frames of 25 MB for each of its threads.
VIDEO_LIMITS = Limits(memory_bytes=2 << 30, cpu_seconds=3600, wall_seconds=2400, file_bytes=1 << 30)


def missing() -> list[str]:
    """What this system lacks of the sandbox. Without `seccomp` nothing is rendered; without `landlock` it is the weaker."""
    absent = []
    if not seccomp.is_available():
        absent.append("seccomp")
    if sys.platform != "linux" or landlock.version() == 0:
        absent.append("landlock")
    return absent


def enter(limits: Limits, *, source: Path, target: Path, parent: int) -> None:
    """Confines this process, which has been forked by `parent`, to its job, for good. Raises OSError."""
    _end_with(parent)
    os.nice(_NICE)
    _prefer_for_oom()
    _limit(limits)
    _drop_capabilities()
    seccomp.forbid_new_rights()
    if landlock.version():
        landlock.restrict(read=[source, *_modules()], change=target)
    seccomp.install(os.getpid())


def _end_with(parent: int) -> None:
    """The kernel kills this process when the process that forked it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def _prefer_for_oom() -> None:
    """When memory runs out, this process is killed rather than the worker or a server beside it."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _limit(limits: Limits) -> None:
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, limits.memory_bytes),
        # Also counts what is only reserved: stacks of threads, libraries.
        (resource.RLIMIT_AS, 4 * limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
    ):
        resource.setrlimit(kind, (most, most))
    # The kernel ends the process with SIGXCPU, and one second later in any case.
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))


def _drop_capabilities() -> None:
    """Gives up every right of root, if the worker has any: its limits could be raised by them."""
    number = {"x86_64": 126, "aarch64": 91}[platform.machine()]
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number), ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)())) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _modules() -> Iterator[Path]:
    """Folders of modules, which are loaded when they are first needed. The working directory is none: it may hold secrets."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths |= {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}
    paths |= {str(Path(feed.__file__).parent), "/dev/null", "/dev/urandom"}
    yield from (Path(path) for path in sorted(paths) if Path(path).exists())
