"""Comments: two levels, and a placeholder for a removed comment that has replies."""

from datetime import datetime
from typing import Annotated, NewType

import msgspec

from feed.accounts.model import AccountId
from feed.cases.holds import State, is_visible
from feed.errors import Conflict, Forbidden, NotFound
from feed.posts.model import PostId
from feed.texts import prose

CommentId = NewType("CommentId", int)
TEXT = prose(500, shown_as="comment")
CommentText = Annotated[str, TEXT.bound]


class CommentNotFound(NotFound):
    """No such comment, or none that the viewer may see."""


class NotYourComment(Forbidden):
    """Only its author may delete it."""


class CommentsClosed(Conflict):
    """The post's author has closed its comments."""


class CommentsLimited(Forbidden):
    """Strangers can neither comment on what this author has written nor reply to it now."""


class CommentIsDeleted(Conflict):
    """The author has deleted the comment; it cannot be restored."""


class Comment(msgspec.Struct, frozen=True):
    """A row of `comments`."""

    id: CommentId
    post_id: PostId
    author_id: AccountId
    root_id: CommentId | None
    reply_to_id: CommentId | None
    text: str
    state: State
    holds: int
    like_count: int
    created_at: datetime

    @property
    def is_visible(self) -> bool:
        """Whether others see it, if they see its post."""
        return is_visible(self)
