"""Ports for the servers of tests."""

import os
import socket
from itertools import count

# Below the ports that systems give to outgoing connections (Linux from 32,768) and to servers that ask for any.
_FIRST = 10_000
_COUNT = 1_000
_PROCESSES_MOST = 20
# Runs beside each other begin at different ports.
_asked = count(os.getpid())


def free_port() -> int:
    """A port that no other process of the run is given, so that it is still free when a slow server binds it, or binds it again.

    Raises OSError when none is free.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + worker % _PROCESSES_MOST * _COUNT
    for _ in range(_COUNT):
        port = first + next(_asked) % _COUNT
        if _is_free(port):
            return port
    raise OSError("no port is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections that have just ended are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
