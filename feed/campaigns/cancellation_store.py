"""SQL of cancellations: the proposal with its reason, the approval, and the progress of the notifications."""

import msgspec

from feed.postgres import Connection


class Cancellation(msgspec.Struct, frozen=True):
    """A cancelled campaign as its authors read of it; those with an id up to `notified_up_to` are notified."""

    campaign_id: int
    title: str
    method: str | None
    reason: str
    contact: str
    notified_up_to: int


async def change_proposal(conn: Connection, campaign_id: int, *, by: int, reason: str) -> None:
    """Records the proposal of a first person, in place of one that does not count any more."""
    await conn.execute(
        """
        INSERT INTO cancellations (campaign_id, reason, asked_by) VALUES ($1, $2, $3)
        ON CONFLICT (campaign_id) DO UPDATE
        SET reason = excluded.reason, asked_by = excluded.asked_by, asked_at = excluded.asked_at
        WHERE cancellations.agreed_by IS NULL
        """,
        campaign_id,
        reason,
        by,
    )


async def mark_agreed(conn: Connection, campaign_id: int, *, by: int) -> None:
    """Records the approval of the second person; the authors are notified from now on."""
    await conn.execute("UPDATE cancellations SET agreed_by = $2 WHERE campaign_id = $1", campaign_id, by)


async def get_cancellation(conn: Connection, campaign_id: int) -> Cancellation:
    """The cancellation of a campaign; it must exist."""
    row = await conn.fetchrow(
        """
        SELECT campaign_id, draft ->> 'title' AS title, draft ->> 'method' AS method, reason,
               coalesce(nullif(draft ->> 'contact', ''), draft ->> 'organiser', '') AS contact,
               told_up_to AS notified_up_to
        FROM cancellations JOIN campaigns ON campaigns.id = campaign_id
        WHERE campaign_id = $1
        """,
        campaign_id,
    )
    return msgspec.convert(row, Cancellation)


async def lock_pending(conn: Connection) -> Cancellation | None:
    """A cancellation with pending notifications that no other worker has locked, at random: one that fails must not block the others.

    Only from ten seconds after the cancellation, when no entry that was begun before it is in flight any more.
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
    return None if campaign_id is None else await get_cancellation(conn, campaign_id)


async def list_authors(conn: Connection, campaign_id: int, *, after: int, limit: int) -> list[int]:
    """The next accounts with entries and an id above `after`, by id; without erased accounts."""
    rows = await conn.fetch(
        """
        SELECT account_id AS author_id
        FROM (
            SELECT DISTINCT entries.author_id AS account_id
            FROM entries JOIN accounts ON accounts.id = entries.author_id
            WHERE campaign_id = $1 AND entries.author_id > $2 AND accounts.erased_at IS NULL
            UNION
            SELECT DISTINCT comments.author_id
            FROM campaigns
            JOIN comments ON comments.post_id = campaigns.entry_post_id AND shown_state(comments.state, comments.holds) = 'published'
            JOIN accounts ON accounts.id = comments.author_id
            WHERE campaigns.id = $1 AND campaigns.entry_by = 'comment' AND comments.created_at >= campaigns.starts_at
                AND comments.author_id > $2 AND accounts.erased_at IS NULL
            UNION
            -- By the key of likes, so that each batch reads no more than its own rows.
            SELECT *
            FROM (
                SELECT likes.account_id
                FROM campaigns
                JOIN likes ON likes.post_id = campaigns.entry_post_id
                JOIN accounts ON accounts.id = likes.account_id
                WHERE campaigns.id = $1 AND campaigns.entry_by = 'like' AND likes.account_id > $2 AND accounts.erased_at IS NULL
                ORDER BY likes.account_id
                LIMIT $3
            ) AS likers
        ) AS entered
        ORDER BY account_id
        LIMIT $3
        """,
        campaign_id,
        after,
        limit,
    )
    return [row["author_id"] for row in rows]


async def mark_notified(conn: Connection, campaign_id: int, *, up_to: int | None) -> None:
    """Records that the authors up to this id are notified; None: all are."""
    await conn.execute(
        """
        UPDATE cancellations
        SET told_up_to = coalesce($2, told_up_to), told_at = CASE WHEN $2::bigint IS NULL THEN clock_timestamp() END
        WHERE campaign_id = $1
        """,
        campaign_id,
        up_to,
    )
