"""A process that has loaded the decoders and forks one child for each file: `python -m feed.renditions.fork_server ENTRY`.

It is started by `runner.py`, which talks to it on file descriptor 0: one packet for each job, with the pipe for the child and the
connection on which the server says how the child has ended. It has one thread, reads no file of anybody, and ends with its parent;
the kernel ends its children with it.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
from importlib import import_module
from typing import NoReturn

import msgspec

from feed.renditions import child
from feed.renditions.child import Entry, Job

READY = b"ready"
PACKET_BYTES = 64 * 1024


class Ended(msgspec.Struct, frozen=True):
    """How a child has ended: with an exit status or by a signal, or because its time was up. `memory_bytes`: the most that it had."""

    status: int | None
    signal: int | None
    timed_out: bool
    memory_bytes: int


class _Child:
    """A child that runs. `connection`: its job's; when the other side ends what it sends, the child is killed."""

    def __init__(self, pid: int, connection: socket.socket, until: float) -> None:
        self.pid, self.connection, self.until = pid, connection, until
        self.handle = os.pidfd_open(pid)
        self.timed_out = False


class _Server:
    def __init__(self, control: socket.socket, entry: Entry) -> None:
        self._control, self._entry = control, entry
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._by_handle: dict[int, _Child] = {}
        self._by_connection: dict[int, _Child] = {}

    def serve(self) -> NoReturn:
        self._control.send(READY)
        while True:
            for descriptor, _ in self._poll.poll(self._patience_ms()):
                if descriptor == self._control.fileno():
                    self._take()
                elif ended := self._by_handle.get(descriptor):
                    self._bury(ended)
                elif unwanted := self._by_connection.get(descriptor):
                    self._kill(unwanted)
            for each in list(self._by_handle.values()):
                if not each.timed_out and time.monotonic() >= each.until:
                    each.timed_out = True
                    self._kill(each)

    def _patience_ms(self) -> int | None:
        waiting = [each.until for each in self._by_handle.values() if not each.timed_out]
        return max(0, int(1000 * (min(waiting) - time.monotonic())) + 1) if waiting else None

    def _take(self) -> None:
        """Starts the child of one job."""
        packet, descriptors, _, _ = socket.recv_fds(self._control, PACKET_BYTES, 2)
        if not packet:
            os._exit(0)
        pipe, connection = descriptors
        job = msgspec.json.decode(packet, type=Job)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            child.run(self._entry, job, pipe, parent=parent)
        os.close(pipe)
        running = _Child(pid, socket.socket(fileno=connection), time.monotonic() + job.limits.wall_seconds)
        self._by_handle[running.handle] = running
        self._by_connection[connection] = running
        self._poll.register(running.handle, select.POLLIN)
        self._poll.register(connection, select.POLLIN)

    def _kill(self, running: _Child) -> None:
        # Once: a connection that is closed stays readable.
        if self._by_connection.pop(running.connection.fileno(), None):
            self._poll.unregister(running.connection)
        signal.pidfd_send_signal(running.handle, signal.SIGKILL)

    def _bury(self, ended: _Child) -> None:
        _, status, usage = os.wait4(ended.pid, 0)
        message = Ended(
            status=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            timed_out=ended.timed_out,
            memory_bytes=usage.ru_maxrss * 1024,
        )
        self._poll.unregister(ended.handle)
        del self._by_handle[ended.handle]
        os.close(ended.handle)
        if self._by_connection.pop(ended.connection.fileno(), None):
            self._poll.unregister(ended.connection)
        with ended.connection:
            try:
                ended.connection.send(msgspec.json.encode(message) + b"\n", socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
            except OSError:
                # The other side has gone: there is no caller to respond to.
                return


def main(entry_name: str) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    module, _, function = entry_name.partition(":")
    entry: Entry = getattr(import_module(module), function)
    # What is loaded now is shared with each child, and its collector need not look at it.
    gc.collect()
    gc.freeze()
    _Server(socket.socket(fileno=0), entry).serve()


if __name__ == "__main__":
    main(sys.argv[1])
