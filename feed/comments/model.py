"""Comments: two levels, and a placeholder for a removed comment that has replies."""

from datetime import datetime
from typing import Annotated, NewType

import msgspec

from feed.accounts.model import AccountId
from feed.cases.holds import State, is_visible, shown_state
from feed.errors import Conflict, Forbidden, NotFound
from feed.posts.model import PostId
from feed.texts import prose

CommentId = NewType("CommentId", int)
TEXT = prose(500, shown_as="comment")
FEATURED_MOST = 3
CommentText = Annotated[str, TEXT.bound]


class CommentNotFound(NotFound):
    """No such comment, or none that the viewer may see."""


class NotYourComment(Forbidden):
    """Only its author may delete it."""


class CommentsClosed(Conflict):
    """The post's author has closed its comments."""


class CommentsLimited(Forbidden):
    """Strangers can neither comment on what this author has written nor reply to it now."""


class CommentNotEditable(Conflict):
    """Removed and rejected comments cannot be edited."""


class CommentNotFeaturable(Conflict):
    """Only a comment that others see, and no reply, is put first."""


class FeaturedFull(Conflict):
    """Three comments of the post are put first already."""


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
    revision: int
    latest_revision: int

    @property
    def shown_state(self) -> State:
        """The state that its author and staff are shown."""
        return shown_state(self)

    @property
    def is_visible(self) -> bool:
        """Whether others see it, if they see its post."""
        return is_visible(self)
