"""The SQL of hot actions. Ended ones are kept."""

from datetime import datetime

from feed.curation.model import HotAction, HotActionKind
from feed.postgres import Connection, many, one


async def lock_hot_list(conn: Connection) -> None:
    """Serializes changes of hot actions until the transaction ends, so that the number of pins is exact."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.hot_actions', 0))")


async def add_hot_action(
    conn: Connection, *, post_id: int, action: HotActionKind, reason: str, until: datetime, by: int
) -> HotAction | None:
    """Adds an action from now on; None if `until` has passed. The caller has ended the post's earlier action."""
    row = await conn.fetchrow(
        """
        INSERT INTO hot_actions (post_id, action, reason, until, made_by, made_at)
        SELECT $1, $2, $3, $4, $5, clock.now
        FROM (SELECT clock_timestamp() AS now) AS clock
        WHERE $4 > clock.now
        RETURNING id, post_id, action, reason, until, made_by, made_at, ended_at, ended_by, true AS in_force
        """,
        post_id,
        action,
        reason,
        until,
        by,
    )
    return one(row, HotAction)


async def find_unended(conn: Connection, post_id: int) -> HotAction | None:
    """The post's action that no editor has ended, also one whose time is over."""
    row = await conn.fetchrow(
        """
        SELECT id, post_id, action, reason, until, made_by, made_at, ended_at, ended_by,
               until > clock_timestamp() AS in_force
        FROM hot_actions WHERE post_id = $1 AND ended_at IS NULL
        """,
        post_id,
    )
    return one(row, HotAction)


async def mark_ended(conn: Connection, action_id: int, *, by: int) -> bool:
    """Ends the action. False if it was ended before."""
    return bool(
        await conn.fetchval(
            """
            UPDATE hot_actions SET ended_at = clock_timestamp(), ended_by = $2
            WHERE id = $1 AND ended_at IS NULL
            RETURNING true
            """,
            action_id,
            by,
        )
    )


async def count_pins(conn: Connection) -> int:
    """The number of pins in force."""
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM hot_actions WHERE action = 'pin' AND ended_at IS NULL AND until > clock_timestamp()"
        )
    )


async def list_in_force(conn: Connection) -> list[HotAction]:
    """The actions in force by the database clock, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, post_id, action, reason, until, made_by, made_at, ended_at, ended_by, true AS in_force
        FROM hot_actions
        WHERE ended_at IS NULL AND until > clock_timestamp()
        ORDER BY id DESC
        """
    )
    return many(rows, HotAction)


async def list_of_post(conn: Connection, post_id: int, limit: int) -> list[HotAction]:
    """The actions on the post, also ended ones, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, post_id, action, reason, until, made_by, made_at, ended_at, ended_by,
               ended_at IS NULL AND until > clock_timestamp() AS in_force
        FROM hot_actions
        WHERE post_id = $1
        ORDER BY id DESC
        LIMIT $2
        """,
        post_id,
        limit,
    )
    return many(rows, HotAction)
