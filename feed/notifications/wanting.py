"""Who wants to be told of whom: blocks, mutes and what people have set for themselves have their one place here."""

from collections.abc import Collection

from feed.accounts.settings import QuietKind, list_quiet
from feed.notifications.model import Pair
from feed.postgres import Connection, columns, many


async def wants(conn: Connection, kind: QuietKind, pairs: Collection[Pair]) -> set[Pair]:
    """Those of the pairs whose recipient is to be told of that actor."""
    quiet = await list_quiet(conn, list({pair.recipient_id for pair in pairs}), kind)
    asked = [(pair.recipient_id, pair.actor_id) for pair in pairs if pair.recipient_id not in quiet]
    rows = await conn.fetch(
        """
        SELECT recipient_id, actor_id
        FROM unnest($1::bigint[], $2::bigint[]) AS given (recipient_id, actor_id)
        WHERE NOT EXISTS (
            SELECT FROM relations
            WHERE account_id = recipient_id AND kind IN ('block', 'mute') AND target_id = actor_id
        ) AND NOT EXISTS (
            SELECT FROM relations WHERE account_id = actor_id AND kind = 'block' AND target_id = recipient_id
        )
        """,
        *columns(asked, 2),
    )
    return set(many(rows, Pair))
