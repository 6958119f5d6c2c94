from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncpg import Pool, Record

from feed.keys.store import Keys
from feed.postgres import transaction
from feed.sms import actions
from feed.sms import manual_resolution as deciding
from feed.sms import store as messages
from feed.sms.file_provider import OutboxLine, read_outbox
from feed.sms.model import SHANGHAI, MessageId, MessageTooLate, Purpose, QuietHours, SendAttempt, Wait
from feed.sms.provider import Found, Inconclusive, NotAccepted, Rejected, Throttled, Uncertain
from feed.sms.quotas import Caps
from feed.worker import retention
from feed.worker.sms import resolve_abandoned, send_message
from feed.worker.state import WorkerState
from tests.support import make
from tests.support.sms import NOTICE, PHONE, ScriptedProvider, age, enqueue, job_count
from tests.worker.conftest import WorldsWith


async def state_of(pool: "Pool[Record]", message_id: MessageId) -> str:
    state: str = await pool.fetchval("SELECT state FROM messages WHERE id = $1", message_id)
    return state


def sent(outbox: Path) -> list[OutboxLine]:
    return list(read_outbox(outbox))


async def test_a_message_is_sent_once_however_often_its_job_runs(worker_state: WorkerState, outbox: Path) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    for _ in range(3):
        assert await send_message(worker_state, message_id) is None

    (line,) = sent(outbox)
    assert line.phone == PHONE
    assert line.id == str(message_id)
    assert "爱读书的深圳人" in line.text
    assert await state_of(worker_state.pool, message_id) == "sent"


async def test_the_same_event_is_told_to_a_phone_once(worker_state: WorkerState) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    async with transaction(worker_state.pool) as conn:
        again = await messages.enqueue(
            conn, keys=worker_state.keys, purpose=Purpose.PRIZE_NOTICE, phone=PHONE, params=NOTICE, once_key="prize:1"
        )

    assert again is None
    assert await job_count(worker_state.pool, message_id) == 1


async def test_a_message_of_a_transaction_that_fails_does_not_exist(worker_state: WorkerState) -> None:
    class Failure(Exception):
        pass

    async def fail() -> None:
        async with transaction(worker_state.pool) as conn:
            await messages.enqueue(
                conn,
                keys=worker_state.keys,
                purpose=Purpose.PRIZE_NOTICE,
                phone=PHONE,
                params=NOTICE,
                once_key="prize:1",
            )
            raise Failure

    with pytest.raises(Failure):
        await fail()

    assert await worker_state.pool.fetchval("SELECT count(*) FROM messages") == 0
    assert await worker_state.pool.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 0


async def test_a_row_of_the_database_does_not_tell_whose_phone_it_is(worker_state: WorkerState) -> None:
    await enqueue(worker_state.pool, worker_state.keys)

    row = await worker_state.pool.fetchval("SELECT messages::text FROM messages")

    assert "13800138000" not in row
    assert b"13800138000".hex() not in row


async def test_a_message_moved_to_another_row_is_not_sent(worker_state: WorkerState, outbox: Path) -> None:
    theirs, other = [await enqueue(worker_state.pool, worker_state.keys, key) for key in ("prize:1", "prize:2")]
    await worker_state.pool.execute(
        "UPDATE messages SET sealed = (SELECT sealed FROM messages WHERE id = $1) WHERE id = $2", theirs, other
    )

    await send_message(worker_state, other)

    assert sent(outbox) == []
    assert await state_of(worker_state.pool, other) == "failed"


async def test_killed_before_the_provider_was_called_the_message_is_sent_once(
    worker_state: WorkerState, outbox: Path
) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    attempt = await actions.begin_sending(worker_state.pool, message_id, "file", None)
    assert isinstance(attempt, SendAttempt)

    await send_message(worker_state, message_id)  # The job runs again elsewhere, and leaves it alone.
    await resolve_abandoned(worker_state)  # So does this: its sender may still be alive.
    assert sent(outbox) == []
    assert await state_of(worker_state.pool, message_id) == "sending"

    await age(worker_state.pool, message_id)
    await resolve_abandoned(worker_state)
    await resolve_abandoned(worker_state)
    assert await job_count(worker_state.pool, message_id) == 2
    for _ in range(2):
        await send_message(worker_state, message_id)

    assert len(sent(outbox)) == 1
    assert await state_of(worker_state.pool, message_id) == "sent"


async def test_killed_after_the_provider_took_it_the_message_is_not_sent_again(
    worker_state: WorkerState, outbox: Path
) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    attempt = await actions.begin_sending(worker_state.pool, message_id, "file", None)
    assert isinstance(attempt, SendAttempt)
    await worker_state.provider.send(attempt.reference, PHONE, attempt.purpose, NOTICE)

    await age(worker_state.pool, message_id)
    await resolve_abandoned(worker_state)
    await send_message(worker_state, message_id)

    assert len(sent(outbox)) == 1
    assert await state_of(worker_state.pool, message_id) == "sent"


async def test_of_two_who_resolve_at_once_one_sends_again(worker_state: WorkerState) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    attempt = await actions.begin_sending(worker_state.pool, message_id, "file", None)
    assert isinstance(attempt, SendAttempt)

    assert await actions.requeue(worker_state.pool, attempt, error_code="not_seen") is True
    assert await actions.requeue(worker_state.pool, attempt, error_code="not_seen") is False

    # A late word about the first attempt does not touch the second.
    second = await actions.begin_sending(worker_state.pool, message_id, "file", None)
    assert isinstance(second, SendAttempt)
    assert await actions.record_failed(worker_state.pool, attempt, "late") is False
    assert await state_of(worker_state.pool, message_id) == "sending"


async def test_without_an_answer_it_is_asked_and_not_sent_again(worker_state_with: WorldsWith) -> None:
    provider = ScriptedProvider(Uncertain(), Uncertain())
    worker_state = worker_state_with(provider)
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)
    await age(worker_state.pool, message_id)
    await resolve_abandoned(worker_state)
    assert await state_of(worker_state.pool, message_id) == "sending"

    provider.knows = Found("p-1")
    await age(worker_state.pool, message_id)
    await resolve_abandoned(worker_state)

    assert await state_of(worker_state.pool, message_id) == "sent"
    assert provider.calls == 1


async def test_when_nobody_can_tell_an_editor_decides(worker_state_with: WorldsWith) -> None:
    provider = ScriptedProvider(Uncertain(), Inconclusive())
    worker_state = worker_state_with(provider)
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)
    await age(worker_state.pool, message_id)
    for _ in range(2):
        await resolve_abandoned(worker_state)
        await send_message(worker_state, message_id)

    assert await state_of(worker_state.pool, message_id) == "unknown"
    assert await job_count(worker_state.pool, message_id) == 1
    assert provider.calls == 1


async def test_a_refusal_is_final(worker_state_with: WorldsWith) -> None:
    worker_state = worker_state_with(ScriptedProvider(Rejected("isv.MOBILE_NUMBER_ILLEGAL"), NotAccepted()))
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)

    row = await worker_state.pool.fetchrow("SELECT state, error_code FROM messages WHERE id = $1", message_id)
    assert row is not None
    assert tuple(row) == ("failed", "isv.MOBILE_NUMBER_ILLEGAL")


async def test_a_throttled_message_goes_later(worker_state_with: WorldsWith) -> None:
    provider = ScriptedProvider(Throttled("limit", retry_after=timedelta(minutes=2)), NotAccepted())
    worker_state = worker_state_with(provider)
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)

    assert await state_of(worker_state.pool, message_id) == "queued"
    waits = await worker_state.pool.fetchval("SELECT max(execute_after - created) FROM jobs.pgqueuer")
    assert timedelta(minutes=1, seconds=50) < waits <= timedelta(minutes=2)
    assert isinstance(await send_message(worker_state, message_id), Wait)
    assert provider.calls == 1


async def test_at_night_the_notice_waits_by_the_clock_of_the_database(worker_state: WorkerState, outbox: Path) -> None:
    now = await worker_state.pool.fetchval("SELECT now()")
    here = now.astimezone(SHANGHAI)
    quiet = QuietHours((here - timedelta(hours=1)).time(), (here + timedelta(hours=1)).time())
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    waits = await send_message(worker_state._replace(quiet=quiet), message_id)

    assert isinstance(waits, Wait)
    assert timedelta(minutes=59) < waits.left <= timedelta(hours=1)
    assert sent(outbox) == []
    assert await state_of(worker_state.pool, message_id) == "queued"
    row = await worker_state.pool.fetchrow("SELECT held_by, held_until - now() AS left FROM messages")
    assert row is not None
    assert row["held_by"] == "quiet_hours"
    assert timedelta(minutes=58) < row["left"] <= timedelta(hours=1)


def quiet_now(*, since: int = 1) -> QuietHours:
    """Quiet hours that have begun `since` hours ago and end in an hour."""
    here = datetime.now(UTC).astimezone(SHANGHAI)
    return QuietHours((here - timedelta(hours=since)).time(), (here + timedelta(hours=1)).time())


async def due_jobs(pool: "Pool[Record]") -> set[int]:
    rows = await pool.fetch(
        "SELECT payload FROM jobs.pgqueuer WHERE entrypoint = 'send_message' AND execute_after <= now()"
    )
    return {int(row["payload"]) for row in rows}


@pytest.mark.parametrize("held_by", ["quiet_hours", "quota"])
async def test_a_changed_setting_lets_held_messages_go(worker_state: WorkerState, outbox: Path, held_by: str) -> None:
    holding = {"quiet": quiet_now()} if held_by == "quiet_hours" else {"caps": Caps(per_phone=1, per_day=1)}
    held = worker_state._replace(**holding)
    if held_by == "quota":
        await send_message(held, await enqueue(held.pool, held.keys, "prize:0"))
    first, second = [await enqueue(held.pool, held.keys, f"prize:{number}") for number in (1, 2)]
    # The job waits in the queue for the time that it was told.
    await held.pool.execute("DELETE FROM jobs.pgqueuer")
    for message_id in (first, second):
        wait = await send_message(held, message_id)
        assert wait is not None
        assert wait.held_by == held_by
        await held.pool.execute(
            """
            INSERT INTO jobs.pgqueuer (entrypoint, payload, dedupe_key, priority, execute_after, status)
            VALUES ('send_message', $1, $2, 0, now() + $3::interval, 'queued')
            """,
            str(message_id).encode(),
            f"message:{message_id}",
            wait.left,
        )

    assert await actions.release_held(held.pool, held.quiet, held.caps) is False
    assert await due_jobs(held.pool) == set()
    for _ in range(2):  # The second time nothing is left to do.
        await actions.release_held(worker_state.pool, worker_state.quiet, worker_state.caps)

    assert await due_jobs(held.pool) == {first, second}
    for message_id in (first, second):
        await send_message(worker_state, message_id)
        assert await state_of(worker_state.pool, message_id) == "sent"
    assert await worker_state.pool.fetchval("SELECT count(*) FROM messages WHERE held_by IS NOT NULL") == 0


async def test_messages_that_are_still_held_wait_again(worker_state: WorkerState, outbox: Path) -> None:
    night = worker_state._replace(quiet=quiet_now())
    message_id = await enqueue(night.pool, night.keys)
    await send_message(night, message_id)
    longer = night._replace(quiet=quiet_now(since=2))
    await actions.release_held(night.pool, longer.quiet)
    wait = await send_message(longer, message_id)
    assert wait is not None
    assert await state_of(night.pool, message_id) == "queued"
    assert sent(outbox) == []


async def test_what_came_too_late_is_not_sent(worker_state: WorkerState, outbox: Path) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys, expires_at=datetime(2026, 1, 1, tzinfo=UTC))

    await send_message(worker_state, message_id)

    assert sent(outbox) == []
    assert await state_of(worker_state.pool, message_id) == "expired"


async def test_a_message_whose_job_is_lost_gets_another_one(worker_state: WorkerState) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys, not_before=datetime(2026, 1, 1, tzinfo=UTC))
    assert await actions.enqueue_jobless(worker_state.pool) == 0

    await worker_state.pool.execute("DELETE FROM jobs.pgqueuer")

    assert await actions.enqueue_jobless(worker_state.pool) == 1
    assert await actions.enqueue_jobless(worker_state.pool) == 0
    assert await job_count(worker_state.pool, message_id) == 1


async def test_a_number_is_forgotten_a_month_after_its_message_has_ended(worker_state: WorkerState, keys: Keys) -> None:
    sent, fresh, waiting, failed = [await enqueue(worker_state.pool, keys, f"prize:{number}") for number in range(4)]
    for message_id in (sent, fresh, failed):
        await send_message(worker_state, message_id)
    await worker_state.pool.execute("UPDATE messages SET state = 'failed' WHERE id = $1", failed)
    month = "UPDATE messages SET created_at = now() - interval '31 days' WHERE id <> $1"
    await worker_state.pool.execute(month, fresh)
    await retention.remove_old_phone_numbers(worker_state)
    kept = await worker_state.pool.fetch("SELECT id FROM messages WHERE sealed <> '' ORDER BY id")
    assert [row["id"] for row in kept] == [fresh, waiting]
    assert await state_of(worker_state.pool, sent) == "sent"
    assert await worker_state.pool.fetchval("SELECT person FROM messages WHERE id = $1", sent) is None
    # The phone number was removed, so it cannot be sent again.
    editor = await make.person(worker_state.pool, role="editor")
    with pytest.raises(MessageTooLate):
        await deciding.retry_message(worker_state.pool, failed, by=editor, reason="再发一次")
