import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from asyncpg import Pool, Record

from feed.keys.store import Keys
from feed.postgres import UNAVAILABLE, transaction
from feed.sms import store as messages
from feed.sms.file_provider import read_outbox
from feed.sms.model import MessageId, Purpose
from feed.sms.provider import ABANDONED_AFTER
from feed.worker.loop import delay_seconds
from feed.worker.schedule import Entry
from feed.worker.state import WorkerState
from tests.support.waiting import HANG_SECONDS, becomes
from tests.support.worker import running

PHONE = "+8613800138000"


async def enqueue(pool: "Pool[Record]", keys: Keys, once_key: str) -> MessageId:
    async with transaction(pool) as conn:
        message_id = await messages.enqueue(
            conn,
            keys=keys,
            purpose=Purpose.PRIZE_NOTICE,
            phone=PHONE,
            params={"campaign": "爱读书的深圳人", "date": "10 月 1 日"},
            once_key=once_key,
        )
    assert message_id is not None
    return message_id


async def test_what_is_enqueued_is_sent_at_once(worker_state: WorkerState, database: str, outbox: Path) -> None:
    async with running(worker_state, database):
        await asyncio.sleep(1)
        for number in range(30):
            await enqueue(worker_state.pool, worker_state.keys, f"prize:{number}")

        async def all_sent() -> bool:
            return await worker_state.pool.fetchval("SELECT count(*) = 30 FROM messages WHERE state = 'sent'") is True

        await becomes(all_sent)

    assert len({line.id for line in read_outbox(outbox)}) == len(list(read_outbox(outbox))) == 30


async def test_two_workers_send_each_message_once(worker_state: WorkerState, database: str, outbox: Path) -> None:
    for number in range(40):
        await enqueue(worker_state.pool, worker_state.keys, f"prize:{number}")

    async with running(worker_state, database), running(worker_state, database):

        async def all_sent() -> bool:
            return await worker_state.pool.fetchval("SELECT count(*) = 40 FROM messages WHERE state = 'sent'") is True

        await becomes(all_sent)

    assert len(list(read_outbox(outbox))) == 40


async def test_a_failing_job_is_retried_ever_more_rarely_and_delays_no_other(
    worker_state: WorkerState, database: str
) -> None:
    poor, good = Entry("poor", 0.5, _fail), Entry("good", 60, _count)
    pauses: list[float] = []
    _runs.clear()

    async def pause(seconds: float, stop: asyncio.Event) -> None:
        task = asyncio.current_task()
        assert task is not None
        if seconds and task.get_name() != "poor":
            await stop.wait()
        elif seconds:
            pauses.append(seconds)
        await asyncio.sleep(0)

    async with running(worker_state, database, (poor, good), pause=pause):

        async def enough() -> bool:
            return len(pauses) >= 8 and len(_runs) == 50

        await becomes(enough)

    assert len(_runs) == 50
    for failures, seconds in enumerate(pauses[:8], 1):
        assert 0.9 * delay_seconds(poor, failures) <= seconds <= 1.1 * delay_seconds(poor, failures)
    assert [delay_seconds(poor, failures) for failures in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    assert delay_seconds(good, 5) == 60


_runs: list[int] = []


async def _fail(_: WorkerState) -> None:
    raise RuntimeError


async def _count(_: WorkerState) -> bool:
    """More work 49 times, then none."""
    _runs.append(1)
    return len(_runs) < 50


async def test_the_queue_comes_back_when_postgres_has_thrown_everybody_out(
    worker_state: WorkerState, database: str, outbox: Path
) -> None:
    async with running(worker_state, database):
        await asyncio.sleep(1)
        async with worker_state.pool.acquire() as conn:
            await conn.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """
            )

        message_id: MessageId | None = None

        async def enqueued() -> bool:
            nonlocal message_id
            # The pool may lend a connection before it has seen that its server is gone.
            with suppress(*UNAVAILABLE):
                message_id = await enqueue(worker_state.pool, worker_state.keys, "prize:1")
            return message_id is not None

        await becomes(enqueued)

        async def sent() -> bool:
            return (
                await worker_state.pool.fetchval("SELECT state = 'sent' FROM messages WHERE id = $1", message_id)
                is True
            )

        await becomes(sent)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_worker_killed_while_it_sends_never_sends_twice(
    worker_state: WorkerState, database: str, redis_url: str, outbox: Path, tmp_path: Path, when: str
) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys, "prize:1")
    environ = {
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": redis_url,
        "FEED_KEYS_DIR": str(tmp_path / "keys"),
        "FEED_SMS_OUTBOX": str(outbox),
    }
    dying = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.killed_sending", when, env={**os.environ, **environ}
    )
    async with asyncio.timeout(HANG_SECONDS):
        assert await dying.wait() == -signal.SIGKILL
    assert await worker_state.pool.fetchval("SELECT state FROM messages WHERE id = $1", message_id) == "sending"
    assert len(list(read_outbox(outbox))) == (1 if when == "after" else 0)

    if when == "after":  # The other one waits for as long as people would.
        await worker_state.pool.execute("UPDATE messages SET sending_at = sending_at - $1::interval", ABANDONED_AFTER)

    async with running(worker_state, database):

        async def sent() -> bool:
            return (
                await worker_state.pool.fetchval("SELECT state = 'sent' FROM messages WHERE id = $1", message_id)
                is True
            )

        await becomes(sent)
        await asyncio.sleep(1)

    assert len(list(read_outbox(outbox))) == 1


async def test_a_worker_stops_when_it_is_told_to(database: str, tmp_path: Path) -> None:
    """With Redis away all the while."""
    environ = {
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": "redis://127.0.0.1:1/0",
        "FEED_KEYS_DIR": str(tmp_path / "keys"),
        "FEED_SMS_OUTBOX": str(tmp_path / "outbox.jsonl"),
        "FEED_EMBEDDED": "true",
    }
    source = "import asyncio; from feed.environment import read_settings; from feed.worker.loop import run; from feed.observability.logging import configure; configure('json'); asyncio.run(run(read_settings()))"
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, env={**os.environ, **environ}, stderr=asyncio.subprocess.PIPE
    )
    assert worker.stderr is not None
    try:
        async with asyncio.timeout(HANG_SECONDS):
            line = await worker.stderr.readline()
        assert b"worker started" in line
        await asyncio.sleep(2)
        assert worker.returncode is None

        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(HANG_SECONDS):
            assert await worker.wait() == 0
        assert b"job failed" not in await worker.stderr.read()
    finally:
        with suppress(ProcessLookupError):
            worker.kill()
