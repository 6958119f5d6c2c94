"""Idempotency keys: a retried POST acts once, because its key is written in the transaction of its effect."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import msgspec
from asyncpg import Record

from feed.errors import Conflict
from feed.postgres import Connection, Pool, columns, transaction, writing


class IdempotencyKeyReused(Conflict):
    """The key was used with another body."""


class IdempotencyKeyBusy(Conflict):
    """The first request with this key is still running."""


class AlreadyAnswered(Exception):
    """The request already has a stored response, which is returned. Raised to skip the action, not an error."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class StoredResponse(NamedTuple):
    """The response to a request with a key, stored for retries."""

    account_id: int
    request: "KeyedRequest"
    status: int
    body: bytes


class KeyedRequest(NamedTuple):
    """The identity of a request: route, the client's key, and the hash of the body."""

    route: str
    key: str
    body_sha256: bytes


class Reservation(NamedTuple):
    """The id reserved for what the request creates, and whether it is still to be created."""

    answer_id: int
    is_new: bool


class Attempt(NamedTuple):
    """One attempt at a request. `reserved` is None for a request without a key, which is never a repeat."""

    reserved: Reservation | None

    @property
    def is_repeat(self) -> bool:
        """Whether an earlier attempt committed its effect and only the response was lost."""
        return self.reserved is not None and not self.reserved.is_new

    @property
    def reserved_id(self) -> int | None:
        """The id for what the request creates; in a repeat, the id of what was created."""
        return None if self.reserved is None else self.reserved.answer_id


Claim = Reservation | AlreadyAnswered | IdempotencyKeyBusy | IdempotencyKeyReused


def keyed_request(route: str, key: str | None, body: bytes) -> KeyedRequest | None:
    """The identity of a request; None without a key."""
    return None if not key else KeyedRequest(route, key, hashlib.sha256(body).digest())


@asynccontextmanager
async def idempotent_transaction(
    pool: Pool, account_id: int | None, request: KeyedRequest | None
) -> AsyncIterator[tuple[Connection, Attempt]]:
    """The transaction of an action that may be retried. It first reserves the request's key, for a day.

    `account_id` is None for commands of an operator. An error in the block rolls the reservation back. Raises
    AlreadyAnswered for a request with a stored response, IdempotencyKeyReused, and IdempotencyKeyBusy while the first
    request with this key is running. An attempt is a repeat if the first one ended between commit and response: its effect
    is kept, and the action only builds the response.
    """
    async with transaction(pool) as conn:
        if request is None or account_id is None:
            yield conn, Attempt(None)
            return
        (found,) = await reserve_each(conn, [(account_id, request)])
        if isinstance(found, Exception):
            raise found
        yield conn, Attempt(found)


async def reserve_each(conn: Connection, requests: Sequence[tuple[int, KeyedRequest]]) -> list[Claim]:
    """Reserves the keys of many requests, each with its account, for a day. Returns a reservation or an error for each.

    The errors are those that `idempotent_transaction` raises.
    """
    if not requests:
        return []
    first: dict[tuple[int, str, str], KeyedRequest] = {}
    for account_id, request in requests:
        first.setdefault((account_id, request.route, request.key), request)
    # The lock, not the row, shows that a request is running: waiting for an uncommitted row would occupy a connection.
    rows = await conn.fetch(
        """
        INSERT INTO idempotency_keys (account_id, route, key, body_sha256, answer_id)
        SELECT account_id, route, key, body_sha256, next_id()
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[]) AS given (account_id, route, key, body_sha256)
        WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', 'once', account_id, route, key), 0))
        ON CONFLICT (account_id, route, key) DO UPDATE
        SET body_sha256 = excluded.body_sha256, answer_id = excluded.answer_id, created_at = now(),
            status = NULL, answer = NULL
        WHERE idempotency_keys.created_at < now() - interval '24 hours'
        RETURNING account_id, route, key, answer_id
        """,
        *columns([(*known, first[known].body_sha256) for known in sorted(first)], 4),
    )
    claimed = {
        (row["account_id"], row["route"], row["key"]): Reservation(row["answer_id"], is_new=True) for row in rows
    }
    held = await _find_held(conn, sorted(first.keys() - claimed.keys()))

    def result_of(account_id: int, request: KeyedRequest) -> Claim:
        known = (account_id, request.route, request.key)
        if known in held:
            return _of_held(request, held[known])
        if request.body_sha256 != first[known].body_sha256:
            return IdempotencyKeyReused()
        # Removed, so that a duplicate within this batch gets IdempotencyKeyBusy.
        return claimed.pop(known, None) or IdempotencyKeyBusy(retry_after=1)

    return [result_of(account_id, request) for account_id, request in requests]


async def _find_held(conn: Connection, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], Record]:
    """The rows of keys that were reserved before."""
    if not keys:
        return {}
    rows = await conn.fetch(
        """
        SELECT held.account_id, held.route, held.key, held.body_sha256, held.answer_id, held.status, held.answer
        FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (account_id, route, key)
        JOIN idempotency_keys AS held
          ON held.account_id = given.account_id AND held.route = given.route AND held.key = given.key
        """,
        *columns(keys, 3),
    )
    return {(row["account_id"], row["route"], row["key"]): row for row in rows}


def _of_held(request: KeyedRequest, row: Record) -> Claim:
    if row["body_sha256"] != request.body_sha256:
        return IdempotencyKeyReused()
    if row["answer"] is not None:
        return AlreadyAnswered(row["status"], row["answer"])
    return Reservation(row["answer_id"], is_new=False)


async def split_repeats(
    conn: Connection, requests: Sequence[tuple[int, KeyedRequest | None]]
) -> tuple[dict[int, int | None], dict[int, int | Exception]]:
    """Splits requests into new ones and repeats, both by index.

    The first dict has the reserved id of each request to act on (None without a key); the second has the result of each
    other one: the id of what it created before, or an error of `reserve_each`.
    """
    keyed = [
        (place, (account_id, keyed_request))
        for place, (account_id, keyed_request) in enumerate(requests)
        if keyed_request is not None
    ]
    new: dict[int, int | None] = {
        place: None for place, (_, keyed_request) in enumerate(requests) if keyed_request is None
    }
    settled: dict[int, int | Exception] = {}
    for (place, _), claim in zip(keyed, await reserve_each(conn, [request for _, request in keyed]), strict=True):
        if not isinstance(claim, Reservation):
            settled[place] = claim
        else:
            (new if claim.is_new else settled)[place] = claim.answer_id
    return dict(sorted(new.items())), settled


async def release_each(conn: Connection, requests: Sequence[tuple[int, KeyedRequest | None]]) -> None:
    """Removes the keys that this transaction reserved for requests that fail: errors are not stored."""
    keyed = [(account_id, keyed_request) for account_id, keyed_request in requests if keyed_request is not None]
    if not keyed:
        return
    await conn.execute(
        """
        DELETE FROM idempotency_keys AS held
        USING unnest($1::bigint[], $2::text[], $3::text[]) AS given (account_id, route, key)
        WHERE held.account_id = given.account_id AND held.route = given.route AND held.key = given.key
        """,
        *columns([(account_id, keyed_request.route, keyed_request.key) for account_id, keyed_request in keyed], 3),
    )


async def store_responses(pool: Pool, given: Sequence[StoredResponse]) -> list[None]:
    """Stores the responses of many requests with their keys. A response that is already stored stays."""
    # In the order in which `reserve_each` locks keys, to avoid deadlocks.
    ordered = sorted(given, key=lambda each: (each.account_id, each.request.route, each.request.key))
    async with writing(pool) as conn:
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


async def remove_account(conn: Connection, account_id: int, *, limit: int) -> int:
    """Removes some keys of an account, with the stored responses. Returns how many."""
    tag = await conn.execute(
        """
        DELETE FROM idempotency_keys WHERE (account_id, route, key) IN (
            SELECT account_id, route, key FROM idempotency_keys WHERE account_id = $1 LIMIT $2
        )
        """,
        account_id,
        limit,
    )
    return int(tag.split()[-1])


async def forget_responses(conn: Connection, word: str, *, begin: datetime, end: datetime) -> None:
    """Removes the stored responses of requests from `begin` until `end` that contain the word.

    Their keys stay: a repetition acts once, and its response is made anew.
    """
    await conn.execute(
        """
        UPDATE idempotency_keys SET status = NULL, answer = NULL
        WHERE created_at >= $2 AND created_at < $3 AND position($1::bytea IN answer) > 0
        """,
        # As it stands in JSON, without the quotes.
        msgspec.json.encode(word)[1:-1],
        begin,
        end,
    )


async def remove_old(conn: Connection, *, hours: int) -> int:
    """Removes keys older than `hours` hours. Returns how many."""
    tag = await conn.execute(
        "DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1)", hours
    )
    return int(tag.split()[-1])
