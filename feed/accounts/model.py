"""Accounts: who one is, which rights one has been given, and what one has been forbidden."""

import unicodedata
from datetime import datetime
from typing import Literal, NewType, get_args

import msgspec
from msgspec import UNSET, UnsetType

from feed.errors import Conflict, FieldError, Forbidden, NotFound
from feed.texts import text_problem

AccountId = NewType("AccountId", int)
Role = Literal["reviewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME_LONGEST = 20
BIO_LONGEST = 200
RELATIONS_MOST = 1_000


class AccountNotFound(NotFound):
    """No such person, or one who has been erased."""


class OwnAccount(Conflict):
    """Nobody blocks or mutes himself."""


class RelationsFull(Conflict):
    """More people are blocked or muted than anybody can remember."""


class RoleMissing(Forbidden):
    """The operation is for staff with another role."""


class LastAdmin(Conflict):
    """Without an admin nobody could make another one."""


class Banned(Forbidden):
    """The account is banned: it may read, and nothing else."""


class Muted(Forbidden):
    """The account may not post or comment for a while."""


def profile_problems(*, name: str | UnsetType, bio: str | UnsetType) -> list[FieldError]:
    """Everything that keeps these from being a name and a bio."""
    problems: list[FieldError] = []
    if name is not UNSET:
        problem = text_problem(name, shortest=1, longest=NAME_LONGEST)
        # A name of joiners and blanks would be nobody's to see.
        if problem is None and not any(unicodedata.category(letter)[0] in "LNPS" for letter in name):
            problem = "invisible"
        if problem:
            problems.append(FieldError("name", problem, {"longest": NAME_LONGEST}))
    if bio is not UNSET and (problem := text_problem(bio, shortest=0, longest=BIO_LONGEST)):
        problems.append(FieldError("bio", problem, {"longest": BIO_LONGEST}))
    return problems


class Viewer(msgspec.Struct, frozen=True, gc=False):
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


class KnownAccount(msgspec.Struct, frozen=True):
    """An account that has been here before: whose person it is, how old, and whether it holds rights that an app's token gave.

    `person` is the same for all accounts of a person; for an account without a verified phone it is the account's own.
    """

    id: AccountId
    person: bytes
    has_claimed_roles: bool
    age_seconds: float


class Standing(msgspec.Struct, frozen=True):
    """What an account is forbidden at this moment, by a sanction on any account of the person."""

    banned: bool = False
    muted: bool = False

    @property
    def write_error(self) -> Forbidden | None:
        """What keeps the account from posting and commenting: Banned, Muted, or nothing."""
        if self.banned:
            return Banned()
        return Muted() if self.muted else None

    def require_write_access(self) -> None:
        """Raises Banned or Muted when the account may not post or comment."""
        if self.write_error is not None:
            raise self.write_error


UNRESTRICTED = Standing()
