"""The time of the story: its dates stay the same, whenever it is played."""

import mmap
import os
import re
import struct
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from feed.campaigns.model import rules_sha256
from feed.embedded import servers
from feed.postgres import Pool

CLOCK_FILE = "FEED_CLOCK_FILE"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SOURCE = Path(__file__).with_name("clock.c")
_SECOND = 1_000_000_000
_MOVING = ("LD_PRELOAD", CLOCK_FILE)
if CLOCK_FILE in os.environ:
    # Embedded servers get no other variables.
    servers._ENVIRON.update({name: os.environ[name] for name in _MOVING})


class Clock(Protocol):
    """Moves the story forward."""

    async def move_to(self, at: datetime) -> None:
        """Makes it `at` in the story; never earlier than before."""

    def sent(self, body: Any) -> Any:
        """The body or the parameters of a request with its times as the server has to get them."""

    def __call__(self) -> datetime:
        """The present time of the story."""


class MovedRows:
    """The clocks of the machine stay as they are: what the rows say becomes older instead."""

    def __init__(self, pool: Pool, at: datetime) -> None:
        self._pool = pool
        self._behind = datetime.now(UTC) - at

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self._behind

    async def move_to(self, at: datetime) -> None:
        step = at - self()
        assert step > timedelta(0), f"the story is at {self()} already"
        await _age_rows(self._pool, step)
        self._behind -= step

    def sent(self, body: Any) -> Any:
        if isinstance(body, Mapping):
            return {key: self.sent(value) for key, value in body.items()}
        if isinstance(body, list):
            return [self.sent(each) for each in body]
        if isinstance(body, str) and _TIME.fullmatch(body):
            return _wire(datetime.fromisoformat(body) + self._behind)
        return body


class MovedClock:
    """The clocks of this process and of its database are moved: times, texts and signatures are those of the story."""

    def __init__(self, at: datetime) -> None:
        with Path(os.environ[CLOCK_FILE]).open("r+b") as file:
            self._ahead = mmap.mmap(file.fileno(), 8)
        self._set(at)

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    async def move_to(self, at: datetime) -> None:
        assert at > self(), f"the story is at {self()} already"
        self._set(at)

    def sent(self, body: Any) -> Any:
        return body

    def _set(self, at: datetime) -> None:
        (ahead,) = struct.unpack("q", self._ahead[:])
        wanted = int(at.timestamp()) * _SECOND
        self._ahead[:] = struct.pack("q", ahead + wanted - time.time_ns())


def clock_at(pool: Pool, at: datetime) -> Clock:
    """The clock of this process: a moved one if it was started with one."""
    return MovedClock(at) if os.environ.get(CLOCK_FILE) else MovedRows(pool, at)


def moved_environment(folder: Path, at: datetime) -> dict[str, str]:
    """What a process and its servers need in their environment for a clock that is moved to `at`. Needs a C compiler."""
    library, file = folder / "clock.so", folder / "clock"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"], check=True)
    file.write_bytes(struct.pack("q", int(at.timestamp()) * _SECOND - time.time_ns()))
    for path in (folder, library, file):
        # Servers that root starts run as another user.
        path.chmod(0o755)
    return {"LD_PRELOAD": str(library), CLOCK_FILE: str(file)}


async def _age_rows(pool: Pool, step: timedelta) -> None:
    """Sets all times in all tables back, also those in rules and drafts."""
    columns = await pool.fetch(
        """
        SELECT c.table_name, string_agg(format('%1$I = %1$I - $1::interval', c.column_name), ', ') AS changes
        FROM information_schema.columns AS c
        JOIN information_schema.tables AS t USING (table_schema, table_name)
        JOIN pg_class ON relname = c.table_name AND relnamespace = 'public'::regnamespace AND NOT relispartition
        WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
            AND c.data_type = 'timestamp with time zone'
        GROUP BY c.table_name
        """
    )
    for row in columns:
        await pool.execute(f'UPDATE "{row["table_name"]}" SET {row["changes"]}', step)
    for row in await pool.fetch("SELECT campaign_id, version, rules FROM campaign_rules"):
        rules = _aged(row["rules"], step)
        await pool.execute(
            "UPDATE campaign_rules SET rules = $3, rules_sha256 = $4 WHERE campaign_id = $1 AND version = $2",
            row["campaign_id"],
            row["version"],
            rules,
            rules_sha256(rules),
        )
    for row in await pool.fetch("SELECT id, draft FROM campaigns"):
        await pool.execute("UPDATE campaigns SET draft = $2 WHERE id = $1", row["id"], _aged(row["draft"], step))


def _aged(document: Any, step: timedelta) -> Any:
    if isinstance(document, dict):
        return {key: _aged(value, step) for key, value in document.items()}
    if isinstance(document, list):
        return [_aged(each, step) for each in document]
    if isinstance(document, str) and re.match(r"\d{4}-\d\d-\d\dT", document):
        return _wire(datetime.fromisoformat(document) - step)
    return document


def _wire(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
