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


class NewPost(msgspec.Struct, frozen=True):
    """What a user publishes."""

    text: str = ""
    media_ids: list[str] = []
    location: Location | None = None
    ai_generated: bool = False
    comment_policy: str = "everyone"


class PostChange(msgspec.Struct, frozen=True):
    """What an author changes; what is left out stays."""

    text: str | None = None
    media_ids: list[str] | None = None
    comment_policy: str | None = None


def content_sha256(text: str, media_ids: list[int]) -> bytes:
    """What an approval is bound to: the hash of a revision's canonical content (RFC 8785)."""
    content: dict[str, Any] = {"text": text, "media_ids": [str(media_id) for media_id in media_ids]}
    return hashlib.sha256(rfc8785.dumps(content)).digest()


def new_post_problems(new: NewPost, text: str) -> list[FieldError]:
    """Why this cannot be published; `text` is the cleaned text of it."""
    problems = _content_problems(text, new.media_ids, new.comment_policy)
    if new.location is not None:
        problems.extend(_location_problems(new.location))
    return problems


def change_problems(change: PostChange, text: str) -> list[FieldError]:
    """Why a post cannot be changed so; `text` is the cleaned text that it would have."""
    return _content_problems(text, change.media_ids or [], change.comment_policy)


def _content_problems(text: str, media_ids: list[str], comment_policy: str | None) -> list[FieldError]:
    problems: list[FieldError] = []
    if problem := text_problem(text, shortest=0 if media_ids else 1, longest=TEXT_LONGEST):
        problems.append(FieldError("text", problem, {"longest": TEXT_LONGEST}))
    # There are no uploads yet, so no id of a medium exists.
    problems.extend(FieldError(f"media_ids[{i}]", "not_found") for i in range(len(media_ids)))
    if comment_policy is not None and comment_policy not in get_args(CommentPolicy):
        problems.append(FieldError("comment_policy", "unknown_value", {"allowed": list(get_args(CommentPolicy))}))
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
