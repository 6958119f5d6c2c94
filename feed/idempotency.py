"""A retried POST acts once: its key is a row of the transaction that holds its effect."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from asyncpg import Record

from feed.errors import Conflict
from feed.postgres import Connection, Pool, columns, transaction


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
    request: "KeyedRequest"
    status: int
    body: bytes


class KeyedRequest(NamedTuple):
    """What makes a request the same request: the caller's key for a route, and what it asked for."""

    route: str
    key: str
    body_sha256: bytes


class Reserved(NamedTuple):
    """The id of what the request makes, and whether it is still to be made."""

    answer_id: int
    fresh: bool


class Attempt(NamedTuple):
    """An action's attempt at a request. `reserved` is None for a request without a key, which is never a repeat."""

    reserved: Reserved | None

    @property
    def is_repeat(self) -> bool:
        """Whether an earlier attempt has committed its effect, and only its answer was lost."""
        return self.reserved is not None and not self.reserved.fresh

    @property
    def reserved_id(self) -> int | None:
        """The id of what the request makes; a repeat finds under it what was made before."""
        return None if self.reserved is None else self.reserved.answer_id


Claim = Reserved | Answered | IdempotencyKeyBusy | IdempotencyKeyReused


def keyed_request(route: str, key: str | None, body: bytes) -> KeyedRequest | None:
    """The request's identity; None when the caller gave no key."""
    return None if not key else KeyedRequest(route, key[:200], hashlib.sha256(body).digest())


@asynccontextmanager
async def idempotent_transaction(
    pool: Pool, account_id: int | None, request: KeyedRequest | None
) -> AsyncIterator[tuple[Connection, Attempt]]:
    """The transaction of an action that a caller may retry; it claims the request's key, for a day, before anything else.

    `account_id` is None for what an operator does at the command line. An error in the block releases the key with the
    rest. Raises Answered for a request that has been answered, IdempotencyKeyReused, and IdempotencyKeyBusy while the
    first request with this key runs. A repeat was cut off between its commit and its answer: its effect is kept, and the
    action answers it anew.
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
    """Claims the keys of many requests, given with whose they are, for a day; for each the id of what it makes, or an error.

    The errors are those that `idempotent_transaction` raises.
    """
    if not requests:
        return []
    first: dict[tuple[int, str, str], KeyedRequest] = {}
    for account_id, request in requests:
        first.setdefault((account_id, request.route, request.key), request)
    # The lock, not the row, says that somebody is at it: an uncommitted row would be waited for, on a connection that others need.
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
    claimed = {(row["account_id"], row["route"], row["key"]): Reserved(row["answer_id"], fresh=True) for row in rows}
    held = await _find_held(conn, sorted(first.keys() - claimed.keys()))

    def told(account_id: int, request: KeyedRequest) -> Claim:
        known = (account_id, request.route, request.key)
        if known in held:
            return _of_held(request, held[known])
        if request.body_sha256 != first[known].body_sha256:
            return IdempotencyKeyReused()
        # Taken out: the same request a second time among these is told that the first of them is at it.
        return claimed.pop(known, None) or IdempotencyKeyBusy(retry_after=1)

    return [told(account_id, request) for account_id, request in requests]


async def _find_held(conn: Connection, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], Record]:
    """What is known of keys that were claimed before."""
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
        return Answered(row["status"], row["answer"])
    return Reserved(row["answer_id"], fresh=False)


async def sort_out(
    conn: Connection, requests: Sequence[tuple[int, KeyedRequest | None]]
) -> tuple[dict[int, int | None], dict[int, int | Exception]]:
    """Which requests, by their place, are to be acted on, with the id that is reserved for what each makes, if one is;
    and what the others are told: the id of what they made before, or an error of `reserve_each`. Without a key everybody acts.
    """
    keyed = [
        (place, (account_id, keyed_request))
        for place, (account_id, keyed_request) in enumerate(requests)
        if keyed_request is not None
    ]
    fresh: dict[int, int | None] = {
        place: None for place, (_, keyed_request) in enumerate(requests) if keyed_request is None
    }
    told: dict[int, int | Exception] = {}
    for (place, _), claim in zip(keyed, await reserve_each(conn, [request for _, request in keyed]), strict=True):
        if not isinstance(claim, Reserved):
            told[place] = claim
        else:
            (fresh if claim.fresh else told)[place] = claim.answer_id
    return dict(sorted(fresh.items())), told


async def release_each(conn: Connection, requests: Sequence[tuple[int, KeyedRequest | None]]) -> None:
    """Forgets keys that this transaction has claimed for requests that it refuses: a refusal is not kept."""
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
