"""SIGKILL around every commit and every call on a message's way to a provider: one message at most, and never a guess."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from feed.sms import actions
from feed.sms.model import MessageId, SendAttempt
from feed.sms.provider import ABANDONED_AFTER, NOT_LISTED_AFTER
from feed.worker.sms import resolve_abandoned, send_message
from feed.worker.state import WorkerState
from tests.support.databases import wait_for_transactions
from tests.support.fake_sms_provider import Fake
from tests.support.forks import Forks
from tests.support.sms import age, enqueue, lets_time_pass, row_of
from tests.support.waiting import HANG_SECONDS


class Ran(NamedTuple):
    died: bool
    at: str  # What it died at.


Start = Callable[[str, MessageId, int, str], Awaitable[asyncio.subprocess.Process]]
Run = Callable[[str, MessageId, int, str], Awaitable[Ran]]


@pytest.fixture
def worker_state(unreliable: WorkerState) -> WorkerState:
    return unreliable


@pytest.fixture
def environ(database: str, redis_url: str, tmp_path: Path, fake: Fake) -> dict[str, str]:
    own = {"FEED_DATABASE_URL": database, "FEED_REDIS_URL": redis_url, "FEED_KEYS_DIR": str(tmp_path / "keys")}
    return own | fake.settings


@pytest.fixture
def start(environ: dict[str, str]) -> Start:
    async def started(step: str, message_id: MessageId, nth: int, when: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.killed_asking",
            step,
            str(message_id),
            str(nth),
            when,
            env=os.environ | environ,
            stdout=asyncio.subprocess.PIPE,
        )

    return started


@pytest.fixture
def run(environ: dict[str, str], forks: Forks) -> Run:
    async def ran(step: str, message_id: MessageId, nth: int, when: str) -> Ran:
        ended = await asyncio.to_thread(
            forks.run, "tests.support.killed_asking", step, message_id, nth, when, environ=environ
        )
        await wait_for_transactions(environ["FEED_DATABASE_URL"])
        output = ended.said.split()[-1]
        assert ended.status == (0 if output == "lived" else -signal.SIGKILL)
        return Ran(output != "lived", output)

    return ran


async def finish(worker_state: WorkerState, message_id: MessageId) -> tuple[str, str | None, str | None]:
    """What other workers do in the time that everything takes."""
    await send_message(worker_state, message_id)
    await resolve_abandoned(worker_state)
    await lets_time_pass(worker_state, message_id)
    for _ in range(2):
        await lets_time_pass(worker_state, message_id, NOT_LISTED_AFTER)
    return await row_of(worker_state.pool, message_id)


async def test_killed_at_each_step_of_sending(worker_state: WorkerState, fake: Fake, run: Run) -> None:
    """If the call may have been made the message is not sent again: it is looked up, or left to an editor."""
    expected = {
        (1, "before"): ("commit", "queued", 0, "sent", 1),
        (1, "after"): ("commit", "sending", 0, "unknown", 0),
        (2, "before"): ("call", "sending", 0, "unknown", 0),
        (2, "after"): ("call", "sending", 1, "sent", 1),
        (3, "before"): ("commit", "sending", 1, "sent", 1),
        (3, "after"): ("commit", "sent", 1, "sent", 1),
    }
    seen = {}
    for nth in range(1, 20):
        lived = False
        for when in ("before", "after"):
            fake.taken.clear()
            message_id = await enqueue(worker_state.pool, worker_state.keys, f"prize:{nth}:{when}")
            ran = await run("send", message_id, nth, when)
            if not ran.died:
                lived = True
                continue
            left, taken = (await row_of(worker_state.pool, message_id))[0], len(fake.taken)
            end = (await finish(worker_state, message_id))[0]
            seen[nth, when] = (ran.at, left, taken, end, len(fake.taken))
        if lived:
            break
    assert seen == expected


async def test_killed_at_each_step_of_asking(worker_state: WorkerState, fake: Fake, run: Run) -> None:
    """A lookup has no effect, so the next worker repeats it."""
    seen = {}
    for nth in range(1, 20):
        lived = False
        for when in ("before", "after"):
            fake.taken.clear()
            fake.script = ["fails after taking"]
            message_id = await enqueue(worker_state.pool, worker_state.keys, f"prize:{nth}:{when}")
            await send_message(worker_state, message_id)
            await age(worker_state.pool, message_id, ABANDONED_AFTER)
            ran = await run("resolve", message_id, nth, when)
            if not ran.died:
                lived = True
                continue
            left = (await row_of(worker_state.pool, message_id))[0]
            end = (await finish(worker_state, message_id))[0]
            seen[nth, when] = (ran.at, left, end, len(fake.taken))
        if lived:
            break
    assert seen == {
        (1, "before"): ("commit", "sending", "sent", 1),
        (1, "after"): ("commit", "sending", "sent", 1),
        (2, "before"): ("call", "sending", "sent", 1),
        (2, "after"): ("call", "sending", "sent", 1),
        (3, "before"): ("commit", "sending", "sent", 1),
        (3, "after"): ("commit", "sent", "sent", 1),
    }


async def test_killed_while_the_provider_takes_its_time(
    worker_state: WorkerState,
    fake: Fake,
    start: Start,
) -> None:
    fake.script = ["hangs after taking"]
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    process = await start("send", message_id, 99, "after")
    async with asyncio.timeout(HANG_SECONDS):
        while not fake.taken:
            await asyncio.sleep(0.02)
    process.kill()
    assert await process.wait() == -signal.SIGKILL
    assert (await row_of(worker_state.pool, message_id))[0] == "sending"

    assert (await finish(worker_state, message_id))[0] == "sent"
    assert len(fake.taken) == 1


async def test_two_who_find_it_at_once_ask_once(worker_state: WorkerState, fake: Fake) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    assert isinstance(await actions.begin_sending(worker_state.pool, message_id, fake.name, None), SendAttempt)
    await age(worker_state.pool, message_id)

    leases = await asyncio.gather(
        *(actions.lease_abandoned(worker_state.pool, after=ABANDONED_AFTER) for _ in range(4))
    )

    assert sorted(len(lease) for lease in leases) == [0, 0, 0, 1]
