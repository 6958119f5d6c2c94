"""Posts: what people publish, and what may be wrong with it."""

import hashlib
from datetime import datetime
from typing import Any, Literal, NewType, get_args

import msgspec
import rfc8785

from feed.accounts.model import AccountId
from feed.errors import Conflict, FieldError, Forbidden, NotFound
from feed.texts import text_problem

PostId = NewType("PostId", int)
State = Literal["pending", "published", "rejected", "removed", "deleted"]
CommentPolicy = Literal["everyone", "nobody"]

TEXT_LONGEST = 2000
TOPICS_MOST = 10
PLACE_LONGEST = 40


class PostNotFound(NotFound):
    """No such post, or none that the viewer may see."""


class NotYourPost(Forbidden):
    """Only its author may do that."""


class PostNotPublished(Conflict):
    """The author's own post, but others cannot see it now: it cannot be liked or commented on."""


class PostNotEditable(Conflict):
    """Removed and rejected posts cannot be edited."""


class Location(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a post was made, as its author says."""

    name: str
    lat: float | None = None
    lng: float | None = None


class TopicAt(msgspec.Struct, frozen=True):
    """A topic where it stands in a text; code points, marks included."""

    id: int
    name: str
    start: int
    length: int


class Post(msgspec.Struct, frozen=True):
    """A post's row, without its text."""

    id: PostId
    author_id: AccountId
    state: State
    revision: int
    latest_revision: int
    comment_policy: CommentPolicy
    created_at: datetime
    published_at: datetime | None
    edited_at: datetime | None


def content_sha256(text: str, media_ids: list[int]) -> bytes:
    """What an approval is bound to: the hash of a revision's canonical content (RFC 8785)."""
    content: dict[str, Any] = {"text": text, "media_ids": [str(media_id) for media_id in media_ids]}
    return hashlib.sha256(rfc8785.dumps(content)).digest()


def post_problems(
    *, text: str, media_ids: list[str], location: Location | None, comment_policy: str | None
) -> list[FieldError]:
    """Everything that keeps these values from being a post."""
    problems: list[FieldError] = []
    if problem := text_problem(text, shortest=0 if media_ids else 1, longest=TEXT_LONGEST):
        problems.append(FieldError("text", problem, {"longest": TEXT_LONGEST}))
    # Media come with a later part; until then no id can be anybody's upload.
    problems.extend(FieldError(f"media_ids[{i}]", "not_found") for i in range(len(media_ids)))
    if comment_policy is not None and comment_policy not in get_args(CommentPolicy):
        problems.append(FieldError("comment_policy", "unknown_value", {"allowed": list(get_args(CommentPolicy))}))
    if location is not None:
        problems.extend(_location_problems(location))
    return problems


def _location_problems(location: Location) -> list[FieldError]:
    problems: list[FieldError] = []
    if problem := text_problem(location.name, shortest=1, longest=PLACE_LONGEST):
        problems.append(FieldError("location.name", problem, {"longest": PLACE_LONGEST}))
    if (location.lat is None) != (location.lng is None):
        problems.append(FieldError("location.lat" if location.lat is None else "location.lng", "required"))
    if location.lat is not None and not -90 <= location.lat <= 90:
        problems.append(FieldError("location.lat", "out_of_range", {"least": -90, "most": 90}))
    if location.lng is not None and not -180 <= location.lng <= 180:
        problems.append(FieldError("location.lng", "out_of_range", {"least": -180, "most": 180}))
    return problems
