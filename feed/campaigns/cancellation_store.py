"""The SQL of cancellations: who asked for one, why, who agreed, and how far those who took part have been told."""

import msgspec

from feed.postgres import Connection, one


class Asked(msgspec.Struct, frozen=True):
    """Somebody wants a campaign to be cancelled."""

    reason: str
    asked_by: int


class Untold(msgspec.Struct, frozen=True):
    """A cancelled campaign of which perhaps not everybody knows yet."""

    campaign_id: int
    title: str
    reason: str
    contact: str
    told_up_to: int


async def find_asked(conn: Connection, campaign_id: int) -> Asked | None:
    """What waits for a second person."""
    row = await conn.fetchrow("SELECT reason, asked_by FROM cancellations WHERE campaign_id = $1", campaign_id)
    return one(row, Asked)


async def add_asked(conn: Connection, campaign_id: int, *, by: int, reason: str) -> None:
    """The first of two."""
    await conn.execute(
        "INSERT INTO cancellations (campaign_id, reason, asked_by) VALUES ($1, $2, $3)", campaign_id, reason, by
    )


async def mark_agreed(conn: Connection, campaign_id: int, *, by: int) -> None:
    """The second of two; those who took part are told from now on."""
    await conn.execute("UPDATE cancellations SET agreed_by = $2 WHERE campaign_id = $1", campaign_id, by)


async def get_untold(conn: Connection, campaign_id: int) -> Untold:
    """What those who took part in it are told."""
    row = await conn.fetchrow(
        """
        SELECT campaign_id, draft ->> 'title' AS title, reason,
               coalesce(draft ->> 'contact', draft ->> 'organiser', '') AS contact, told_up_to
        FROM cancellations JOIN campaigns ON campaigns.id = campaign_id
        WHERE campaign_id = $1
        """,
        campaign_id,
    )
    return msgspec.convert(row, Untold)


async def lock_untold(conn: Connection) -> Untold | None:
    """One that nobody else is telling of, in no order: one that fails must not stand before the others.

    Ten seconds after the cancellation no entry is in flight any more that was begun before it.
    """
    campaign_id = await conn.fetchval(
        """
        SELECT campaign_id
        FROM cancellations JOIN campaigns ON campaigns.id = campaign_id
        WHERE agreed_by IS NOT NULL AND told_at IS NULL
            AND campaigns.cancelled_at + interval '10 seconds' <= clock_timestamp()
        ORDER BY random()
        LIMIT 1
        FOR UPDATE OF cancellations SKIP LOCKED
        """
    )
    return None if campaign_id is None else await get_untold(conn, campaign_id)


async def list_authors(conn: Connection, campaign_id: int, *, after: int, limit: int) -> list[int]:
    """The next of those who have an entry, by id; whoever was erased is nobody to be told."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT entries.author_id
        FROM entries JOIN accounts ON accounts.id = entries.author_id
        WHERE campaign_id = $1 AND entries.author_id > $2 AND accounts.erased_at IS NULL
        ORDER BY entries.author_id
        LIMIT $3
        """,
        campaign_id,
        after,
        limit,
    )
    return [row["author_id"] for row in rows]


async def mark_told(conn: Connection, campaign_id: int, *, up_to: int | None) -> None:
    """Everybody up to this account knows; None: everybody does."""
    await conn.execute(
        """
        UPDATE cancellations
        SET told_up_to = coalesce($2, told_up_to), told_at = CASE WHEN $2::bigint IS NULL THEN clock_timestamp() END
        WHERE campaign_id = $1
        """,
        campaign_id,
        up_to,
    )
