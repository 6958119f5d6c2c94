"""Accounts, roles and standing: types, limits and errors."""

from datetime import datetime
from typing import Annotated, Literal, NewType, get_args

import msgspec

from feed.errors import Conflict, Forbidden, NotFound
from feed.texts import line, prose

AccountId = NewType("AccountId", int)
Role = Literal["reviewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME = line(20, shown_as="name")
BIO = prose(200, required=False, shown_as="bio")
RELATIONS_MOST = 1_000

Name = Annotated[str, NAME.bound]
Bio = Annotated[str, BIO.bound]


# How old the owner of an account is, as far as it matters: below 14 a guardian consents, and less is published.
AgeBand = Literal["under_14", "14_17", "adult"]
AGE_BANDS: tuple[AgeBand, ...] = get_args(AgeBand)
# A child's name in public rankings and lists of winners.
CHILD_NAME = "小读者"


class AgeBandByApp(Conflict):
    """The app says how old its user is: the account cannot say otherwise."""


class AccountNotFound(NotFound):
    """No such account, or an erased one."""


class OwnAccount(Conflict):
    """An account cannot block or mute itself."""


class RelationsFull(Conflict):
    """The account has the largest possible number of blocks or mutes."""


class RoleMissing(Forbidden):
    """The operation is for staff with another role."""


class SecondPersonRequired(Conflict):
    """The action needs a second person, and this is the first one again."""


class LastAdmin(Conflict):
    """The last admin cannot lose the role: no account could grant it again."""


class Banned(Forbidden):
    """The account is banned: it may only read."""


class AccountLeaving(Forbidden):
    """The account is to be erased on its owner's request: it may only read, until that is taken back."""


class StaffCannotLeave(Conflict):
    """An account with a role cannot be deleted by its owner: an admin has to take the role back first."""


class PhoneNotVerified(Forbidden):
    """The account has no verified phone, which posting, commenting and reporting require."""


class Muted(Forbidden):
    """The account is muted: it may not post or comment."""


class Viewer(msgspec.Struct, frozen=True, gc=False):
    """The account behind a verified token, and the sign-in that the token belongs to, if it is one of our own."""

    account_id: AccountId
    session: int | None = None


class Account(msgspec.Struct, frozen=True):
    """A row of `accounts`."""

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
    leaving_at: datetime | None
    is_taken_down: bool = False
    # Of the picture whose path is `avatar_url`.
    avatar_address: str | None = None


class KnownAccount(msgspec.Struct, frozen=True):
    """An existing account: its person, its age, and whether it has roles from a token of the app.

    `person` is the same for all accounts of a person; for an account without a verified phone it is the account's own.
    """

    id: AccountId
    person: bytes
    has_claimed_roles: bool
    age_seconds: float
    verified: bool
    age_band: AgeBand | None


class Standing(msgspec.Struct, frozen=True):
    """Whether the account is banned or muted now, by a sanction on any account of the person.

    `taken_down`: by a takedown of the person, which hides what the account writes and forbids nothing.
    """

    banned: bool = False
    muted: bool = False
    leaving: bool = False
    taken_down: bool = False

    @property
    def write_error(self) -> Forbidden | None:
        """The error that posting or commenting raises: Banned, AccountLeaving, Muted, or None."""
        return self.act_error or (Muted() if self.muted else None)

    @property
    def act_error(self) -> Forbidden | None:
        """The error that any act raises, likes too: Banned, AccountLeaving, or None."""
        if self.banned:
            return Banned()
        return AccountLeaving() if self.leaving else None

    def require_write_access(self) -> None:
        """Raises Banned, AccountLeaving or Muted if the account may not post or comment."""
        if self.write_error is not None:
            raise self.write_error


UNRESTRICTED = Standing()
