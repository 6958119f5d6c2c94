"""Accounts: who one is, which rights one has been given, and what one has been forbidden."""

from datetime import datetime
from typing import Literal, NewType, get_args

import msgspec

from feed.errors import Conflict, Forbidden, NotFound

AccountId = NewType("AccountId", int)
Role = Literal["reviewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME_LONGEST = 20


class AccountNotFound(NotFound):
    """No such person, or one who has been erased."""


class RoleMissing(Forbidden):
    """The operation is for staff with another role."""


class LastAdmin(Conflict):
    """Without an admin nobody could make another one."""


class Banned(Forbidden):
    """The account is banned: it may read, and nothing else."""


class Muted(Forbidden):
    """The account may not post or comment for a while."""


class Viewer(msgspec.Struct, frozen=True):
    """Who asks: an account behind a verified token."""

    account_id: AccountId


class Account(msgspec.Struct, frozen=True):
    """An account as the database knows it."""

    id: AccountId
    iss: str
    sub: str
    name: str
    bio: str
    avatar_url: str | None
    badge: str | None
    person: bytes | None
    phone_sealed: bytes | None
    post_count: int
    created_at: datetime
    erased_at: datetime | None


class Standing(msgspec.Struct, frozen=True):
    """What an account is forbidden at this moment."""

    banned: bool = False
    muted: bool = False

    def may_write(self) -> None:
        """Raises Banned or Muted when the account may not post or comment."""
        self.may_engage()
        if self.muted:
            raise Muted

    def may_engage(self) -> None:
        """Raises Banned when the account may not like."""
        if self.banned:
            raise Banned


FREE = Standing()
