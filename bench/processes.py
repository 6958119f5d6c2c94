"""CPU seconds and memory of descendant processes by kind, read from /proc."""

import os
from collections import defaultdict
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")
_MARKS = (("postgres", "postgres"), ("valkey", "valkey-server"), ("baseline", "bench.baseline"), ("plain", "plain-go"))


class Process(msgspec.Struct, frozen=True):
    """One process from /proc/PID/stat. The CPU time includes its threads and its reaped children."""

    parent: int
    cpu_seconds: float


def _read(pid: int) -> Process | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Process(int(fields[1]), sum(int(field) for field in fields[11:15]) / _TICKS)


def _kind(pid: int, inherited: str) -> str:
    """The kind of a process by its command line, else that of its parent (granian workers, Postgres backends)."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return inherited
    for kind, mark in _MARKS:
        if any(mark in word for word in words):
            return kind
    if "feed" in words and "api" in words:
        return "api"
    if "feed" in words and "worker" in words:
        return "worker"
    return "load" if words[0].endswith("wrk") else inherited


def descendants() -> dict[int, str]:
    """The kind of each descendant process by process id."""
    everything = {int(entry.name): _read(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    children: dict[int, list[int]] = {}
    for pid, process in everything.items():
        if process is not None:
            children.setdefault(process.parent, []).append(pid)
    found: dict[int, str] = {}
    waiting = [(os.getpid(), "other")]
    while waiting:
        parent, kind = waiting.pop()
        for pid in children.get(parent, ()):
            found[pid] = _kind(pid, kind)
            waiting.append((pid, found[pid]))
    return found


def cpu_seconds() -> dict[str, float]:
    """CPU seconds used so far, by kind. Those of a child are added to its parent when it is reaped, so none is lost."""
    spent: dict[str, float] = defaultdict(float)
    for pid, kind in descendants().items():
        if process := _read(pid):
            spent[kind] += process.cpu_seconds
    return spent


def peak_bytes(kind: str) -> int:
    """The largest peak resident memory (VmHWM) of any process of a kind, in bytes."""
    return max((_peak(pid) for pid, known in descendants().items() if known == kind), default=0)


def reset_peak(kind: str) -> int:
    """Starts the peaks of a kind anew. Returns the largest one then, in bytes: what is resident now."""
    for pid, known in descendants().items():
        if known == kind:
            # proc(5): 5 resets the peak resident set size.
            Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_bytes(kind)


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
