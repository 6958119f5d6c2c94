"""Profiles, blocked and muted accounts, and settings on the wire."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.accounts import blocks, departure_store, protection, settings
from feed.accounts.blocks import RelationKind
from feed.accounts.model import Account, AccountNotFound, AgeBand, Role
from feed.accounts.phone import phone_of
from feed.accounts.store import get_account, list_rights, list_roles
from feed.keys.store import Keys
from feed.pagination import Position
from feed.phones import mask_phone
from feed.postgres import Connection, many
from feed.profiles.model import ProfileField
from feed.screens.people.inbox import MAX_UNREAD, count_unread
from feed.screens.posts.cards import AuthorCard


class UserCard(msgspec.Struct, frozen=True):
    """An account's public profile."""

    id: str
    name: str
    avatar_url: str | None
    bio: str
    badge: str | None
    post_count: int
    created_at: datetime
    ip_region: str | None


class PendingChange(msgspec.Struct, frozen=True):
    """A change of the own profile that others see once it is approved. `expected_at`: when a reviewer is due to have decided it."""

    kind: ProfileField
    value: str
    expected_at: datetime


class MeCard(UserCard, frozen=True):
    """The profile as its owner sees it; `erased_at` if its deletion is requested."""

    phone_masked: str | None
    roles: list[Role]
    verified: bool
    unread_count: int
    erased_at: datetime | None
    pending: list[PendingChange]


class MeBrief(msgspec.Struct, frozen=True):
    """What every page of the site shows of its user; the members are those of MeCard."""

    id: str
    name: str
    roles: tuple[Role, ...]
    unread_count: int


class RelationCard(msgspec.Struct, frozen=True):
    """A blocked or muted account, and since when."""

    user: AuthorCard
    kind: RelationKind
    since: datetime


class NotificationSettings(msgspec.Struct, frozen=True):
    """Which events create notifications; reviews and prizes always do."""

    likes: bool
    comments: bool
    replies: bool


class SettingsCard(msgspec.Struct, frozen=True):
    """An account's own settings. `protected_until`: strangers neither comment nor reply until then."""

    notify: NotificationSettings
    protected_until: datetime | None
    age_band: AgeBand | None


def user_card(account: Account, ip_region: str | None) -> UserCard:
    """The public profile."""
    return UserCard(
        id=str(account.id),
        name=account.name,
        avatar_url=account.avatar_address,
        bio=account.bio,
        badge=account.badge,
        post_count=account.post_count,
        created_at=account.created_at,
        ip_region=ip_region,
    )


async def get_user(conn: Connection, account_id: int, viewer_id: int | None = None) -> UserCard:
    """An account's profile. Raises AccountNotFound as `get_visible_account` does."""
    account = await get_visible_account(conn, account_id, viewer_id)
    return user_card(account, await find_region(conn, account_id))


async def get_visible_account(conn: Connection, account_id: int, viewer_id: int | None = None) -> Account:
    """The account whose profile is shown. Raises AccountNotFound, also where it is taken down or has blocked the viewer, except for staff and jurors.

    An account that the viewer has blocked is found, so that the block can be undone.
    """
    account = await get_account(conn, account_id)
    if account.leaving_at is not None and viewer_id != account_id:
        raise AccountNotFound
    if viewer_id is not None and await blocks.is_hidden_by_block(conn, viewer_id, account_id):
        raise AccountNotFound
    if account.is_taken_down and viewer_id != account_id and not await list_rights(conn, viewer_id or 0):
        raise AccountNotFound
    return account


async def find_region(conn: Connection, account_id: int) -> str | None:
    """The region of what the account has published last: its latest post, or its comment under the latest post that it commented on.

    None if that is unknown, and for a child.
    """
    region: str | None = await conn.fetchval(
        """
        SELECT latest.ip_region
        FROM (
            (SELECT ip_region, created_at FROM visible_posts WHERE author_id = $1 ORDER BY id DESC LIMIT 1)
            UNION ALL
            (SELECT ip_region, created_at FROM visible_comments WHERE author_id = $1 ORDER BY post_id DESC LIMIT 1)
        ) AS latest
        JOIN accounts ON accounts.id = $1 AND accounts.age_band IS DISTINCT FROM 'under_14'
        ORDER BY latest.created_at DESC
        LIMIT 1
        """,
        account_id,
    )
    return region


async def list_blocks(conn: Connection, account_id: int, after: Position, limit: int) -> list[RelationCard]:
    """The accounts that this one has blocked or muted, newest first."""
    rows = await conn.fetch(
        """
        SELECT relations.target_id, accounts.name, avatar_address(accounts.avatar_url) AS avatar_url, accounts.badge, relations.kind, relations.since
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
    """The account's settings."""
    quiet = await settings.get_disabled_notifications(conn, account_id)
    return SettingsCard(
        NotificationSettings("like" not in quiet, "comment" not in quiet, "reply" not in quiet),
        await protection.find_protection(conn, account_id),
        await settings.get_age_band(conn, account_id),
    )


async def get_me(conn: Connection, keys: Keys, account_id: int) -> MeCard:
    """The account's own profile, with its phone masked. Raises AccountNotFound.

    Of an account that leaves, the profile that it will have if that is taken back.
    """
    account = await get_account(conn, account_id)
    phone = phone_of(account, keys)
    departure = None if account.leaving_at is None else await departure_store.find_profile(conn, account_id)
    if departure is not None:
        account = msgspec.structs.replace(account, **msgspec.structs.asdict(departure))
    return MeCard(
        **msgspec.structs.asdict(user_card(account, await find_region(conn, account_id))),
        phone_masked=None if phone is None else mask_phone(phone),
        roles=await list_roles(conn, account_id),
        verified=account.person is not None,
        unread_count=await count_unread(conn, account_id),
        erased_at=None if departure is None else await departure_store.find_erase_at(conn, account_id),
        pending=await list_pending(conn, account_id),
    )


async def list_briefs(conn: Connection, account_ids: Sequence[int]) -> list[MeBrief | None]:
    """What pages show of these users, in one statement; None for an account that is unknown or erased."""
    rows = await conn.fetch(
        """
        SELECT accounts.id::text AS id, coalesce(departures.name, accounts.name) AS name,
               ARRAY(
                   SELECT role FROM staff_rights
                   WHERE staff_rights.account_id = accounts.id AND revoked_at IS NULL ORDER BY role
               ) AS roles,
               (
                   SELECT count(*) FROM (
                       SELECT FROM shown_inbox
                       WHERE shown_inbox.account_id = accounts.id AND read_at IS NULL ORDER BY shown_inbox.id DESC LIMIT $2
                   ) AS unread
               ) AS unread_count
        FROM accounts
        LEFT JOIN departures
            ON departures.account_id = accounts.id AND accounts.leaving_at IS NOT NULL AND departures.step <> 'returning'
        WHERE accounts.id = ANY ($1::bigint[]) AND accounts.erased_at IS NULL
        """,
        account_ids,
        MAX_UNREAD,
    )
    found = {each.id: each for each in many(rows, MeBrief)}
    return [found.get(str(account_id)) for account_id in account_ids]


async def list_pending(conn: Connection, account_id: int) -> list[PendingChange]:
    """The changes of the account's profile that wait for a review."""
    rows = await conn.fetch(
        """
        SELECT changes.field AS kind, changes.value, cases.due_at AS expected_at
        FROM profile_changes AS changes JOIN cases ON cases.id = changes.case_id AND cases.state = 'open'
        WHERE changes.account_id = $1 AND changes.state = 'pending'
        ORDER BY changes.id
        """,
        account_id,
    )
    return many(rows, PendingChange)
