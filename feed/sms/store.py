"""The SQL of messages. Who enqueues does so in the transaction of what the message tells."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from feed import jobs
from feed.keys.store import Keys
from feed.postgres import Connection, many, one
from feed.sms.model import Lane, MessageId, Purpose, Recipient, Sending, Waiting, lane_of
from feed.sms.templates import fitted

# The job of each lane.
JOBS = {Lane.CODES: "send_code", Lane.NOTICES: "send_message"}


async def enqueue(
    conn: Connection,
    *,
    keys: Keys,
    purpose: Purpose,
    phone: str,
    params: dict[str, str],
    once_key: str,
    account_id: int | None = None,
    campaign_id: int | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> MessageId | None:
    """Leaves a message and its job; both exist if the caller's transaction commits. None: `once_key` has been here.

    `phone` is E.164. The quiet hours are the sender's business.
    """
    recipient = Recipient(phone, fitted(purpose, params))
    sealed = keys.seal(msgspec.json.encode(recipient), aad=seal_of(once_key))
    message_id: MessageId | None = await conn.fetchval(
        """
        INSERT INTO messages (purpose, account_id, once_key, sealed, not_before, expires_at, person, campaign_id)
        VALUES ($1, $2, $3, $4, coalesce($5::timestamptz, now()), $6, $7, $8)
        ON CONFLICT (once_key) DO NOTHING
        RETURNING id
        """,
        purpose,
        account_id,
        once_key,
        sealed,
        not_before,
        expires_at,
        keys.person_of(phone),
        campaign_id,
    )
    if message_id is not None:
        await add_job(conn, message_id, purpose)
    return message_id


async def withdraw(conn: Connection, once_keys: Sequence[str]) -> None:
    """What these tell of holds no more: what waits is not sent, and what somebody would try again is too late."""
    await conn.execute(
        """
        UPDATE messages
        SET expires_at = least(expires_at, clock_timestamp()),
            state = CASE WHEN state = 'queued' THEN 'expired' ELSE state END,
            ended_at = CASE WHEN state = 'queued' THEN clock_timestamp() ELSE ended_at END,
            error_code = CASE WHEN state = 'queued' THEN 'withdrawn' ELSE error_code END
        WHERE once_key = ANY ($1::text[])
        """,
        once_keys,
    )


def seal_of(once_key: str) -> bytes:
    """What a sealed message is bound to: it opens in no other row."""
    return f"message:{once_key}".encode()


async def add_job(
    conn: Connection,
    message_id: MessageId,
    purpose: Purpose,
    *,
    after_attempt: datetime | None = None,
    delay: timedelta = timedelta(0),
) -> bool:
    """Whether the message had no such job. The job of an earlier attempt may still be running, so each has its own key."""
    once_key = f"message:{message_id}" if after_attempt is None else f"message:{message_id}:{after_attempt.isoformat()}"
    return await jobs.enqueue(conn, JOBS[lane_of(purpose)], str(message_id), once_key=once_key, delay=delay)


async def lock_waiting(conn: Connection, message_id: MessageId) -> Waiting | None:
    """The message, if it is queued still."""
    row = await conn.fetchrow(
        """
        SELECT id, purpose, once_key, sealed, person, not_before, expires_at, clock_timestamp() AS now
        FROM messages
        WHERE id = $1 AND state = 'queued'
        FOR UPDATE
        """,
        message_id,
    )
    return one(row, Waiting)


async def mark_sending(conn: Connection, message_id: MessageId, provider: str) -> Sending:
    """Committed before the provider is called: from here on nobody sends it without the provider's word."""
    row = await conn.fetchrow(
        """
        UPDATE messages
        SET state = 'sending', sending_at = clock_timestamp(), provider = $2, provider_id = NULL, error_code = NULL,
            attempt = attempt + 1, asked_at = NULL, asks = 0
        WHERE id = $1 AND state = 'queued'
        RETURNING id, purpose, once_key, sealed, provider, attempt, sending_at
        """,
        message_id,
        provider,
    )
    return msgspec.convert(row, Sending)


async def mark_expired(conn: Connection, message_id: MessageId) -> bool:
    """Whether it was queued."""
    return await _changed(
        conn,
        "UPDATE messages SET state = 'expired', ended_at = now() WHERE id = $1 AND state = 'queued' RETURNING true",
        message_id,
    )


async def mark_sent(conn: Connection, attempt: Sending, provider_id: str) -> bool:
    """The provider has it. An attempt that was given up as unknown may turn out well."""
    return await _changed(
        conn,
        """
        UPDATE messages SET state = 'sent', sent_at = now(), ended_at = now(), provider_id = nullif($3, ''), error_code = NULL
        WHERE id = $1 AND sending_at = $2 AND state IN ('sending', 'unknown')
        RETURNING true
        """,
        attempt.id,
        attempt.sending_at,
        provider_id,
    )


async def mark_failed(conn: Connection, attempt: Sending, error_code: str) -> bool:
    """The provider has refused it for good."""
    return await _changed(
        conn,
        """
        UPDATE messages SET state = 'failed', ended_at = now(), error_code = $3
        WHERE id = $1 AND sending_at = $2 AND state = 'sending'
        RETURNING true
        """,
        attempt.id,
        attempt.sending_at,
        error_code,
    )


async def mark_unknown(conn: Connection, attempt: Sending) -> bool:
    """Nobody can tell whether it was sent; an editor sees it and decides."""
    return await _changed(
        conn,
        """
        UPDATE messages SET state = 'unknown', ended_at = now(), error_code = 'cannot_tell'
        WHERE id = $1 AND sending_at = $2 AND state = 'sending'
        RETURNING true
        """,
        attempt.id,
        attempt.sending_at,
    )


async def mark_queued_again(conn: Connection, attempt: Sending, *, after: timedelta, error_code: str) -> bool:
    """This attempt has certainly sent nothing. Of many who say so, one is told true."""
    return await _changed(
        conn,
        """
        UPDATE messages SET state = 'queued', not_before = now() + $3::interval, error_code = $4
        WHERE id = $1 AND sending_at = $2 AND state = 'sending'
        RETURNING true
        """,
        attempt.id,
        attempt.sending_at,
        after,
        error_code,
    )


async def lease_abandoned(conn: Connection, *, after: timedelta, limit: int = 10) -> list[Sending]:
    """Attempts older than any sender waits for, whose turn it is to be asked about: each by one worker, and ever more rarely."""
    rows = await conn.fetch(
        """
        UPDATE messages SET asked_at = clock_timestamp(), asks = asks + 1
        WHERE id IN (
            SELECT id
            FROM messages
            WHERE state = 'sending' AND sending_at < clock_timestamp() - $1::interval
              AND (asked_at IS NULL
                   OR asked_at < clock_timestamp() - least(5 * 2 ^ least(asks, 5), 60) * interval '1 second')
            ORDER BY asked_at NULLS FIRST, sending_at
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        RETURNING id, purpose, once_key, sealed, provider, attempt, sending_at, clock_timestamp() - sending_at AS age
        """,
        after,
        limit,
    )
    return many(rows, Sending)


async def list_jobless(conn: Connection, *, limit: int = 100) -> Sequence[tuple[MessageId, Purpose]]:
    """Messages that should have gone a while ago and for which no job waits or runs."""
    rows = await conn.fetch(
        """
        SELECT id, purpose
        FROM messages
        WHERE state = 'queued' AND not_before < now() - interval '10 seconds' AND NOT EXISTS (
            SELECT FROM jobs.pgqueuer AS job
            WHERE job.entrypoint = ANY ($2::text[]) AND convert_from(job.payload, 'UTF8') = messages.id::text
              AND job.status IN ('queued', 'picked')
        )
        ORDER BY not_before
        LIMIT $1
        """,
        limit,
        sorted(JOBS.values()),
    )
    return [(row["id"], Purpose(row["purpose"])) for row in rows]


async def _changed(conn: Connection, statement: str, *values: object) -> bool:
    return await conn.fetchval(statement, *values) is not None


async def remove_old_numbers(conn: Connection, *, days: int, limit: int = 1000) -> None:
    """Of messages that have ended, the oldest first; what they were, and what became of them, stays."""
    await conn.execute(
        """
        UPDATE messages SET sealed = '', person = NULL
        WHERE id IN (
            SELECT id FROM messages
            WHERE sealed <> '' AND created_at < now() - make_interval(days => $1) AND state NOT IN ('queued', 'sending')
            ORDER BY created_at
            LIMIT $2
        )
        """,
        days,
        limit,
    )
