"""The files of the access log, and their removal."""

import re
import socket
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

SHANGHAI = timezone(timedelta(hours=8))
_NAME = re.compile(r"access-(\d{4}-\d{2}-\d{2})-.*\.jsonl")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def file_name(now: datetime, process: int) -> str:
    """The name of a process's file of this day."""
    host = _UNSAFE.sub("_", socket.gethostname()) or "host"
    return f"access-{now:%Y-%m-%d}-{host}-{process}.jsonl"


def remove_old(directory: Path, *, days: int, now: datetime) -> int:
    """Removes the files of days that are more than `days` ago, and returns their number. Others in the directory stay."""
    kept_from = now.date() - timedelta(days=days)
    removed = 0
    for file in sorted(directory.glob("access-*.jsonl")):
        found = _NAME.fullmatch(file.name)
        if found is None:
            continue
        with suppress(ValueError, FileNotFoundError):
            if date.fromisoformat(found[1]) < kept_from:
                file.unlink()
                removed += 1
    return removed
