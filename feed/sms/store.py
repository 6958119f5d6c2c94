"""SQL for SMS messages. A message is enqueued in the transaction of the event that it reports."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from feed import jobs
from feed.keys.store import Keys
from feed.postgres import Connection, many, one
from feed.sms.model import HeldBy, Lane, MessageId, Purpose, QueuedMessage, Recipient, SendAttempt, lane_of
from feed.sms.templates import fit_params

RELEASED_AT_ONCE = 100
# The job name of each lane.
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
    """Adds a message and its job in the caller's transaction. None if a message with this `once_key` exists.

    `phone` is E.164. Quiet hours are applied when it is sent, not here.
    """
    recipient = Recipient(phone, fit_params(purpose, params))
    sealed = keys.seal(msgspec.json.encode(recipient), aad=aad_of(once_key))
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
    """Expires messages whose content is no longer true: queued ones are not sent, others cannot be retried."""
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


def aad_of(once_key: str) -> bytes:
    """The associated data that binds the encrypted recipient to its row."""
    return f"message:{once_key}".encode()


async def add_job(
    conn: Connection,
    message_id: MessageId,
    purpose: Purpose,
    *,
    after_attempt: datetime | None = None,
    delay: timedelta = timedelta(0),
) -> bool:
    """Enqueues the job of a message. Returns False if it exists.

    Each attempt has its own job key, because the job of the previous attempt may still be running.
    """
    once_key = f"message:{message_id}" if after_attempt is None else f"message:{message_id}:{after_attempt.isoformat()}"
    return await jobs.enqueue(conn, JOBS[lane_of(purpose)], str(message_id), once_key=once_key, delay=delay)


async def lock_waiting(conn: Connection, message_id: MessageId) -> QueuedMessage | None:
    """The message, locked until the transaction ends; None if it is not queued."""
    row = await conn.fetchrow(
        """
        SELECT id, purpose, once_key, sealed, person, not_before, expires_at, clock_timestamp() AS now
        FROM messages
        WHERE id = $1 AND state = 'queued'
        FOR UPDATE
        """,
        message_id,
    )
    return one(row, QueuedMessage)


async def mark_sending(conn: Connection, message_id: MessageId, provider: str) -> SendAttempt:
    """Starts an attempt. It has to be committed before the provider is called.

    From then on the message is not sent again unless the provider or an editor says so.
    """
    row = await conn.fetchrow(
        """
        UPDATE messages
        SET state = 'sending', sending_at = clock_timestamp(), provider = $2, provider_id = NULL, error_code = NULL,
            attempt = attempt + 1, asked_at = NULL, asks = 0, held_until = NULL, held_by = NULL, held_setting = NULL
        WHERE id = $1 AND state = 'queued'
        RETURNING id, purpose, once_key, sealed, provider, attempt, sending_at
        """,
        message_id,
        provider,
    )
    return msgspec.convert(row, SendAttempt)


async def mark_held(conn: Connection, message_id: MessageId, *, until: datetime, by: HeldBy, setting: str) -> None:
    """Records until when a queued message waits, why, and for which setting."""
    await conn.execute(
        "UPDATE messages SET held_until = $2, held_by = $3, held_setting = $4 WHERE id = $1",
        message_id,
        until,
        by,
        setting,
    )


async def release_held(conn: Connection, settings: Sequence[str]) -> list[tuple[MessageId, Purpose, datetime]]:
    """Releases queued messages that are held for other settings than these. Returns them, with the end of their wait."""
    rows = await conn.fetch(
        """
        WITH released AS (
            SELECT id, held_until
            FROM messages
            WHERE state = 'queued' AND held_setting <> ALL ($1::text[])
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        UPDATE messages SET held_until = NULL, held_by = NULL, held_setting = NULL
        FROM released
        WHERE messages.id = released.id
        RETURNING messages.id, messages.purpose, released.held_until
        """,
        settings,
        RELEASED_AT_ONCE,
    )
    return [(row["id"], Purpose(row["purpose"]), row["held_until"]) for row in rows]


async def mark_expired(conn: Connection, message_id: MessageId) -> bool:
    """Expires a queued message. Returns whether it was queued."""
    return await _changed(
        conn,
        "UPDATE messages SET state = 'expired', ended_at = now() WHERE id = $1 AND state = 'queued' RETURNING true",
        message_id,
    )


async def mark_sent(conn: Connection, attempt: SendAttempt, provider_id: str) -> bool:
    """Marks the attempt as accepted by the provider. This is possible after `unknown` too."""
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


async def mark_failed(conn: Connection, attempt: SendAttempt, error_code: str) -> bool:
    """Marks the attempt as rejected by the provider."""
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


async def mark_unknown(conn: Connection, attempt: SendAttempt) -> bool:
    """Marks the outcome as unknown, for an editor to resolve."""
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


async def mark_queued_again(conn: Connection, attempt: SendAttempt, *, after: timedelta, error_code: str) -> bool:
    """Queues the message again after an attempt that certainly sent nothing. True for only one of several callers."""
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


async def lease_abandoned(conn: Connection, *, after: timedelta, limit: int = 10) -> list[SendAttempt]:
    """Leases attempts older than `after` for a lookup, each to one worker, with increasing pauses between lookups."""
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
    return many(rows, SendAttempt)


async def list_without_job(conn: Connection, *, limit: int = 100) -> Sequence[tuple[MessageId, Purpose]]:
    """Queued messages that have been due for ten seconds and have no queued or running job."""
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
    """Removes the recipients of ended messages older than `days` days, oldest first; the rest of the row stays."""
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
