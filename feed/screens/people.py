"""What a person looks like on the wire."""

from datetime import datetime

import msgspec

from feed.accounts.model import Account, Role
from feed.accounts.phone import phone_of
from feed.accounts.store import get_account, list_roles
from feed.keys import Keys
from feed.phones import mask_phone
from feed.postgres import Connection
from feed.screens.inbox import count_unread


class UserCard(msgspec.Struct, frozen=True):
    """A person's public profile."""

    id: str
    name: str
    avatar_url: str | None
    bio: str
    badge: str | None
    post_count: int
    created_at: datetime


class MeCard(UserCard, frozen=True):
    """One's own profile."""

    phone_masked: str | None
    roles: list[Role]
    verified: bool
    unread_count: int


def user_card(account: Account) -> UserCard:
    """The profile that everybody sees."""
    return UserCard(
        id=str(account.id),
        name=account.name,
        avatar_url=account.avatar_url,
        bio=account.bio,
        badge=account.badge,
        post_count=account.post_count,
        created_at=account.created_at,
    )


async def get_user(conn: Connection, account_id: int) -> UserCard:
    """A person's profile. Raises AccountNotFound."""
    return user_card(await get_account(conn, account_id))


async def get_me(conn: Connection, keys: Keys, account_id: int) -> MeCard:
    """One's own profile, with the phone as one recognises it. Raises AccountNotFound."""
    account = await get_account(conn, account_id)
    phone = phone_of(account, keys)
    return MeCard(
        **msgspec.structs.asdict(user_card(account)),
        phone_masked=None if phone is None else mask_phone(phone),
        roles=await list_roles(conn, account_id),
        verified=account.person is not None,
        unread_count=await count_unread(conn, account_id),
    )
