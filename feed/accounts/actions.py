"""Changes of the own profile and settings, and blocking and muting other accounts."""

import msgspec
from msgspec import UNSET, UnsetType

from feed.accounts import blocks, settings, store
from feed.accounts.blocks import RelationKind
from feed.accounts.model import (
    BIO,
    NAME,
    RELATIONS_MOST,
    AccountId,
    Bio,
    Name,
    OwnAccount,
    RelationsFull,
)
from feed.accounts.settings import OPTIONAL_NOTIFICATIONS, OptionalNotification
from feed.postgres import Pool, transaction
from feed.texts import require_texts


class ProfileChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the own profile: an absent field stays, a bio of null is removed."""

    name: Name | UnsetType = UNSET
    bio: Bio | UnsetType | None = UNSET


async def change_profile(pool: Pool, account_id: AccountId, change: ProfileChange) -> None:
    """Changes the account's own name or bio. Raises Invalid, Banned, Muted."""
    given = {} if change.name is UNSET else {"name": (change.name, NAME)}
    if change.bio is not UNSET:
        given["bio"] = ((change.bio or "").strip(), BIO)
    texts = require_texts(given)
    async with transaction(pool) as conn:
        (await store.get_standing(conn, account_id)).require_write_access()
        account = await store.get_account(conn, account_id)
        await store.change_profile(
            conn,
            account_id,
            name=texts.get("name", account.name),
            bio=texts.get("bio", account.bio),
        )


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
