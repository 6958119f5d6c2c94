"""Becomes a child process: gives up root, asks Linux for a signal at the parent's death, and executes the command.

Run by path in a new interpreter that imports nothing of `feed`. Code between fork and exec in the parent could wait for ever
for a lock that another thread of the parent held at the fork.
"""

import ctypes
import json
import os
import signal
import sys

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Makes Linux send signal `number` to this process when the parent thread ends, also by SIGKILL. No-op elsewhere."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))


def _main(channel: int) -> None:
    """Reads the order from `channel` and executes it. Writes the errno to `channel` if that fails; success closes it."""
    os.set_inheritable(channel, False)
    order = json.loads(b"".join(iter(lambda: os.read(channel, 65536), b"")))
    try:
        if order["account"] is not None:
            uid, gid = order["account"]
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        # After the change of account, which clears it.
        if order["end"]:
            end_with_parent(order["end"])
            if os.getppid() != order["parent"]:  # The parent ended before prctl was called.
                sys.exit(1)
        # The interpreter ignores these, and a command would inherit it.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execve(order["command"][0], order["command"], order["environ"])  # noqa: S606
    except OSError as error:
        os.write(channel, str(error.errno).encode())
        sys.exit(127)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
