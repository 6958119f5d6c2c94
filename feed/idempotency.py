"""A retried POST acts once: its key is a row of the transaction that holds its effect."""

import hashlib
from typing import NamedTuple

from feed.errors import Conflict
from feed.postgres import Connection


class IdempotencyKeyReused(Conflict):
    """The same key came with another body."""


class IdempotencyKeyBusy(Conflict):
    """The first request with this key still runs."""


class Once(NamedTuple):
    """What makes a request the same request: the caller's key for a route, and what it asked for."""

    route: str
    key: str
    body_sha256: bytes


class Reserved(NamedTuple):
    """The id of what the request makes, and whether it is still to be made."""

    answer_id: int
    fresh: bool


def once(route: str, key: str | None, body: bytes) -> Once | None:
    """The request's identity; None when the caller gave no key."""
    return None if not key else Once(route, key[:200], hashlib.sha256(body).digest())


async def reserve(conn: Connection, account_id: int, request: Once) -> Reserved:
    """Claims the key inside the transaction of the effect, for a day.

    Raises IdempotencyKeyReused, and IdempotencyKeyBusy while the first request with this key has not ended.
    """
    # The lock, not the row, says that somebody is at it: an uncommitted row would be waited for, on a connection that others need.
    answer_id = await conn.fetchval(
        """
        INSERT INTO idempotency_keys (account_id, route, key, body_sha256, answer_id)
        SELECT $1, $2, $3, $4, next_id()
        WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', 'once', $1::bigint, $2::text, $3::text), 0))
        ON CONFLICT (account_id, route, key) DO UPDATE
        SET body_sha256 = excluded.body_sha256, answer_id = excluded.answer_id, created_at = now()
        WHERE idempotency_keys.created_at < now() - interval '24 hours'
        RETURNING answer_id
        """,
        account_id,
        request.route,
        request.key,
        request.body_sha256,
    )
    if answer_id is not None:
        return Reserved(answer_id, fresh=True)
    row = await conn.fetchrow(
        "SELECT body_sha256, answer_id FROM idempotency_keys WHERE account_id = $1 AND route = $2 AND key = $3",
        account_id,
        request.route,
        request.key,
    )
    if row is None:
        raise IdempotencyKeyBusy(retry_after=1)
    if row["body_sha256"] != request.body_sha256:
        raise IdempotencyKeyReused
    return Reserved(row["answer_id"], fresh=False)


async def remove_old(conn: Connection, *, hours: int) -> int:
    """How many keys were forgotten: nobody retries after `hours`."""
    tag = await conn.execute(
        "DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1)", hours
    )
    return int(tag.split()[-1])
