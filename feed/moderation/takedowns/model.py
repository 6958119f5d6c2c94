"""Takedowns: what they are of, and their errors."""

import re
from datetime import datetime
from typing import Annotated, Literal, NewType, get_args

import msgspec

from feed.errors import FieldError, Invalid, NotFound
from feed.ids import parse_id
from feed.links import LINK_MOST, Links
from feed.reasons import AdverseReason, ReinstatementReason
from feed.texts import opaque

TakedownId = NewType("TakedownId", int)
TargetKind = Literal["post", "comment", "topic", "user", "image_hash"]

# An id, the name of a topic, or a hash.
TargetId = Annotated[str, opaque(128)]
Link = Annotated[str, opaque(LINK_MOST)]
_HASH = re.compile(r"[0-9a-f]{16,128}")

LiftReason = Literal[ReinstatementReason, AdverseReason]
_LIFT_REASONS: tuple[ReinstatementReason, ...] = get_args(ReinstatementReason)


class TakedownNotFound(NotFound):
    """There has been no takedown of this target."""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a takedown is of: an item by its id, a topic by its id or name, an image by its hash."""

    kind: TargetKind
    id: TargetId

    @property
    def number(self) -> int:
        """The id as a number; 0, which nothing has, for a malformed one."""
        return parse_id(self.id) or 0 if self.id else 0

    @property
    def hash(self) -> str:
        """The id as the hash of an image: 16 to 128 hexadecimal digits. Raises Invalid."""
        found = self.id.lower()
        if _HASH.fullmatch(found) is None:
            raise Invalid(FieldError("target.id", "invalid_value"))
        return found


class Takedown(msgspec.Struct, frozen=True):
    """A row of `takedowns`."""

    id: TakedownId
    kind: TargetKind
    target: str
    author_id: int | None
    post_id: int | None
    revision: int | None
    reason_code: str
    actor_id: int
    created_at: datetime
    lifted_at: datetime | None

    @property
    def number(self) -> int:
        """The id of the target; not for images."""
        return int(self.target)


def target_of(target: Target | None, link: str | None, links: Links) -> Target:
    """The target of a request that names it either by kind and id or by a link of this site. Raises Invalid."""
    if (target is None) == (link is None):
        raise Invalid(FieldError("target", "required") if target is None else FieldError("link", "invalid_value"))
    if target is not None:
        return target
    found = links.target(link or "")
    if found is None or found.kind == "campaign":
        raise Invalid(FieldError("link", "not_found"))
    return Target(found.kind, found.id)


def lift_reason(code: LiftReason | None) -> ReinstatementReason:
    """The reason of an undo: `mistaken` without one, and for the code with which the target was taken down."""
    return next((known for known in _LIFT_REASONS if known == code), "mistaken")
