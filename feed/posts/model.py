"""Posts, their limits, validation and errors."""

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
    """Only the author may edit or delete a post."""


class PostNotPublished(Conflict):
    """The author's own post is not published: it cannot be liked or commented on."""


class PostNotEditable(Conflict):
    """Removed and rejected posts cannot be edited."""


class Location(msgspec.Struct, frozen=True, omit_defaults=True):
    """The place of a post, as given by its author."""

    name: str
    lat: float | None = None
    lng: float | None = None


class TopicAt(msgspec.Struct, frozen=True):
    """The position of a topic in a text, in code points, with its marks."""

    id: int
    name: str
    start: int
    length: int


class Post(msgspec.Struct, frozen=True):
    """A row of `posts`, without the text."""

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
    """The members of a new post."""

    text: str = ""
    media_ids: list[str] = []
    location: Location | None = None
    ai_generated: bool = False
    comment_policy: str = "everyone"


class PostChange(msgspec.Struct, frozen=True):
    """Changes of a post; absent members stay."""

    text: str | None = None
    media_ids: list[str] | None = None
    comment_policy: str | None = None


def content_sha256(text: str, media_ids: list[int]) -> bytes:
    """SHA-256 of a revision's content as canonical JSON (RFC 8785). An approval is bound to it."""
    content: dict[str, Any] = {"text": text, "media_ids": [str(media_id) for media_id in media_ids]}
    return hashlib.sha256(rfc8785.dumps(content)).digest()


def new_post_problems(new: NewPost, text: str) -> list[FieldError]:
    """All problems of a new post; `text` is its cleaned text. Empty if it is valid."""
    problems = _content_problems(text, new.media_ids, new.comment_policy)
    if new.location is not None:
        problems.extend(_location_problems(new.location))
    return problems


def change_problems(change: PostChange, text: str) -> list[FieldError]:
    """All problems of a change; `text` is the cleaned text after it. Empty if it is valid."""
    return _content_problems(text, change.media_ids or [], change.comment_policy)


def _content_problems(text: str, media_ids: list[str], comment_policy: str | None) -> list[FieldError]:
    problems: list[FieldError] = []
    if problem := text_problem(text, shortest=0 if media_ids else 1, longest=TEXT_LONGEST):
        problems.append(FieldError("text", problem, {"longest": TEXT_LONGEST}))
    # Uploads are not implemented, so no media id exists.
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
