"""SQL that erases the recipient from the messages of an account."""

from feed.postgres import Connection


async def empty_messages(conn: Connection, account_id: int, *, limit: int) -> int:
    """Removes number and text from messages to the account, and expires those that are not sent yet. Returns how many.

    Codes that were requested after the erasure are for the next account of the phone. A message that is being sent stays until
    its attempt has ended.
    """
    changed: int = await conn.fetchval(
        """
        WITH phones AS MATERIALIZED (
            SELECT person FROM accounts WHERE id = $1 AND person IS NOT NULL
            UNION SELECT person FROM former_persons WHERE account_id = $1
        ), held AS MATERIALIZED (
            SELECT messages.id
            FROM messages
            WHERE messages.person IN (SELECT person FROM phones) AND messages.sealed <> '' AND (messages.account_id = $1 OR messages.account_id IS NULL)
              AND messages.created_at < (SELECT erased_at FROM accounts WHERE id = $1)
              AND messages.state <> 'sending'
            LIMIT $2
        ), emptied AS (
            UPDATE messages
            SET sealed = '', person = NULL, state = CASE WHEN state = 'queued' THEN 'expired' ELSE state END,
                ended_at = CASE WHEN state = 'queued' THEN clock_timestamp() ELSE ended_at END
            FROM held WHERE messages.id = held.id AND messages.state <> 'sending'
            RETURNING 1
        )
        SELECT count(*) FROM emptied
        """,
        account_id,
        limit,
    )
    return changed


async def has_open_messages(conn: Connection, account_id: int) -> bool:
    """Whether a message to the account is being sent."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM messages WHERE state = 'sending' AND account_id = $1)", account_id
        )
    )
