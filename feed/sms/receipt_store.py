"""SQL for delivery receipts: stored first, then applied to their messages."""

from collections.abc import Sequence

from feed.postgres import Connection, columns
from feed.sms.model import Purpose, Receipt, State, read_reference


async def add_receipts(conn: Connection, provider: str, receipts: Sequence[Receipt]) -> None:
    """Stores new receipts. `delivered` takes precedence over earlier and later failures of the same message."""
    latest = {receipt.provider_id: receipt for receipt in sorted(receipts, key=lambda each: each.delivered)}
    rows = []
    for provider_id, receipt in sorted(latest.items()):
        message_id, attempt = read_reference(receipt.reference or "") or (None, None)
        rows.append((provider_id, message_id, attempt, receipt.delivered, receipt.error_code))
    await conn.execute(
        """
        INSERT INTO message_receipts AS held (provider, provider_id, message_id, attempt, delivered, error_code)
        SELECT $1, given.*
        FROM unnest($2::text[], $3::bigint[], $4::integer[], $5::boolean[], $6::text[]) AS given
        ON CONFLICT (provider, provider_id) DO UPDATE
        SET delivered = true, error_code = NULL, applied_at = NULL
        WHERE excluded.delivered AND NOT held.delivered
        """,
        provider,
        *columns(rows, 5),
    )


async def apply_receipts(conn: Connection, *, limit: int = 1000) -> list[tuple[str, Purpose, State]]:
    """Applies stored receipts. Returns provider, purpose and new state of each changed message.

    `delivered` applies in any state of the message, also while a further attempt is queued: the phone has it. A failure
    applies to its own attempt only, not to a later one.
    """
    rows = await conn.fetch(
        """
        WITH open AS (
            SELECT receipt.provider, receipt.provider_id, receipt.attempt, receipt.delivered, receipt.error_code,
                   receipt.heard_at, messages.id AS message_id
            FROM message_receipts AS receipt
            JOIN messages ON messages.id = coalesce(receipt.message_id, (
                SELECT id FROM messages AS known
                WHERE known.provider = receipt.provider AND known.provider_id = receipt.provider_id
                ORDER BY id DESC
                LIMIT 1
            )) AND messages.provider = receipt.provider
            WHERE receipt.applied_at IS NULL
            ORDER BY receipt.heard_at
            LIMIT $1
            FOR UPDATE OF receipt SKIP LOCKED
        ), applied AS (
            UPDATE message_receipts AS receipt SET applied_at = clock_timestamp()
            FROM open
            WHERE receipt.provider = open.provider AND receipt.provider_id = open.provider_id
        ), said AS (
            SELECT DISTINCT ON (message_id) * FROM open ORDER BY message_id, delivered DESC, attempt DESC NULLS LAST
        )
        UPDATE messages
        SET state = CASE WHEN said.delivered THEN 'delivered' ELSE 'undelivered' END,
            receipt_at = said.heard_at, error_code = said.error_code, ended_at = coalesce(messages.ended_at, now()),
            sent_at = coalesce(messages.sent_at, now()), provider_id = coalesce(messages.provider_id, said.provider_id)
        FROM said
        WHERE messages.id = said.message_id
          AND CASE
                  WHEN said.delivered THEN messages.state <> 'delivered'
                  ELSE messages.state IN ('sending', 'sent', 'unknown')
                      AND (messages.provider_id = said.provider_id OR messages.attempt = said.attempt)
              END
        RETURNING messages.provider, messages.purpose, messages.state
        """,
        limit,
    )
    return [(row["provider"], Purpose(row["purpose"]), State(row["state"])) for row in rows]


async def remove_old_receipts(conn: Connection, *, days: int) -> None:
    """Removes receipts older than `days` days, applied or without a message."""
    await conn.execute("DELETE FROM message_receipts WHERE heard_at < now() - make_interval(days => $1)", days)
