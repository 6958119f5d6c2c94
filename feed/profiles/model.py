"""Profiles: what may be changed, which names are given, and how a change is reviewed."""

from typing import Annotated, Literal, NewType

import msgspec
from msgspec import UNSET, UnsetType

from feed.accounts.model import NAME, Bio, Name
from feed.cases.holds import State
from feed.errors import Conflict, NotFound
from feed.ids import GivenId
from feed.names.protected import ProtectedNames
from feed.texts import line

ProfileField = Literal["name", "bio", "avatar"]
Scope = Literal["contained", "whole", "free"]
# How a change is reviewed: shown at once and looked at afterwards, or shown once it is approved.
ProfileReview = Literal["publish_first", "held"]
ReservedNameId = NewType("ReservedNameId", int)

BADGE = line(10, shown_as="name")
Badge = Annotated[str, BADGE.bound]
# Of names that an admin protects.
RESERVED_MOST = 1_000
ReservedName = Annotated[str, NAME.bound]


class ReservedNameNotFound(NotFound):
    """No such name on the list."""


class ReservedNamesFull(Conflict):
    """The list has the largest possible number of names."""


class ProfileChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the own profile: an absent field stays, a bio or a picture of null is removed."""

    name: Name | UnsetType = UNSET
    bio: Bio | UnsetType | None = UNSET
    avatar_media_id: GivenId | UnsetType | None = UNSET


class NamePolicy(msgspec.Struct, frozen=True):
    """How this installation gives names."""

    protected: ProtectedNames
    unique: bool = False
    review: ProfileReview = "publish_first"
    # How long a name that was given up is kept from others, while names are unique.
    reserved_days: int = 180


class NameStatus(msgspec.Struct, frozen=True):
    """What stands against giving a name to an account."""

    is_protected: bool
    is_of_staff: bool
    is_taken: bool

    def problem_for(self, *, has_badge: bool) -> str | None:
        """The error code of the field; None for a free name. The official badge allows the paper's names, not those of others."""
        if self.is_of_staff or (self.is_protected and not has_badge):
            return "name_reserved"
        return "name_taken" if self.is_taken else None


class Change(msgspec.Struct, frozen=True):
    """A row of `profile_changes`."""

    id: int
    account_id: int
    case_id: int
    field: ProfileField
    former: str | None
    value: str
    former_key: bytes | None
    value_key: bytes | None
    is_protected: bool
    is_unique: bool
    state: State
