"""Notification preferences: mutes, blocks and kinds that the recipient has turned off."""

from collections.abc import Collection

from feed.accounts import blocks, settings
from feed.accounts.settings import OPTIONAL_NOTIFICATIONS
from feed.inbox.model import NotificationKind
from feed.notifications.model import Pair
from feed.postgres import Connection


async def filter_wanted(conn: Connection, kind: NotificationKind, pairs: Collection[Pair]) -> set[Pair]:
    """The pairs whose recipient wants notifications of this kind caused by that actor."""
    if not pairs:
        return set()
    unwanted = await blocks.list_hidden_pairs(conn, [(pair.recipient_id, pair.actor_id) for pair in pairs])
    quiet: set[int] = set()
    if kind in OPTIONAL_NOTIFICATIONS:
        quiet = await settings.list_opted_out(conn, [pair.recipient_id for pair in pairs], kind)
    return {
        pair for pair in pairs if pair.recipient_id not in quiet and (pair.recipient_id, pair.actor_id) not in unwanted
    }
