"""Posts, their limits, validation and errors."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NewType

import msgspec
import rfc8785

from feed.accounts.model import AccountId
from feed.cases.holds import State, is_visible, shown_state
from feed.errors import Conflict, FieldError, Forbidden, NotFound
from feed.ids import GivenId, parse_id
from feed.media.model import IMAGES_MOST
from feed.texts import field_errors, line, prose, text_problems

PostId = NewType("PostId", int)
CommentPolicy = Literal["everyone", "nobody"]

# A post with media needs no text.
TEXT = prose(2000, shown_as="post")
PLACE = line(40, shown_as="place")
TOPICS_MOST = 10

PostText = Annotated[str, TEXT.bound]
PlaceName = Annotated[str, PLACE.bound]


# More than a post may have, so that the message about them can be specific.
MediaIds = Annotated[list[GivenId], msgspec.Meta(max_length=20)]


class PostNotFound(NotFound):
    """No such post, or none that the viewer may see."""


class NotYourPost(Forbidden):
    """Only the author may edit or delete a post."""


class PostNotPublished(Conflict):
    """The author's own post is not published: it cannot be liked or commented on."""


class PostNotEditable(Conflict):
    """Removed and rejected posts cannot be edited."""


class PostAnnouncesDraw(Conflict):
    """Comments under the post or likes of it enter a draw whose list is not frozen yet: it stays as it is."""


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The place of a post, as given by its author."""

    name: PlaceName
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


class TopicAt(msgspec.Struct, frozen=True):
    """The position of a topic in a text, in code points, with its marks."""

    id: int
    name: str
    start: int
    length: int


class Content(msgspec.Struct, frozen=True):
    """What a revision says and shows: media in the order of their author."""

    text: str
    media_ids: list[int]


class Post(msgspec.Struct, frozen=True):
    """A row of `posts`, without the text."""

    id: PostId
    author_id: AccountId
    state: State
    holds: int
    revision: int
    latest_revision: int
    comment_policy: CommentPolicy
    created_at: datetime
    published_at: datetime | None
    edited_at: datetime | None

    @property
    def is_visible(self) -> bool:
        """Whether others see it."""
        return is_visible(self)

    @property
    def shown_state(self) -> State:
        """The state that its author and staff are shown."""
        return shown_state(self)


# Who says that a post was made by AI: its author, a reviewer, or what its media say of themselves.
AiLabelSource = Literal["declared", "reviewer", "metadata"]


class AiLabelKept(Conflict):
    """A reviewer or the media's own metadata say that AI has made it: its author cannot take the label away."""


class NewPost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The members of a new post."""

    text: PostText = ""
    media_ids: MediaIds = []
    location: Location | None = None
    ai_generated: bool = False
    comment_policy: CommentPolicy = "everyone"


class PostChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of a post; absent members stay."""

    text: PostText | None = None
    media_ids: MediaIds | None = None
    comment_policy: CommentPolicy | None = None
    ai_generated: bool | None = None


def content_sha256(text: str, media_ids: list[int]) -> bytes:
    """SHA-256 of a revision's content as canonical JSON (RFC 8785). An approval is bound to it."""
    content: dict[str, Any] = {"text": text, "media_ids": [str(media_id) for media_id in media_ids]}
    return hashlib.sha256(rfc8785.dumps(content)).digest()


def new_post_problems(new: NewPost, text_problem: str | None) -> list[FieldError]:
    """The problems of a new post that need no database; `text_problem` is the one of its text. Empty if there are none."""
    problems = content_problems(text_problem, new.media_ids, has_media=bool(new.media_ids))
    if new.location is not None:
        problems.extend(_location_problems(new.location))
    return problems


def content_problems(text_problem: str | None, media_ids: Sequence[str], *, has_media: bool) -> list[FieldError]:
    """The problems of a text and of ids of media that need no database. A text may be empty beside media (`has_media`)."""
    problems = field_errors("text", None if has_media and text_problem == "required" else text_problem, TEXT)
    if len(media_ids) > IMAGES_MOST:
        problems.append(FieldError("media_ids", "too_many", {"most": IMAGES_MOST}))
    for place, media_id in enumerate(media_ids):
        if parse_id(media_id) is None:
            problems.append(FieldError(f"media_ids[{place}]", "not_found"))
        elif media_id in media_ids[:place]:
            problems.append(FieldError(f"media_ids[{place}]", "repeated"))
    return problems


def read_media_ids(media_ids: Sequence[str]) -> list[int]:
    """The ids as numbers; malformed ones are reported by `content_problems`."""
    return [number for each in media_ids if (number := parse_id(each)) is not None]


def _location_problems(location: Location) -> list[FieldError]:
    problems = text_problems("location.name", location.name, PLACE)
    if (location.lat is None) != (location.lng is None):
        problems.append(FieldError("location.lat" if location.lat is None else "location.lng", "required"))
    return problems
