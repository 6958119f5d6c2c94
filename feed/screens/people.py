"""What a person looks like on the wire."""

from datetime import datetime

import msgspec

from feed.accounts.model import Account
from feed.accounts.store import get_account
from feed.postgres import Connection


class UserCard(msgspec.Struct, frozen=True):
    """A person's public profile."""

    id: str
    name: str
    avatar_url: str | None
    bio: str
    badge: str | None
    post_count: int
    created_at: datetime


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
