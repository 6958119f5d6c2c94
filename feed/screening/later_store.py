"""The SQL of later checks: fingerprints of texts, and what a provider is asked about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from feed.postgres import Connection, many, one
from feed.screening.fingerprints import Fingerprint

KEPT_HOURS = 24
ATTEMPTS_MOST = 6
# Doubled by each attempt; longer than a request to the provider may take.
_FIRST_PAUSE_SECONDS = 15


class Similar(msgspec.Struct, frozen=True):
    """A text of the last day that shares the hash or a band."""

    case_id: int
    account_id: int
    exact: int
    simhash: int


class ProviderCheck(msgspec.Struct, frozen=True):
    """A row of `provider_checks`."""

    case_id: int
    state: Literal["waiting", "answered", "given_up"]
    attempts: int
    due_at: datetime


async def add_fingerprint(conn: Connection, case_id: int, account_id: int, found: Fingerprint) -> None:
    """Adds the fingerprint of a case's text, once."""
    await conn.execute(
        """
        INSERT INTO text_fingerprints (case_id, account_id, exact, simhash, band_1, band_2, band_3, band_4)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (case_id) DO NOTHING
        """,
        case_id,
        account_id,
        found.exact,
        found.simhash,
        *found.bands,
    )


async def list_similar(conn: Connection, case_id: int, found: Fingerprint) -> list[Similar]:
    """Texts of the last day, but for the case's own, that may be nearly equal; a hundred at most by each band."""
    rows = await conn.fetch(
        """
        SELECT case_id, account_id, exact, simhash
        FROM text_fingerprints
        -- By each index alone: with OR and an order the planner may read the whole day.
        WHERE case_id = ANY (ARRAY(
            (SELECT case_id FROM text_fingerprints WHERE exact = $2 LIMIT 100)
            UNION
            (SELECT case_id FROM text_fingerprints WHERE band_1 = $3 LIMIT 100)
            UNION
            (SELECT case_id FROM text_fingerprints WHERE band_2 = $4 LIMIT 100)
            UNION
            (SELECT case_id FROM text_fingerprints WHERE band_3 = $5 LIMIT 100)
            UNION
            (SELECT case_id FROM text_fingerprints WHERE band_4 = $6 LIMIT 100)
        ))
          AND case_id <> $1 AND created_at > clock_timestamp() - make_interval(hours => $7)
        """,
        case_id,
        found.exact,
        *found.bands,
        KEPT_HOURS,
    )
    return many(rows, Similar)


async def remove_old_fingerprints(conn: Connection) -> int:
    """Removes those of more than a day. Returns their number."""
    tag = await conn.execute(
        "DELETE FROM text_fingerprints WHERE created_at < clock_timestamp() - make_interval(hours => $1)", KEPT_HOURS
    )
    return int(tag.split()[-1])


async def add_provider_check(conn: Connection, case_id: int) -> None:
    """Queues a text for the provider, once."""
    await conn.execute("INSERT INTO provider_checks (case_id) VALUES ($1) ON CONFLICT DO NOTHING", case_id)


async def take_next(conn: Connection) -> ProviderCheck | None:
    """Takes the next due check for one attempt; None without one. If the process ends meanwhile it is due again later."""
    row = await conn.fetchrow(
        """
        UPDATE provider_checks
        SET attempts = attempts + 1,
            due_at = clock_timestamp() + make_interval(secs => $1 * power(2, attempts))
        WHERE case_id = (
            SELECT case_id FROM provider_checks
            WHERE state = 'waiting' AND due_at <= clock_timestamp()
            ORDER BY due_at
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        )
        RETURNING case_id, state, attempts, due_at
        """,
        _FIRST_PAUSE_SECONDS,
    )
    return one(row, ProviderCheck)


async def mark_ended(
    conn: Connection,
    case_id: int,
    *,
    state: Literal["answered", "given_up"],
    request_id: str | None = None,
    result: Sequence[dict[str, Any]] = (),
) -> bool:
    """Ends a waiting check with its evidence. False if it has ended before: a repeated answer changes nothing."""
    ended = await conn.fetchval(
        """
        UPDATE provider_checks
        SET state = $2, request_id = $3, result = $4, ended_at = clock_timestamp()
        WHERE case_id = $1 AND state = 'waiting'
        RETURNING true
        """,
        case_id,
        state,
        request_id,
        list(result),
    )
    return ended is not None
