"""CPU seconds of our own descendants, by what they are, read from /proc."""

import os
from collections import Counter
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> tuple[int, float, int] | None:
    """Parent, CPU seconds (those of reaped children included) and resident bytes of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    ticks = sum(int(field) for field in fields[11:15])
    return int(fields[1]), ticks / _TICKS, int(fields[21]) * _PAGE


def _kind(pid: int, inherited: str) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return inherited
    line = " ".join(words)
    for kind, mark in (("postgres", "postgres"), ("valkey", "valkey-server"), ("baseline", "bench.baseline")):
        if mark in line:
            return kind
    if "feed" in words and "api" in words:
        return "api"
    if "feed" in words and "worker" in words:
        return "worker"
    return "load" if words[0].endswith("wrk") else inherited


def descendants() -> dict[int, str]:
    """Kind by process id for everything that this process has started."""
    parents = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found: dict[int, str] = {}
    waiting = [(os.getpid(), "other")]
    while waiting:
        parent, kind = waiting.pop()
        for pid, stat in parents.items():
            if stat is not None and stat[0] == parent and pid not in found:
                found[pid] = _kind(pid, kind)
                waiting.append((pid, found[pid]))
    return found


def cpu_seconds() -> Counter[str]:
    """CPU seconds used so far, by kind."""
    spent: Counter[str] = Counter()
    for pid, kind in descendants().items():
        if stat := _stat(pid):
            spent[kind] += stat[1]  # type: ignore[assignment]
    return spent


def resident_bytes(kind: str) -> int:
    """The largest process of a kind."""
    sizes = [stat[2] for pid, known in descendants().items() if known == kind and (stat := _stat(pid))]
    return max(sizes, default=0)
