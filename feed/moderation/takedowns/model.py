"""Takedowns: what they are of, and their errors."""

import re
from datetime import datetime
from typing import Annotated, Literal, NewType, get_args

import msgspec

from feed.errors import FieldError, Invalid, NotFound
from feed.ids import parse_id
from feed.links import LINK_MOST, Links
from feed.reasons import AdverseReason, ReinstatementReason
from feed.texts import has_controls, opaque

TakedownId = NewType("TakedownId", int)
TargetKind = Literal["post", "comment", "topic", "user", "image_hash"]

# An id, the name of a topic, or a hash.
TargetId = Annotated[str, opaque(128)]
Link = Annotated[str, opaque(LINK_MOST)]
# Before 0.6.0 any hash was recorded; now one of 64 digits takes effect.
_HASH = re.compile(r"[0-9a-f]{16,128}|perceptual:[0-9a-f]{64}|media:[0-9]{1,19}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

LiftReason = Literal[ReinstatementReason, AdverseReason]
_LIFT_REASONS: tuple[ReinstatementReason, ...] = get_args(ReinstatementReason)


class TakedownNotFound(NotFound):
    """There has been no takedown of this target."""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a takedown is of: an item by its id, a topic by its id or name, an image by a hash or by a photo or video that contains it."""

    kind: TargetKind
    id: TargetId

    @property
    def number(self) -> int:
        """The id as a number; 0, which nothing has, for a malformed one."""
        return parse_id(self.id) or 0 if self.id else 0

    @property
    def image(self) -> str:
        """The id as it is stored of an image: a SHA-256, `perceptual:` and such a hash, or `media:` and an id. Raises Invalid."""
        found = self.id.lower().removeprefix("sha256:")
        if _HASH.fullmatch(found) is None:
            raise Invalid(FieldError("target.id", "invalid_value"))
        return found


class Image(msgspec.Struct, frozen=True):
    """What an image is recognized by: the same file, or what it looks like; or both hashes of a photo or video."""

    sha256: bytes | None = None
    perceptual_hash: bytes | None = None
    media_id: int | None = None


def image_of(stored: str) -> Image:
    """The image of a stored target. Raises Invalid for a hash that no photo has."""
    kind, _, value = stored.rpartition(":")
    if kind == "media":
        return Image(media_id=parse_id(value) or 0)
    if kind == "perceptual":
        return Image(perceptual_hash=bytes.fromhex(value))
    if _SHA256.fullmatch(value) is None:
        raise Invalid(FieldError("target.id", "invalid_value"))
    return Image(sha256=bytes.fromhex(value))


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
        if has_controls(target.id):
            raise Invalid(FieldError("target.id", "forbidden_character"))
        return target
    found = links.target(link or "")
    if found is None or found.kind == "campaign":
        raise Invalid(FieldError("link", "not_found"))
    return Target(found.kind, found.id)


def lift_reason(code: LiftReason | None) -> ReinstatementReason:
    """The reason of an undo: `mistaken` without one, and for the code with which the target was taken down."""
    return next((known for known in _LIFT_REASONS if known == code), "mistaken")
