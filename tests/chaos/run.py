"""One run: an installation, its load, its faults, and the checks."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tests.chaos import check, rows
from tests.chaos.asking import Line
from tests.chaos.faults import Fault, schedule
from tests.chaos.journal import Journal
from tests.chaos.load import Load
from tests.chaos.place import Place

# Boards and change log must be correct within this time after the last fault and response.
DRIFT_SECONDS = 5.0
# Every client has a response within this time after the last fault; longer than the server's timeout.
_ANSWERS_SECONDS = 40.0
_POLL_SECONDS = 0.2

Tell = Callable[[str], None]


class Report(msgspec.Struct, frozen=True):
    """The result of a run; `wrong` is empty if all is correct."""

    seed: int
    seconds: float
    faults: dict[str, int]
    statuses: dict[str, int]
    deeds: int
    acknowledged: int
    unsure: int
    pages: int
    drift_seconds: float | None  # After the last fault and response; None if boards still differed at the end.
    wrong: list[str]


class Aftermath:
    """The installation after load and faults have ended. It can be checked repeatedly."""

    def __init__(self, place: Place, line: Line, load: Load, faults: list[Fault], *, seed: int, seconds: float) -> None:
        self.place = place
        self.wrong: list[str] = []  # Problems known before the rows are checked.
        self._line = line
        self._load = load
        self._faults = faults
        self._seed = seed
        self._seconds = seconds
        self._ended = time.monotonic()

    async def judge(self, *, patience: float = 30.0) -> Report:
        """Checks the journal against the rows, after waiting for boards and change log."""
        journal = self._line.journal
        settled, drifted = await _until_settled(self.place, patience)
        drift = None if settled is None else max(0.0, settled - max(self._ended, journal.last_write))
        wrong = list(self.wrong)
        if drift is None or drift > DRIFT_SECONDS:
            wrong += [f"drift after {patience if drift is None else drift:.1f} s", *drifted]
        wrong += await _compare(self.place, journal, self._load)
        return Report(
            seed=self._seed,
            seconds=self._seconds,
            faults=dict(Counter(fault.kind for fault in self._faults)),
            statuses=journal.statuses,
            deeds=len(journal.deeds),
            acknowledged=sum(deed.done is not None for deed in journal.deeds),
            unsure=sum(bool(deed.unsure) for deed in journal.deeds),
            pages=len(journal.shown),
            drift_seconds=drift,
            wrong=wrong,
        )


@asynccontextmanager
async def storm(
    data: Path, *, seconds: float, seed: int, tell: Tell = print, pgbouncer: str = ""
) -> AsyncIterator[Aftermath]:
    """Runs the load for `seconds` with the faults of the seed; yields when both have ended."""
    place = Place(data, tell=tell, pgbouncer=pgbouncer)
    faults = schedule(seed, seconds)
    try:
        await place.start()
        line = Line(place.base_url, place.keys)
        await line.open()
        load = Load(line, seed)
        await load.open()
        living = asyncio.create_task(load.live())
        try:
            began = time.monotonic()
            await _hurt(place, faults, began, tell)
            await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
            load.stop()
            after = Aftermath(place, line, load, faults, seed=seed, seconds=seconds)
            _, waiting = await asyncio.wait([living], timeout=_ANSWERS_SECONDS)
            if waiting:
                after.wrong.append(f"a client has no answer {_ANSWERS_SECONDS:.0f} s after the last fault")
        finally:
            living.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await living
        yield after
        await line.close()
    finally:
        await place.stop()


async def _hurt(place: Place, faults: list[Fault], began: float, tell: Tell) -> None:
    """Injects every fault at its time. Returns when the last one has ended."""
    async with asyncio.TaskGroup() as group:
        for fault in faults:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            tell(f"{fault.at:6.1f} s  {fault.kind}" + (f" for {fault.lasts:.1f} s" if fault.lasts else ""))
            group.create_task(place.suffer(fault))


async def _until_settled(place: Place, patience: float) -> tuple[float | None, list[str]]:
    """The time from which boards, log and counters agree, and the last difference before."""
    drifted: list[str] = []
    until = time.monotonic() + patience
    async with place.postgres() as conn, place.redis() as redis:
        while True:
            looked = time.monotonic()
            wanted, held = await rows.boards(conn, redis)
            changes, versions, waiting, last = await rows.log(conn)
            wrong = check.wrong_boards(wanted, held) + check.wrong_counts(await rows.counts(conn))
            wrong += check.wrong_log(changes, versions, waiting=waiting, last_number=last)
            if not wrong:
                return looked, drifted
            drifted = wrong
            if looked > until:
                return None, drifted
            await asyncio.sleep(_POLL_SECONDS)


async def _compare(place: Place, journal: Journal, load: Load) -> list[str]:
    """Compares the journal with the rows and with the current pages."""
    # Pages may lag a second; after this nothing changes.
    await asyncio.sleep(1.1)
    before = len(journal.shown)
    await load.read_pages(times=8)
    last = journal.shown[before:]
    async with place.postgres() as conn:
        there = await rows.read(conn)
        newest = tuple(await rows.latest(conn, 50))
    wrong = [*_told(journal, there), *check.repeated_in_walks(load.walks)]
    return wrong + [
        f"{page.page} is not what it should be: {set(page.ids) ^ set(newest) or 'in another order'}"
        for page in last
        if page.page.startswith("/feeds/latest") and page.ids != newest
    ]


def _told(journal: Journal, there: rows.Rows) -> list[str]:
    deeds = journal.deeds
    return [
        *check.wrong_texts(deeds, there.posts, what="post"),
        *check.wrong_texts(deeds, there.comments, what="comment"),
        *check.wrong_states(deeds, [*there.posts, *there.comments]),
        *check.wrong_likes(deeds, there.likes, there.past_likes, wishes=("like", "unlike")),
        *check.wrong_likes(
            deeds, there.comment_likes, there.past_comment_likes, wishes=("like_comment", "unlike_comment")
        ),
        *check.wrong_glances(deeds, journal.glances),
        *check.acted_though_banned(deeds),
        *check.shown_too_late(deeds, journal.shown),
        *journal.breaches,
    ]
