"""Which files a rendering child may use: the file that it reads, the folder that it writes, and Python's own modules.

Landlock is part of Linux since 5.13 and needs no rights; where it is switched off, the child is limited by the rights of its user
only, and `feed doctor` says so.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIRECTORY, _REMOVE_FILE, _MAKE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8
_REFER, _TRUNCATE, _DEVICES = 1 << 13, 1 << 14, 1 << 15
_FIRST = (1 << 13) - 1
_TCP = 0b11
_SCOPES = 0b11


def version() -> int:
    """The version of Landlock in this kernel; 0 if it has none or does not use it."""
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION))


def restrict(*, read: Iterable[Path], change: Path) -> None:
    """From here on, for good: `read` may be read, in the folder `change` files may be made, and nothing else is reached by its path.

    Raises OSError.
    """
    abi = version()
    handled = _FIRST | (_REFER if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0) | (_DEVICES if abi >= 5 else 0)
    attributes = struct.pack("=QQQ", handled, _TCP, _SCOPES)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = _checked(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for path in read:
            _allow(ruleset, path, _READ_FILE | (_READ_DIRECTORY if path.is_dir() else 0))
        in_folder = _READ_FILE | _WRITE_FILE | _READ_DIRECTORY | _REMOVE_FILE | _MAKE_FILE | _TRUNCATE
        _allow(ruleset, change, in_folder & handled)
        _checked(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


def _checked(number: int, *arguments: int | bytes | None) -> int:
    result = _call(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock, system call {number}")
    return result


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    given = [ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments]
    return int(libc.syscall(ctypes.c_long(number), *given))
