"""SQL of exports and their parts."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
from asyncpg import Record

from feed.accounts.model import AccountId
from feed.exports.model import ATTEMPTS_MOST, DEAD_AFTER_SECONDS, KEPT_HOURS, STREAMING_MINUTES, Export, ExportId
from feed.exports.queries import Query
from feed.media.model import folder_of
from feed.postgres import Connection, many, one

_BATCH = 500


class ExportedFile(msgspec.Struct, frozen=True):
    """The largest stored file of a photo or video, and its name in the object storage."""

    media_id: int
    key: str
    file: str

    @property
    def object_name(self) -> str:
        """Its name in the object storage."""
        return folder_of(self.key) + self.file

    @property
    def name(self) -> str:
        """Its name in an export."""
        return f"media/{self.media_id}/{self.file}"


async def list_files(conn: Connection, account_id: int) -> list[ExportedFile]:
    """The stored photos and videos of the account, public or not, without what is kept as evidence of deleted posts."""
    rows = await conn.fetch(
        """
        SELECT media.id AS media_id, media.key, largest.file
        FROM media
        CROSS JOIN LATERAL (
            SELECT rendition ->> 'file' AS file
            FROM jsonb_array_elements(media.renditions) AS rendition
            -- A picture as every program opens it.
            ORDER BY array_position(ARRAY['video', 'full_jpeg', 'full'], rendition ->> 'name')
            LIMIT 1
        ) AS largest
        WHERE media.owner_id = $1 AND media.state = 'ready' AND media.removed_at IS NULL
            AND NOT EXISTS (SELECT FROM withheld_media WHERE media_id = media.id)
        ORDER BY media.id
        """,
        account_id,
    )
    return many(rows, ExportedFile)


async def find_newest(conn: Connection, account_id: int) -> Export | None:
    """The account's latest export."""
    row = await conn.fetchrow(
        """
        SELECT id, account_id, state, attempt, asked_at, expires_at, coalesce(expires_at <= clock_timestamp(), false) AS has_expired
        FROM exports WHERE account_id = $1 ORDER BY id DESC LIMIT 1
        """,
        account_id,
    )
    return one(row, Export)


async def find_own(conn: Connection, account_id: int, export_id: int) -> Export | None:
    """The export, if it is the account's."""
    row = await conn.fetchrow(
        """
        SELECT id, account_id, state, attempt, asked_at, expires_at, coalesce(expires_at <= clock_timestamp(), false) AS has_expired
        FROM exports WHERE id = $1 AND account_id = $2
        """,
        export_id,
        account_id,
    )
    return one(row, Export)


async def add_export(conn: Connection, account_id: int) -> ExportId | None:
    """Queues an export; None while one is being prepared."""
    export_id: ExportId | None = await conn.fetchval(
        """
        INSERT INTO exports (account_id) VALUES ($1)
        ON CONFLICT (account_id) WHERE state = 'preparing' DO NOTHING
        RETURNING id
        """,
        account_id,
    )
    return export_id


async def begin_next_attempt(conn: Connection) -> Export | None:
    """Begins the next attempt at an export without a worker; None if there is none.

    An attempt without a sign of life is given up. After the last one the export is returned as `failed`.
    """
    row = await conn.fetchrow(
        """
        WITH next AS (
            SELECT id FROM exports
            WHERE state = 'preparing'
              AND (alive_at IS NULL OR alive_at < clock_timestamp() - make_interval(secs => $1))
            ORDER BY asked_at, id
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE exports
        SET attempt = attempt + 1, alive_at = clock_timestamp(),
            state = CASE WHEN attempt < $2 THEN 'preparing' ELSE 'failed' END
        FROM next WHERE exports.id = next.id
        RETURNING exports.id, account_id, state, attempt, asked_at, expires_at, false AS has_expired
        """,
        DEAD_AFTER_SECONDS,
        ATTEMPTS_MOST,
    )
    return one(row, Export)


async def add_part(conn: Connection, export: Export, number: int, sealed: bytes) -> bool:
    """Adds a part of a running attempt, which shows that it is alive. False if another attempt has begun, or the account is gone."""
    return bool(
        await conn.fetchval(
            """
            WITH running AS (
                UPDATE exports SET alive_at = clock_timestamp()
                WHERE id = $1 AND attempt = $2 AND state = 'preparing'
                RETURNING id
            )
            INSERT INTO export_parts (export_id, attempt, number, sealed)
            SELECT id, $2, $3, $4 FROM running
            RETURNING true
            """,
            export.id,
            export.attempt,
            number,
            sealed,
        )
    )


async def mark_ready(conn: Connection, export: Export, *, byte_count: int) -> datetime | None:
    """Makes the export downloadable, and removes parts of earlier attempts. Returns until when; None if another attempt has begun."""
    expires_at: datetime | None = await conn.fetchval(
        """
            WITH ready AS (
                UPDATE exports
                SET state = 'ready', ready_at = clock_timestamp(), byte_count = $3,
                    expires_at = clock_timestamp() + make_interval(hours => $4)
                WHERE id = $1 AND attempt = $2 AND state = 'preparing'
                RETURNING id, expires_at
            ), outdated AS (
                DELETE FROM export_parts USING ready WHERE export_id = ready.id AND attempt <> $2
            )
            SELECT expires_at FROM ready
            """,
        export.id,
        export.attempt,
        byte_count,
        KEPT_HOURS,
    )
    return expires_at


async def mark_downloaded(conn: Connection, account_id: int, export_id: int) -> Export | None:
    """Takes the only download of an export that is ready. None if it is not, or is another account's."""
    row = await conn.fetchrow(
        """
        UPDATE exports SET state = 'downloaded', downloaded_at = clock_timestamp()
        WHERE id = $1 AND account_id = $2 AND state = 'ready' AND expires_at > clock_timestamp()
        RETURNING id, account_id, state, attempt, asked_at, expires_at, false AS has_expired
        """,
        export_id,
        account_id,
    )
    return one(row, Export)


async def find_part(conn: Connection, export: Export, number: int) -> bytes | None:
    """An encrypted part; None after the last one."""
    sealed: bytes | None = await conn.fetchval(
        "SELECT sealed FROM export_parts WHERE export_id = $1 AND attempt = $2 AND number = $3",
        export.id,
        export.attempt,
        number,
    )
    return sealed


async def remove_parts(conn: Connection, export: Export) -> None:
    """Removes the parts of an export that was downloaded."""
    await conn.execute("DELETE FROM export_parts WHERE export_id = $1", export.id)


async def remove_ended_parts(conn: Connection) -> int:
    """Removes the parts of exports that have expired or failed, and of those whose download began a while ago. Returns their number."""
    tag = await conn.execute(
        """
        DELETE FROM export_parts USING exports
        WHERE exports.id = export_parts.export_id AND (
            (exports.state = 'ready' AND exports.expires_at <= clock_timestamp())
            OR exports.state = 'failed'
            OR (exports.state = 'downloaded' AND exports.downloaded_at < clock_timestamp() - make_interval(mins => $1))
        )
        """,
        STREAMING_MINUTES,
    )
    return int(tag.split()[-1])


async def remove_old(conn: Connection, *, days: int) -> int:
    """Removes exports that were requested so long ago and have ended. Returns their number."""
    tag = await conn.execute(
        "DELETE FROM exports WHERE asked_at < now() - make_interval(days => $1) AND state <> 'preparing'", days
    )
    return int(tag.split()[-1])


async def remove_account(conn: Connection, account_id: int, *, limit: int) -> int:
    """Removes some exports of an account with their parts. Returns how many."""
    tag = await conn.execute(
        "DELETE FROM exports WHERE id IN (SELECT id FROM exports WHERE account_id = $1 LIMIT $2)", account_id, limit
    )
    return int(tag.split()[-1])


async def read_rows(conn: Connection, query: Query, account_id: AccountId) -> AsyncIterator[list[Record]]:
    """The rows of a query, some hundreds at a time, all of one state of the database: the caller has begun its transaction."""
    cursor: Any = await conn.cursor(query.sql, account_id)
    while rows := await cursor.fetch(_BATCH):
        yield rows
