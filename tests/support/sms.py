"""Messages in the queue, and how old their attempts are."""

from datetime import datetime, timedelta

import msgspec
from asyncpg import Pool, Record

from feed.keys.store import Keys
from feed.postgres import transaction
from feed.sms import store as messages
from feed.sms.actions import open_recipient
from feed.sms.model import MessageId, Purpose, Reference, SendAttempt
from feed.sms.provider import ABANDONED_AFTER, LookupResult
from feed.worker.sms import resolve_abandoned, send_message
from feed.worker.state import WorkerState

PHONE = "+8613800138000"
NOTICE = {"campaign": "爱读书的深圳人", "date": "10 月 1 日"}


async def enqueue(
    pool: "Pool[Record]",
    keys: Keys,
    once_key: str = "prize:1",
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> MessageId:
    async with transaction(pool) as conn:
        message_id = await messages.enqueue(
            conn,
            keys=keys,
            purpose=Purpose.PRIZE_NOTICE,
            phone=PHONE,
            params=NOTICE,
            once_key=once_key,
            not_before=not_before,
            expires_at=expires_at,
        )
    assert message_id is not None
    return message_id


async def job_count(pool: "Pool[Record]", message_id: MessageId) -> int:
    count: int = await pool.fetchval(
        "SELECT count(*) FROM jobs.pgqueuer WHERE entrypoint = 'send_message' AND payload = $1",
        str(message_id).encode(),
    )
    return count


async def newest_code(pool: "Pool[Record]", keys: Keys) -> str:
    """The latest sign-in code that was queued."""
    row = await pool.fetchrow(
        "SELECT id, purpose, once_key, sealed, created_at AS sending_at FROM messages ORDER BY id DESC LIMIT 1"
    )
    recipient = open_recipient(keys, msgspec.convert(row, SendAttempt))
    assert recipient is not None
    return recipient.params["code"]


async def age(pool: "Pool[Record]", message_id: MessageId, by: timedelta = ABANDONED_AFTER) -> None:
    """Lets the attempt be older than any sender waits, and the last question about it a while ago."""
    await pool.execute(
        "UPDATE messages SET sending_at = sending_at - $2::interval, asked_at = asked_at - $3::interval WHERE id = $1",
        message_id,
        by,
        timedelta(minutes=2),
    )


class ScriptedProvider:
    """A provider at the other end of a line: what it does and what it knows is up to the test."""

    name = "telling"

    def __init__(self, outcome: str | Exception, knows: LookupResult | Exception) -> None:
        self.outcome = outcome
        self.knows = knows
        self.calls = 0

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        self.calls += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> LookupResult:
        if isinstance(self.knows, Exception):
            raise self.knows
        return self.knows

    async def close(self) -> None:
        pass


async def row_of(pool: "Pool[Record]", message_id: MessageId) -> tuple[str, str | None, str | None]:
    row = await pool.fetchrow("SELECT state, error_code, provider_id FROM messages WHERE id = $1", message_id)
    assert row is not None
    return row["state"], row["error_code"], row["provider_id"]


async def lets_time_pass(worker_state: WorkerState, message_id: MessageId, by: timedelta = ABANDONED_AFTER) -> None:
    """Runs every job that is due by then, twice."""
    await age(worker_state.pool, message_id, by)
    for _ in range(2):
        await resolve_abandoned(worker_state)
        await send_message(worker_state, message_id)
