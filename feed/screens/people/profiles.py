"""What a person looks like on the wire."""

from datetime import datetime

import msgspec

from feed.accounts import blocks, settings
from feed.accounts.blocks import RelationKind
from feed.accounts.model import Account, AccountNotFound, Role
from feed.accounts.phone import phone_of
from feed.accounts.store import get_account, list_roles
from feed.keys.store import Keys
from feed.pagination import Position
from feed.phones import mask_phone
from feed.postgres import Connection
from feed.screens.people.inbox import count_unread
from feed.screens.posts.cards import AuthorCard


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


class RelationCard(msgspec.Struct, frozen=True):
    """Somebody who is blocked or muted, and since when."""

    user: AuthorCard
    kind: RelationKind
    since: datetime


class NotificationSettings(msgspec.Struct, frozen=True):
    """Which events the inbox tells of; reviews and prizes it always does."""

    likes: bool
    comments: bool
    replies: bool


class SettingsCard(msgspec.Struct, frozen=True):
    """What somebody has set for himself."""

    notify: NotificationSettings


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


async def get_user(conn: Connection, account_id: int, viewer_id: int | None = None) -> UserCard:
    """A person's profile; whoever blocks somebody still finds the way back to him. Raises AccountNotFound."""
    account = await get_account(conn, account_id)
    if viewer_id is not None and "block" in await blocks.list_kinds(conn, account_id, viewer_id):
        raise AccountNotFound
    return user_card(account)


async def list_blocks(conn: Connection, account_id: int, after: Position, limit: int) -> list[RelationCard]:
    """Whom the account has blocked or muted, the latest first."""
    rows = await conn.fetch(
        """
        SELECT relations.target_id, accounts.name, accounts.avatar_url, accounts.badge, relations.kind, relations.since
        FROM relations JOIN accounts ON accounts.id = relations.target_id
        WHERE relations.account_id = $1 AND (relations.since, relations.target_id) < ($2, $3)
        ORDER BY relations.since DESC, relations.target_id DESC
        LIMIT $4
        """,
        account_id,
        after.at,
        after.id,
        limit,
    )
    return [
        RelationCard(
            AuthorCard(str(row["target_id"]), row["name"], row["avatar_url"], row["badge"]), row["kind"], row["since"]
        )
        for row in rows
    ]


async def get_settings(conn: Connection, account_id: int) -> SettingsCard:
    """What the account wants to be told of."""
    quiet = await settings.get_disabled_notifications(conn, account_id)
    return SettingsCard(NotificationSettings("like" not in quiet, "comment" not in quiet, "reply" not in quiet))


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
