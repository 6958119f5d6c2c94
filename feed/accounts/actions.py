"""Changes of the own settings, blocking and muting other accounts, and protection against strangers."""

from datetime import datetime

from feed.accounts import blocks, protection, settings, store
from feed.accounts.blocks import RelationKind
from feed.accounts.model import (
    RELATIONS_MOST,
    AccountId,
    AgeBand,
    AgeBandByApp,
    OwnAccount,
    RelationsFull,
)
from feed.accounts.settings import OPTIONAL_NOTIFICATIONS, OptionalNotification
from feed.errors import FieldError, Invalid
from feed.postgres import Pool, transaction


async def change_notification_settings(
    pool: Pool, account_id: AccountId, enabled: dict[OptionalNotification, bool]
) -> None:
    """Turns some kinds of notification on or off; the others stay as they were."""
    async with transaction(pool) as conn:
        disabled = await settings.get_disabled_notifications(conn, account_id)
        disabled = {kind for kind in OPTIONAL_NOTIFICATIONS if not enabled.get(kind, kind not in disabled)}
        await settings.change_disabled_notifications(conn, account_id, sorted(disabled))


async def change_age_band(pool: Pool, account_id: AccountId, band: AgeBand) -> None:
    """Records how old the account's owner is. Raises AgeBandByApp if the app says something else."""
    async with transaction(pool) as conn:
        if await settings.change_age_band(conn, account_id, band, by_app=False):
            return
        if await settings.get_age_band(conn, account_id) != band:
            raise AgeBandByApp


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


async def protect(pool: Pool, account_id: AccountId, until: datetime | None) -> datetime:
    """Keeps strangers from commenting on what the person has written and replying to it; returns until when. Raises Invalid."""
    async with transaction(pool) as conn:
        protected = await protection.protect_person(conn, account_id, until)
    if protected is None:
        raise Invalid(FieldError("until", "out_of_days", {"most": protection.DAYS_MOST}))
    return protected


async def end_protection(pool: Pool, account_id: AccountId) -> None:
    """Ends the person's protection; a second time changes nothing."""
    async with transaction(pool) as conn:
        await protection.end_protection(conn, account_id)
