"""A retried POST acts once: its key is a row of the transaction that holds its effect."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from feed.errors import Conflict
from feed.postgres import Connection, Pool, columns


class IdempotencyKeyReused(Conflict):
    """The same key came with another body."""


class IdempotencyKeyBusy(Conflict):
    """The first request with this key still runs."""


class Answered(Exception):
    """The request was answered before, and this is what it was told: not a refusal, but the way past all that would act again."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class Given(NamedTuple):
    """An answer that a keyed request was given: to be told again."""

    account_id: int
    request: "Once"
    status: int
    body: bytes


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

    Raises Answered for a request that has been answered, IdempotencyKeyReused, and IdempotencyKeyBusy while the first
    request with this key has not ended. Neither fresh nor answered is a request that was cut off between its commit and its
    answer: its effect stands, and the caller tells of it anew.
    """
    # The lock, not the row, says that somebody is at it: an uncommitted row would be waited for, on a connection that others need.
    answer_id = await conn.fetchval(
        """
        INSERT INTO idempotency_keys (account_id, route, key, body_sha256, answer_id)
        SELECT $1, $2, $3, $4, next_id()
        WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', 'once', $1::bigint, $2::text, $3::text), 0))
        ON CONFLICT (account_id, route, key) DO UPDATE
        SET body_sha256 = excluded.body_sha256, answer_id = excluded.answer_id, created_at = now(),
            status = NULL, answer = NULL
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
        """
        SELECT body_sha256, answer_id, status, answer
        FROM idempotency_keys
        WHERE account_id = $1 AND route = $2 AND key = $3
        """,
        account_id,
        request.route,
        request.key,
    )
    if row is None:
        raise IdempotencyKeyBusy(retry_after=1)
    if row["body_sha256"] != request.body_sha256:
        raise IdempotencyKeyReused
    if row["answer"] is not None:
        raise Answered(row["status"], row["answer"])
    return Reserved(row["answer_id"], fresh=False)


async def store_answers(pool: Pool, given: Sequence[Given]) -> list[None]:
    """Keeps the answers beside their keys, many at once; the first one that was kept stays."""
    # In one order, as whoever claims several keys would take them.
    ordered = sorted(given, key=lambda each: (each.account_id, each.request.route, each.request.key))
    async with pool.acquire() as conn:
        await conn.execute(
            """
            UPDATE idempotency_keys AS kept SET status = given.status, answer = given.answer
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::bytea[])
                AS given (account_id, route, key, body_sha256, status, answer)
            WHERE kept.account_id = given.account_id AND kept.route = given.route AND kept.key = given.key
              AND kept.body_sha256 = given.body_sha256 AND kept.answer IS NULL
            """,
            *columns([(each.account_id, *each.request, each.status, each.body) for each in ordered], 6),
        )
    return [None] * len(given)


async def remove_old(conn: Connection, *, hours: int) -> int:
    """How many keys were forgotten: nobody retries after `hours`."""
    tag = await conn.execute(
        "DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1)", hours
    )
    return int(tag.split()[-1])
