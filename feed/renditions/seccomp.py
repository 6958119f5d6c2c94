"""The filter of system calls of a rendering child: no network, no other process, no program.

What is not denied is allowed: decoders are native libraries, and which calls they make depends on their versions. Threads are
allowed, since codecs use them. Works without rights, also inside of containers.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator

from feed.renditions.syscalls import ARCHITECTURES, Architecture

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_FILTER_MODE = 2

# Of `struct seccomp_data`.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
# Instructions of a classic BPF program.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_CLONE_THREAD = 0x00010000

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def is_available() -> bool:
    """Whether this system can filter system calls, on an architecture whose numbers are known."""
    if platform.machine() not in ARCHITECTURES or not hasattr(_libc(), "prctl"):
        return False
    # Without a program: EFAULT from a kernel that would have read it.
    refused = _libc().prctl(_PR_SET_SECCOMP, _FILTER_MODE, None, 0, 0) != 0
    return refused and ctypes.get_errno() == errno.EFAULT


def forbid_new_rights() -> None:
    """No program that is started from here on has more rights: the kernel asks for this before a filter is set. Raises OSError."""
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")


def install(pid: int) -> None:
    """Installs the filter, for good, in the process `pid`, which is this one. Raises OSError."""
    instructions = list(_filter(ARCHITECTURES[platform.machine()], pid))
    code = b"".join(struct.pack("=HBBI", *each) for each in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(instructions), ctypes.cast(buffer, ctypes.c_void_p))
    if _libc().prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl(PR_SET_SECCOMP) of {os.getpid()}")


def _filter(architecture: Architecture, pid: int) -> Iterator[Instruction]:
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, architecture.audit)
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    if architecture.foreign_from:
        yield (_AT_LEAST, 0, 1, architecture.foreign_from)
        yield (_RETURN, 0, 0, _KILL)
    for number in sorted(architecture.denied.values()):
        yield (_EQUAL, 0, 1, number)
        yield (_RETURN, 0, 0, _ERROR | errno.EPERM)
    # A filter cannot read its structure; the C library uses `clone` instead where there is none.
    yield (_EQUAL, 0, 1, architecture.clone3)
    yield (_RETURN, 0, 0, _ERROR | errno.ENOSYS)
    yield from _only_if(architecture.clone, [(_LOAD, 0, 0, _ARGUMENTS), (_ANY_BIT, 0, 1, _CLONE_THREAD)])
    # A child may end itself: `abort()` of a library does.
    for signalling in (architecture.kill, architecture.tgkill):
        yield from _only_if(signalling, [(_LOAD, 0, 0, _ARGUMENTS), (_EQUAL, 0, 1, pid)])
    # Limits may be read, not set: the address of the new ones is null.
    new_limits = _ARGUMENTS + 2 * 8
    yield from _only_if(
        architecture.prlimit64,
        [(_LOAD, 0, 0, new_limits), (_EQUAL, 0, 3, 0), (_LOAD, 0, 0, new_limits + 4), (_EQUAL, 0, 1, 0)],
    )
    yield (_RETURN, 0, 0, _ALLOW)


def _only_if(number: int, condition: list[Instruction]) -> Iterator[Instruction]:
    """Allows a call under a condition, whose last instruction skips one more if it does not hold."""
    yield (_EQUAL, 0, len(condition) + 2, number)
    yield from condition
    yield (_RETURN, 0, 0, _ALLOW)
    yield (_RETURN, 0, 0, _ERROR | errno.EPERM)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
