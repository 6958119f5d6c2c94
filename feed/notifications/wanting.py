"""Who wants to be told of whom. Today everybody of everybody: blocks, mutes and settings have their one place here."""

from collections.abc import Collection

from feed.inbox.model import InboxKind
from feed.notifications.model import Pair
from feed.postgres import Connection


async def wants(conn: Connection, kind: InboxKind, pairs: Collection[Pair]) -> set[Pair]:
    """Those of the pairs whose recipient is to be told of that actor."""
    return set(pairs)
