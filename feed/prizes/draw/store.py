"""SQL of draws. Callers of writing functions hold the lock of the campaign's row."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from feed.accounts import store as accounts
from feed.postgres import Connection, many
from feed.prizes.draw.agreement import NumberEntry
from feed.prizes.draw.beacon import PublicNumber
from feed.prizes.draw.model import Beacon, Draw


async def add_draw(conn: Connection, settlement_id: int, list_sha256: bytes, ticket_count: int) -> None:
    """Adds the draw of a settlement.

    If an undone draw of the campaign has a value, its list and value are taken over, so that lots are drawn only once.
    A number that was corrected since then is taken over as corrected.
    """
    await conn.execute(
        """
        INSERT INTO draws (
            settlement_id, list_sha256, ticket_count, listed_in, list_published_at, source, chain, round, value, signature,
            appeared_at, entered_by, beacon_at
        )
        SELECT $1, coalesce(earlier.list_sha256, $2), coalesce(earlier.ticket_count, $3),
            coalesce(earlier.listed_in, earlier.settlement_id), earlier.list_published_at, earlier.source, earlier.chain,
            coalesce(corrected.round, earlier.round), coalesce(corrected.value, earlier.value), earlier.signature,
            coalesce(corrected.appeared_at, earlier.appeared_at), coalesce(corrected.entered_by, earlier.entered_by),
            coalesce(corrected.corrected_at, earlier.beacon_at)
        FROM (SELECT campaign_id FROM settlements WHERE id = $1) AS mine
        LEFT JOIN LATERAL (
            SELECT draws.*
            FROM draws JOIN settlements ON settlements.id = draws.settlement_id
            WHERE settlements.campaign_id = mine.campaign_id AND settlements.undone_at IS NOT NULL
                AND draws.source IS NOT NULL
            ORDER BY settlements.id
            LIMIT 1
        ) AS earlier ON true
        LEFT JOIN LATERAL (
            SELECT round, value, appeared_at, entered_by, corrected_at
            FROM corrected_numbers
            WHERE corrected_numbers.settlement_id = earlier.settlement_id
            ORDER BY number DESC
            LIMIT 1
        ) AS corrected ON true
        """,
        settlement_id,
        list_sha256,
        ticket_count,
    )


async def find_draw(conn: Connection, settlement_id: int) -> Draw | None:
    """The draw of a settlement; None for a ranked campaign."""
    row = await conn.fetchrow(
        """
        SELECT list_sha256, ticket_count, listed_in, list_published_at, source, chain, round, value, signature, appeared_at,
            entered_by
        FROM draws WHERE settlement_id = $1
        """,
        settlement_id,
    )
    return None if row is None else _draw(row)


async def list_unpublished(conn: Connection) -> list[tuple[int, int]]:
    """Campaign and settlement of each list without a publication time, in random order so that none blocks the others."""
    rows = await conn.fetch(
        """
        SELECT settlements.campaign_id, draws.settlement_id
        FROM draws JOIN settlements ON settlements.id = draws.settlement_id AND settlements.undone_at IS NULL
        WHERE draws.list_published_at IS NULL
        ORDER BY random()
        """
    )
    return [(row["campaign_id"], row["settlement_id"]) for row in rows]


async def mark_published(conn: Connection, settlement_id: int) -> datetime | None:
    """Sets the publication time of a list, whose hash is readable since an earlier commit. None if it is set already."""
    at: datetime | None = await conn.fetchval(
        """
        UPDATE draws SET list_published_at = clock_timestamp()
        WHERE settlement_id = $1 AND list_published_at IS NULL
        RETURNING list_published_at
        """,
        settlement_id,
    )
    return at


async def list_awaited(conn: Connection) -> list[tuple[int, int]]:
    """Campaign and settlement of each draw with a published list and no value, in random order so that none blocks the others."""
    rows = await conn.fetch(
        """
        SELECT settlements.campaign_id, draws.settlement_id
        FROM draws JOIN settlements ON settlements.id = draws.settlement_id AND settlements.undone_at IS NULL
        WHERE draws.list_published_at IS NOT NULL AND draws.source IS NULL
        ORDER BY random()
        """
    )
    return [(row["campaign_id"], row["settlement_id"]) for row in rows]


async def get_clock(conn: Connection) -> datetime:
    """The database's time, by which deadlines are decided."""
    now: datetime = await conn.fetchval("SELECT clock_timestamp()")
    return now


async def mark_beacon(conn: Connection, settlement_id: int, beacon: Beacon) -> bool:
    """Stores the value of a draw. False if it has one already, which is never replaced."""
    return bool(
        await conn.fetchval(
            """
            UPDATE draws
            SET source = $2, chain = $3, round = $4, value = $5, signature = $6, appeared_at = $7, entered_by = $8,
                beacon_at = clock_timestamp()
            WHERE settlement_id = $1 AND source IS NULL
            RETURNING true
            """,
            settlement_id,
            beacon.source,
            beacon.chain,
            beacon.round,
            beacon.value,
            beacon.signature,
            beacon.appeared_at,
            beacon.entered_by,
        )
    )


async def add_entry(conn: Connection, settlement_id: int, editor_id: int, public_number: PublicNumber) -> NumberEntry:
    """Records the number as this editor enters it; replaces an earlier entry of the same account."""
    row = await conn.fetchrow(
        """
        INSERT INTO beacon_entries (settlement_id, editor_id, round, value, appeared_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (settlement_id, editor_id)
        DO UPDATE SET round = excluded.round, value = excluded.value, appeared_at = excluded.appeared_at,
            entered_at = excluded.entered_at
        RETURNING editor_id, (SELECT person FROM persons WHERE account_id = editor_id) AS person, round, value, appeared_at
        """,
        settlement_id,
        editor_id,
        public_number.round,
        public_number.value,
        public_number.appeared_at,
    )
    return msgspec.convert(row, NumberEntry)


async def with_one_person(conn: Connection, entry: NumberEntry, earlier: Sequence[NumberEntry]) -> list[NumberEntry]:
    """The earlier entries; those of editors who are one person with the entry's editor, also by a former phone, have its person."""
    return [
        msgspec.structs.replace(each, person=entry.person)
        if await accounts.are_one_person(conn, each.editor_id, entry.editor_id)
        else each
        for each in earlier
    ]


async def list_entries(conn: Connection, settlement_id: int) -> list[NumberEntry]:
    """The latest entry of each account whose approval is in force, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT editor_id, persons.person, round, value, appeared_at
        FROM beacon_entries
        JOIN persons ON persons.account_id = editor_id
        JOIN approvals_in_force AS approvals
            ON approvals.act = 'enter_number' AND approvals.subject_id = settlement_id AND approvals.account_id = editor_id
        WHERE settlement_id = $1
        ORDER BY entered_at, editor_id
        """,
        settlement_id,
    )
    return many(rows, NumberEntry)


def _draw(row: Record) -> Draw:
    beacon = None
    if row["source"] is not None:
        names = ("source", "chain", "round", "value", "signature", "appeared_at", "entered_by")
        beacon = msgspec.convert({name: row[name] for name in names}, Beacon)
    return Draw(
        list_sha256=row["list_sha256"],
        ticket_count=row["ticket_count"],
        listed_in=row["listed_in"],
        list_published_at=row["list_published_at"],
        beacon=beacon,
    )
