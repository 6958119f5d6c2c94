"""What people do about themselves and each other: one transaction each."""

import msgspec
from msgspec import UNSET, UnsetType

from feed.accounts import blocks, settings, store
from feed.accounts.blocks import RelationKind
from feed.accounts.model import (
    RELATIONS_MOST,
    AccountId,
    OwnAccount,
    RelationsFull,
    profile_problems,
)
from feed.accounts.settings import OPTIONAL_NOTIFICATIONS, OptionalNotification
from feed.errors import Invalid
from feed.postgres import Pool, transaction
from feed.texts import clean_text


class ProfileChange(msgspec.Struct, frozen=True):
    """What somebody says of himself; what is left out stays, a bio of null is none."""

    name: str | UnsetType = UNSET
    bio: str | UnsetType | None = UNSET


async def change_profile(pool: Pool, account_id: AccountId, change: ProfileChange) -> None:
    """Gives oneself another name or bio. Raises Invalid, Banned, Muted."""
    name = UNSET if change.name is UNSET else clean_text(change.name).strip()
    bio = UNSET if change.bio is UNSET else clean_text(change.bio or "").strip()
    if problems := profile_problems(name=name, bio=bio):
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        (await store.get_standing(conn, account_id)).require_write_access()
        account = await store.get_account(conn, account_id)
        await store.change_profile(
            conn,
            account_id,
            name=account.name if name is UNSET else name,
            bio=account.bio if bio is UNSET else bio,
        )


async def change_notification_settings(
    pool: Pool, account_id: AccountId, wanted: dict[OptionalNotification, bool]
) -> None:
    """Says for some kinds of event whether one wants to be told; the others stay as they were."""
    async with transaction(pool) as conn:
        quiet = await settings.get_disabled_notifications(conn, account_id)
        quiet = {kind for kind in OPTIONAL_NOTIFICATIONS if not wanted.get(kind, kind not in quiet)}
        await settings.change_disabled_notifications(conn, account_id, sorted(quiet))


async def add_relation(pool: Pool, account_id: AccountId, target_id: AccountId, kind: RelationKind) -> None:
    """Blocks or mutes somebody; a second time changes nothing. Raises AccountNotFound, OwnAccount, RelationsFull."""
    async with transaction(pool) as conn:
        if account_id == target_id:
            raise OwnAccount
        await store.get_account(conn, target_id)
        new = await blocks.add_relation(conn, account_id, target_id, kind)
        if new and await blocks.count_relations(conn, account_id, kind) > RELATIONS_MOST:
            raise RelationsFull


async def remove_relation(pool: Pool, account_id: AccountId, target_id: AccountId, kind: RelationKind) -> None:
    """Takes it back; a second time changes nothing. Raises AccountNotFound, OwnAccount."""
    async with transaction(pool) as conn:
        if account_id == target_id:
            raise OwnAccount
        await store.get_account(conn, target_id)
        await blocks.remove_relation(conn, account_id, target_id, kind)
