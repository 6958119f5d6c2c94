"""The SQL of editors' actions on the hot list: intervals that end and stay."""

from datetime import datetime

from feed.curation.model import HotAction, HotActionKind
from feed.postgres import Connection, many, one


async def lock_hot_list(conn: Connection) -> None:
    """Lets one change the editors' actions at a time, until the transaction ends: so pins are counted rightly."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.hot_actions', 0))")


async def add_hot_action(
    conn: Connection, *, post_id: int, action: HotActionKind, reason: str, until: datetime, by: int
) -> HotAction | None:
    """An action from now on; None when `until` has passed. A former one of the post has to be ended before."""
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
    """The post's action that nobody has ended, also one whose time is over."""
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
    """Whether nobody had ended it before."""
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
    """How many pins stand."""
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM hot_actions WHERE action = 'pin' AND ended_at IS NULL AND until > clock_timestamp()"
        )
    )


async def list_in_force(conn: Connection) -> list[HotAction]:
    """What stands now, by the database clock, the latest first."""
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
    """What was ever done to the post, the latest first."""
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
