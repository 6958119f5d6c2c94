"""Who wants to be told of whom: nobody of people whom he has muted or with whom a block stands, nor of what he has turned off."""

from collections.abc import Collection

from feed.accounts import blocks, settings
from feed.accounts.settings import OPTIONAL_NOTIFICATIONS
from feed.inbox.model import InboxKind
from feed.notifications.model import Pair
from feed.postgres import Connection


async def wants(conn: Connection, kind: InboxKind, pairs: Collection[Pair]) -> set[Pair]:
    """Those of the pairs whose recipient is to be told of that actor."""
    if not pairs:
        return set()
    unwanted = await blocks.list_hidden_pairs(conn, [(pair.recipient_id, pair.actor_id) for pair in pairs])
    quiet: set[int] = set()
    if kind in OPTIONAL_NOTIFICATIONS:
        quiet = await settings.list_opted_out(conn, [pair.recipient_id for pair in pairs], kind)
    return {
        pair for pair in pairs if pair.recipient_id not in quiet and (pair.recipient_id, pair.actor_id) not in unwanted
    }
