"""A load that does not wait: requests are due at instants that no answer can delay, and latency counts from then.

wrk sends the next request when the last one was answered, so while a server stands still nobody asks, and nobody's
waiting is counted. Here arrivals are random and fixed beforehand, and whoever finds every connection taken waits, and his
waiting counts. One loop over `select`, whose time-out is exact to some ten microseconds where that of an event loop is a
millisecond: this is a process of its own, with the collector off.
"""

import asyncio
import gc
import random
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path

import msgspec

from bench.load import Load


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What this process is told."""

    host: str
    port: int
    load: Load
    start: int
    per_second: float
    seconds: float
    warm_seconds: float
    connections: int


class Steady(msgspec.Struct, frozen=True, kw_only=True):
    """What it saw, in microseconds from when a request was due. `late`: from then until it was sent."""

    requests: int
    failed: int
    sent: int
    p50: int
    p99: int
    late_p50: int
    late_p99: int


class _Line:
    """One connection, and the request on it that waits for its answer."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._read = b""
        self._awaited = -1

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, request: bytes, due: float) -> None:
        self.due, self._read, self._awaited = due, b"", -1
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status as soon as the answer is whole. Raises OSError."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionResetError
        self._read += piece
        if self._awaited < 0:
            end = self._read.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self._read[:end].lower()
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r", 1)[0]) if at >= 0 else 0
            self._awaited = end + 4 + length
        return int(self._read[9:12]) if len(self._read) >= self._awaited else None


def send_steadily(asked: Asked) -> Steady:
    """Sends for warm-up and measure, and waits for what is open."""
    lines = [_Line(asked.host, asked.port) for _ in range(asked.connections)]
    # A Poisson process: people do not take turns. The seed is fixed, so every run sends at the same instants.
    dice = random.Random(1)
    free, waiting, busy = deque(lines), deque[float](), set[_Line]()
    took: list[float] = []
    late: list[float] = []
    failed = sent = 0
    began = time.perf_counter()
    measured_from, until = began + asked.warm_seconds, began + asked.warm_seconds + asked.seconds
    due = began + dice.expovariate(asked.per_second)
    gc.disable()
    while due < until or waiting or busy:
        now = time.perf_counter()
        while due <= now and due < until:
            waiting.append(due)
            due += dice.expovariate(asked.per_second)
        while waiting and free:
            line, was_due = free.popleft(), waiting.popleft()
            line.send(asked.load.request(asked.start + sent), was_due)
            busy.add(line)
            sent += 1
            if was_due >= measured_from:
                late.append(time.perf_counter() - was_due)
        patience = max(0.0, min(due, until) - time.perf_counter()) if due < until else 1.0
        ready, _, _ = select.select(list(busy), [], [], patience)
        for line in ready:
            try:
                status = line.receive()
            except OSError:
                status = 599
            if status is None:
                continue
            if line.due >= measured_from:
                took.append(time.perf_counter() - line.due)
                failed += status >= 400
            busy.discard(line)
            free.append(_Line(asked.host, asked.port) if status == 599 else line)
        if time.perf_counter() > until + 30:
            failed += len(waiting) + len(busy)
            break
    for line in lines:
        line.socket.close()
    return Steady(
        requests=len(took),
        failed=failed,
        sent=sent,
        p50=_percentile(took, 0.5),
        p99=_percentile(took, 0.99),
        late_p50=_percentile(late, 0.5),
        late_p99=_percentile(late, 0.99),
    )


def _percentile(seconds: list[float], part: float) -> int:
    ordered = sorted(seconds)
    return round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1e6) if ordered else 0


async def run(asked: Asked, directory: Path) -> Steady:
    """`send_steadily` in a process of its own."""
    told = directory / "steady.json"
    told.write_bytes(msgspec.json.encode(asked))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.steady", str(told),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(err.decode())
    return msgspec.json.decode(out, type=Steady)


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(send_steadily(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Asked)))
    )
