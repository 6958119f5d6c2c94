"""Changes of the own settings, and blocking and muting other accounts."""

from feed.accounts import blocks, settings, store
from feed.accounts.blocks import RelationKind
from feed.accounts.model import (
    RELATIONS_MOST,
    AccountId,
    OwnAccount,
    RelationsFull,
)
from feed.accounts.settings import OPTIONAL_NOTIFICATIONS, OptionalNotification
from feed.postgres import Pool, transaction


async def change_notification_settings(
    pool: Pool, account_id: AccountId, enabled: dict[OptionalNotification, bool]
) -> None:
    """Turns some kinds of notification on or off; the others stay as they were."""
    async with transaction(pool) as conn:
        disabled = await settings.get_disabled_notifications(conn, account_id)
        disabled = {kind for kind in OPTIONAL_NOTIFICATIONS if not enabled.get(kind, kind not in disabled)}
        await settings.change_disabled_notifications(conn, account_id, sorted(disabled))


async def add_relation(pool: Pool, account_id: AccountId, target_id: AccountId, kind: RelationKind) -> None:
    """Blocks or mutes another account; a second time changes nothing. Raises AccountNotFound, OwnAccount, RelationsFull."""
    async with transaction(pool) as conn:
        if account_id == target_id:
            raise OwnAccount
        await store.get_account(conn, target_id)
        new = await blocks.add_relation(conn, account_id, target_id, kind)
        if new and await blocks.count_relations(conn, account_id, kind) > RELATIONS_MOST:
            raise RelationsFull


async def remove_relation(pool: Pool, account_id: AccountId, target_id: AccountId, kind: RelationKind) -> None:
    """Ends a block or mute; a second time changes nothing. Raises AccountNotFound, OwnAccount."""
    async with transaction(pool) as conn:
        if account_id == target_id:
            raise OwnAccount
        # The relation to an account that has been erased since ends too.
        if not await blocks.remove_relation(conn, account_id, target_id, kind):
            await store.get_account(conn, target_id)
